import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mulberry32 } from "../test/support/mulberry32.ts";
import type { BaselineRow, Features } from "../src/model/event.ts";
import { DAY, HOUR } from "../src/model/time.ts";
import { valueOf, type Evaluation } from "../src/monitor/performance-values.ts";
import { insertBaselineRows } from "../src/store/baselines.ts";
import { openStore } from "../src/store/open.ts";
import { countOutcomes, readOutcomeCounts } from "../src/store/outcome-counts.ts";
import { FIRST_DAY } from "./support/drift-store.ts";
import { costOf, median } from "./support/measure.ts";
import { askPeer } from "./support/peers.ts";

const EVALUATION: Evaluation = { grid: { task: "binary", positive: "yes" }, value: null };
const ROWS = 1_000_000;
const HOURS = 168;
const VERSIONS = 3;
const BATCH = 50_000;
const CHUNKS = HOURS * VERSIONS;
const METRICS = ["accuracy", "f1", "roc_auc", "log_loss"] as const;
/** Counts hold the score in bins, so an area is known to so much. */
const TOLERANCE = { accuracy: 1e-12, f1: 1e-12, log_loss: 1e-9, roc_auc: 0.002 };

/** Performance of every hour and version from stored outcomes, beside the same of all rows by grouped NumPy. */
export async function chunks(python: string | null, rounds: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "driftwatch-bench-"));
  const store = await openStore({ kind: "embedded", path: join(directory, "store") });
  try {
    process.stderr.write(`${ROWS} labelled rows in ${CHUNKS} chunks\n`);
    const columns = { chunk: new Float64Array(ROWS), actual: new Float64Array(ROWS), score: new Float64Array(ROWS) };
    for (const rows of labelledRows(columns)) await insertBaselineRows(store, "chunks", rows, () => "0");
    await countOutcomes(store, { model: "bench", baseline: "chunks" }, EVALUATION.grid, HOUR, [], 1);
    const span = { from: FIRST_DAY, to: FIRST_DAY + HOURS * HOUR + DAY };
    const costs: number[] = [];
    const found = new Map<(typeof METRICS)[number], number[]>();
    for (let round = 0; round <= rounds; round++) {
      const { cpu } = await costOf(async () => {
        const steps = await readOutcomeCounts(store, { model: "bench", baseline: "chunks" }, span, HOUR, HOUR);
        for (const metric of METRICS)
          found.set(
            metric,
            steps.flatMap(({ byVersion }) =>
              [...byVersion]
                .sort(([a], [b]) => (a < b ? -1 : 1))
                .map(([, outcomes]) => valueOf(metric, outcomes, EVALUATION)?.value ?? Number.NaN),
            ),
          );
      });
      if (round > 0) costs.push(cpu / 1e6);
    }
    const ours = median(costs);
    console.log(`${METRICS.join(", ")} of ${CHUNKS} chunks, with intervals, from counts: ${ours.toFixed(3)} s of CPU`);
    if (python === null) return;
    for (const [name, values] of Object.entries(columns)) writeFileSync(join(directory, `chunks.${name}.f64`), values);
    writeFileSync(join(directory, "shape.json"), JSON.stringify({ chunks: CHUNKS, rounds: rounds + 1 }));
    const theirs = askPeer(python, "chunks", directory) as { cpu: number[] } & Record<(typeof METRICS)[number], number[]>;
    const numpy = median(theirs.cpu.slice(1));
    for (const metric of METRICS) {
      const worst = Math.max(...theirs[metric].map((value, chunk) => Math.abs(value - (found.get(metric)?.[chunk] ?? Infinity))));
      console.log(`  ${metric}: at most ${worst.toExponential(1)} from NumPy's${worst <= TOLERANCE[metric] ? "" : ": TOO FAR"}`);
    }
    console.log(`without intervals, from rows, by NumPy: ${numpy.toFixed(3)} s; ratio ${(ours / numpy).toFixed(2)} (goal: at most 1)\n`);
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

const NO_FEATURES: Features = { names: [], numbers: [], categoryPlaces: [], categories: [], embeddings: new Map(), unparsable: [] };

/** Batches of rows; what they hold is written into the columns. */
function* labelledRows(columns: Readonly<Record<"chunk" | "actual" | "score", Float64Array>>): Iterable<BaselineRow[]> {
  const random = mulberry32(5);
  for (let start = 0; start < ROWS; start += BATCH)
    yield Array.from({ length: BATCH }, (_, place): BaselineRow => {
      const number = start + place;
      const hour = Math.floor((number * HOURS) / ROWS);
      const isPositive = random() < 0.3;
      const score = 1 / (1 + Math.exp(-3 * (random() + random() + random() - (isPositive ? 1 : 2))));
      columns.chunk[number] = hour * VERSIONS + (number % VERSIONS);
      columns.actual[number] = isPositive ? 1 : 0;
      columns.score[number] = score;
      const event = { id: `r${number}`, model: "bench", time: FIRST_DAY + hour * HOUR + (number % 3600) * 1000 };
      return {
        prediction: {
          ...event,
          type: "prediction",
          version: `v${number % VERSIONS}`,
          features: NO_FEATURES,
          predictedClass: score >= 0.5 ? "yes" : "no",
          predictedNumber: null,
          score,
          scores: new Map(),
          latencyMs: null,
          status: "ok",
          role: "",
          entity: "",
          weight: 1,
          telemetry: new Map(),
        },
        label: { ...event, type: "label", label: isPositive ? "yes" : "no", labelNumber: null, revision: 0 },
      };
    });
}
