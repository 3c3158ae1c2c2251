import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { decode } from "../src/ingest/decode.ts";
import { predictionPrecedence } from "../src/ingest/identity.ts";
import type { Grid } from "../src/model/grid.ts";
import type { SegmentSettings } from "../src/model/segment.ts";
import { HOUR } from "../src/model/time.ts";
import { buildGrid } from "../src/monitor/build-grid.ts";
import { pinSegments } from "../src/monitor/pin-segments.ts";
import { countFeatures, readFeatureCounts } from "../src/store/feature-counts.ts";
import { insertGrid, readCategorySummaries, readNumericSummaries } from "../src/store/grids.ts";
import { createLayouts } from "../src/store/layouts.ts";
import { openStore } from "../src/store/open.ts";
import { createPredictionEncoder, insertPredictions } from "../src/store/predictions.ts";
import type { Store } from "../src/store/store.ts";
import { BENCH_MODEL, BENCH_START, predictionEvents } from "./support/events.ts";
import { costOf, median } from "./support/measure.ts";
import { BENCH_SETTINGS } from "./support/model.ts";

const HELP = `Usage: npm run bench -- segments [--rounds N] [--events N]

What segments cost: CPU of counting a day of events, of reading the counts of all rows together and of one segment, and
rows of counts, with 0, 5 and 50 segments, as ratios to none.

  --rounds N   rounds in turns, 5 unless told; the first, which warms up, not counted
  --events N   events of the day, 50000 unless told; 20 features each, two of them texts
`;

const START = BENCH_START;
const ROWS = { model: BENCH_MODEL, baseline: "" };
const BUCKETS = Array.from({ length: 24 }, (_, hour) => START + hour * HOUR);
const DAY_SPAN = { from: START, to: START + 24 * HOUR };

const by = (top: number, ...features: string[]): SegmentSettings => ({
  kind: "by",
  columns: features.map((feature) => ({ feature, bins: null })),
  top,
});
const above = (value: number): SegmentSettings => ({
  kind: "where",
  name: `above-${value}`,
  predicate: { kind: "number", feature: "feature_0", operator: ">", value },
});
/** How many of each: a column with its missing and its other values counts two more than its top. */
const SHAPES: readonly { readonly segments: number; readonly settings: readonly SegmentSettings[] }[] = [
  { segments: 0, settings: [] },
  { segments: 5, settings: [by(3, "feature_7")] },
  { segments: 50, settings: [by(18, "feature_7"), by(25, "feature_7", "feature_17"), ...[-1, 0, 1, 2].map(above)] },
];

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, events: { type: "string", default: "50000" }, help: { type: "boolean" } },
});
const [rounds, events] = [Number(values.rounds), Number(values.events)];
if (values.help || !(rounds >= 2) || !(events >= 1_000)) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "driftwatch-bench-"));
  const store = await openStore({ kind: "embedded", path: directory });
  try {
    await fill(store);
    const grids: Grid[] = [];
    for (const [index, { settings }] of SHAPES.entries()) grids.push(await gridOf(store, index + 1, settings));
    const costs = SHAPES.map(() => ({ count: [] as number[], whole: [] as number[], segment: [] as number[] }));
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, grid] of grids.entries()) {
        const cost = costs[index];
        const count = await costOf(() => countFeatures(store, ROWS, grid, HOUR, BUCKETS, 10 + round, "binary"));
        const name = grid.segments?.[0]?.segments[0]?.name ?? "";
        const whole = await costOf(async () => void (await readFeatureCounts(store, ROWS, grid, DAY_SPAN, HOUR)));
        const segment = await costOf(async () => void (await readFeatureCounts(store, ROWS, grid, DAY_SPAN, HOUR, name)));
        if (round === 0) continue;
        cost?.count.push(count.cpu);
        cost?.whole.push(whole.cpu);
        cost?.segment.push(segment.cpu);
      }
    }
    await print(store, costs);
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function fill(store: Store): Promise<void> {
  const layouts = createLayouts();
  const encode = createPredictionEncoder(layouts);
  const context = { models: new Map([[BENCH_MODEL, BENCH_SETTINGS]]), now: START, liveClock: false };
  const every = Math.floor((24 * HOUR) / events);
  for (let from = 0; from < events; from += 5_000) {
    const rows = predictionEvents({ features: 20, mixed: true }, from, Math.min(5_000, events - from), every).flatMap((bytes, index) => {
      const origin = { source: "file", topic: "bench", partition: 0, offset: String(from + index) } as const;
      const decoded = decode({ origin, bytes, timestamp: null }, context);
      if (!decoded.ok || decoded.event.type !== "prediction") throw new Error("An event of the benchmark was refused.");
      return [{ prediction: decoded.event, precedence: predictionPrecedence(decoded.event) }];
    });
    await insertPredictions(store, encode(rows), layouts);
  }
}

async function gridOf(store: Store, version: number, settings: readonly SegmentSettings[]): Promise<Grid> {
  const numbers = await readNumericSummaries(store, BENCH_MODEL, { live: null });
  const categories = await readCategorySummaries(store, { name: BENCH_MODEL, task: "binary" }, { live: null }, 10_000);
  const bins = buildGrid(BENCH_MODEL, version, [{ numbers, categories }]);
  await insertGrid(store, bins, "bench", START);
  return { ...bins, segments: await pinSegments(store, bins, settings, [null]) };
}

async function print(
  store: Store,
  costs: readonly { readonly count: number[]; readonly whole: number[]; readonly segment: number[] }[],
): Promise<void> {
  const stored = await store.query<{ grid: number; counted: number }>(
    "SELECT grid, count() AS counted FROM feature_counts FINAL GROUP BY grid ORDER BY grid",
  );
  const table = new Table({ head: ["segments", ...SHAPES.map(({ segments }) => String(segments))] });
  const row = (name: string, of: (index: number) => number): void => {
    const figures = SHAPES.map((_, index) => of(index));
    table.push([name, ...figures.map((figure) => `${figure.toFixed(1)} (${(figure / (figures[0] ?? 1)).toFixed(2)})`)]);
  };
  row("counting, microseconds of CPU an event", (index) => median(costs[index]?.count ?? []) / events);
  row("reading the day of all rows, ms of CPU", (index) => median(costs[index]?.whole ?? []) / 1_000);
  row("reading the day of one segment, ms of CPU", (index) => median(costs[index]?.segment ?? []) / 1_000);
  row("rows of counts, thousands", (index) => Number(stored[index]?.counted ?? 0) / 1_000);
  console.log(table.toString());
}
