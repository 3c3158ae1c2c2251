import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { measureLabels } from "./ingest-labels.ts";
import { measureMemory } from "./ingest-memory.ts";
import { measureSpeed, type Speed } from "./ingest-speed.ts";
import { readCommandLine } from "./support/command-line.ts";
import { growthExponent, median, medianWithInterval } from "./support/measure.ts";

const HELP = `Usage: npm run bench -- ingest [speed] [labels] [memory] [--rounds N]

What ingestion costs, as ratios to what cannot be avoided, measured in the same run. Without a name: all three (about ten minutes).

  speed    CPU of an event from fetched Kafka bytes to queryable rows, at 20 and at 100 features
  labels   growth of the CPU of joining 20,000 labels, from 100,000 to 10 million stored predictions
  memory   growth of the most memory held, from 100,000 to 10 million events

  --rounds N   rounds in turns, 7 unless told; the first, which warms up, not counted
`;

const SIZES = [100_000, 316_000, 1_000_000, 3_160_000, 10_000_000];

const { values, positionals } = readCommandLine(HELP, {
  allowPositionals: true,
  options: { rounds: { type: "string", default: "7" }, child: { type: "string" } },
});
const rounds = Number(values.rounds);
const parts = positionals.length > 0 ? positionals : ["speed", "labels", "memory"];
if (values.child) console.log(await measureMemory(Number(values.child)));
else if (!(rounds >= 1) || parts.some((part) => !["speed", "labels", "memory"].includes(part))) process.stdout.write(HELP);
else {
  if (parts.includes("speed")) await speed();
  if (parts.includes("labels")) for (const grows of ["history", "rate"] as const) await labels(grows);
  if (parts.includes("memory")) memory();
}

function note(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
}

async function speed(): Promise<void> {
  const shapes = [
    { features: 20, mixed: false, events: 67_500 },
    { features: 100, mixed: false, events: 24_000 },
    { features: 20, mixed: true, events: 67_500 },
  ];
  const table = new Table({
    head: ["microseconds of CPU an event", ...shapes.map(({ features, mixed }) => `${features} features${mixed ? ", texts too" : ""}`)],
  });
  const results: Speed[] = [];
  for (const { events, ...shape } of shapes) results.push(await measureSpeed(shape, events, rounds, note));
  note("");
  const row = (name: string, of: (result: Speed) => string): void => void table.push([name, ...results.map(of)]);
  const cost = (values: readonly number[]): string => {
    if (!values.some((value) => value >= 0.05)) return "-";
    const { median, low, high } = medianWithInterval(values);
    return `${median.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
  };
  const floors = ({ cpu }: Speed) => median(cpu.records) + median(cpu.json) + median(cpu.native);
  row("bytes of JSON an event", ({ bytes }) => String(bytes));
  row("bytes stored an event", ({ stored }) => stored.bytes.toFixed(0));
  row("driftwatch, fetched bytes to rows", ({ cpu }) => cost(cpu.ours));
  row("floor: kafkajs decodes the records", ({ cpu }) => cost(cpu.records));
  row("floor: text and JSON.parse", ({ cpu }) => cost(cpu.json));
  row("floor: insert of the same rows, Native", ({ cpu }) => cost(cpu.native));
  row("its own blocks alone", ({ cpu }) => cost(cpu.binary));
  row("the bytes inserted as JSONEachRow, unchecked", ({ cpu }) => cost(cpu.raw));
  row("ratio to the floors (goal: at most 1.35)", (result) => (median(result.cpu.ours) / floors(result)).toFixed(2));
  row("events a CPU second, ratio to JSONEachRow (goal: at least 1)", ({ cpu, shape }) =>
    shape.mixed ? "-" : (median(cpu.raw) / median(cpu.ours)).toFixed(2),
  );
  row("longest turn of the event loop, ms (goal: at most 50)", ({ longestTurn }) => longestTurn.toFixed(0));
  console.log(table.toString());
}

async function labels(grows: "history" | "rate"): Promise<void> {
  const points: { x: number; y: number }[] = [];
  for (const stored of SIZES) {
    note(`labels: ${stored} predictions stored`);
    points.push({ x: stored, y: await measureLabels(stored, grows, Math.min(rounds, 5)) });
  }
  note("");
  print(
    `joining 20,000 labels, microseconds of CPU each; more ${grows === "history" ? "history at the same rate" : "predictions in the same two days"}`,
    points,
    (y) => y.toFixed(2),
    grows === "history" ? "goal: at most 0.2" : "no goal",
  );
}

function memory(): void {
  const points = SIZES.map((events) => {
    note(`memory: ${events} events`);
    const run = spawnSync(process.execPath, [fileURLToPath(import.meta.url), "--child", String(events)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (run.status !== 0) throw new Error(`A run with ${events} events ended with ${run.status ?? run.signal}.`);
    return { x: events, y: Number(run.stdout) };
  });
  note("");
  print("most memory held, MB", points, (y) => (y / 2 ** 20).toFixed(0), "goal: at most 0.02");
}

function print(
  what: string,
  points: readonly { readonly x: number; readonly y: number }[],
  show: (y: number) => string,
  goal: string,
): void {
  const { exponent, rSquared } = growthExponent(points);
  const table = new Table({ head: ["", ...points.map(({ x }) => x.toLocaleString("en"))] });
  table.push([what, ...points.map(({ y }) => show(y))]);
  console.log(table.toString());
  console.log(`growth exponent ${exponent.toFixed(3)} (R² ${rSquared.toFixed(2)}; ${goal})\n`);
}
