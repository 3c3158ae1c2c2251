import { existsSync } from "node:fs";
import { chunks } from "./drift-chunks.ts";
import { growth } from "./drift-growth.ts";
import { runTicks, tick, type TickRun } from "./drift-ticks.ts";
import { readCommandLine } from "./support/command-line.ts";
import type { State } from "./support/drift-columns.ts";
import { evidentlyPython, scipyPython } from "./support/peers.ts";

const HELP = `Usage: npm run bench -- drift [tick] [growth] [chunks] [options]

What measuring drift costs from counts, as ratios to SciPy and Evidently on the same columns in the same run. Without a
name: all three (a quarter of an hour, and 1.5 GB of disk for a while).

  tick     a day of 20 features, a million rows on either side: CPU, memory, and how near the counts come to the rows
  growth   how the CPU of a tick grows with rows, features, versions and the length of the window
  chunks   accuracy, F1, ROC AUC and log loss of 504 chunks, beside NumPy

  --features N      features of the part tick, 20 unless told; one in ten is a text
  --rows N          rows on either side in the part tick, 1000000 unless told
  --rounds N        ticks in each of the two states, 8 unless told
  --python PATH     a Python with numpy and scipy; python3 unless told
  --evidently PATH  a Python that has evidently 0.7.23; or "install", to make one in a temporary directory. Left out unless told
`;

const { values, positionals } = readCommandLine(HELP, {
  allowPositionals: true,
  options: {
    features: { type: "string", default: "20" },
    rows: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "8" },
    python: { type: "string", default: "python3" },
    evidently: { type: "string" },
    child: { type: "string" },
    days: { type: "string", default: "" },
    "warm-up": { type: "string", default: "0" },
  },
});
const PARTS = ["tick", "growth", "chunks"];
const parts = positionals.length > 0 ? positionals : PARTS;
const [features, rows, rounds] = [Number(values.features), Number(values.rows), Number(values.rounds)];
if (values.child !== undefined) {
  const run: TickRun = await runTicks(values.child, values.days.split(",") as State[], Number(values["warm-up"]));
  console.log(JSON.stringify(run));
} else if (parts.some((part) => !PARTS.includes(part)) || !(features >= 1) || !(rows >= 1000) || !(rounds >= 1)) {
  process.stdout.write(HELP);
} else {
  const python = scipyPython(values.python);
  const evidently = evidentlyPython(values.evidently ?? null);
  if (!existsSync("bench/peers/drift.py")) throw new Error("Run it from the root of the repository: npm run bench -- drift");
  if (parts.includes("tick")) await tick({ features, rows, rounds, python, evidently });
  if (parts.includes("growth")) await growth();
  if (parts.includes("chunks")) await chunks(python, rounds);
}
