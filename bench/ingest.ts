import { measureSpeed, oneLine } from "./ingest-speed.ts";
import { median } from "./support/measure.ts";

const events = Number(process.argv[2] ?? 20_000);
const rounds = Number(process.argv[3] ?? 5);
const which = (process.argv[4] ?? "20,100").split(",").map(Number);
for (const features of which) {
  const result = await measureSpeed({ features, mixed: false }, events, rounds, (text) => process.stderr.write(`${text}\r`));
  process.stderr.write("\n");
  const { cpu } = result;
  const floors = median(cpu.records) + median(cpu.json) + median(cpu.native);
  console.log(`${features} features, ${result.bytes} B`);
  for (const [route, values] of Object.entries(cpu)) console.log(`  ${route.padEnd(8)} ${oneLine(values)}`);
  console.log(
    `  ours / floors ${(median(cpu.ours) / floors).toFixed(2)}   raw / ours ${(median(cpu.raw) / median(cpu.ours)).toFixed(2)}  longest turn ${result.longestTurn.toFixed(0)} ms, ${result.stored.bytes.toFixed(0)} B stored`,
  );
}
