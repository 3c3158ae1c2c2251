import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DAY } from "../src/model/time.ts";
import type { Measurement } from "../src/model/measurement.ts";
import { readMeasurements } from "../src/store/measurements.ts";
import { openStore } from "../src/store/open.ts";
import type { State } from "./support/drift-columns.ts";
import { FIRST_DAY, fillStore, openMonitor, type Stored } from "./support/drift-store.ts";
import { costOf } from "./support/measure.ts";

/** One run over a filled store, in a process of its own so that nobody else's memory is counted. */
export type TickRun = {
  /** CPU seconds of each day's tick, oldest first; the first one reads the baseline. */
  readonly ticks: readonly { readonly state: State; readonly cpu: number; readonly wall: number; readonly measurements: number }[];
  /** CPU seconds of starting, and of measuring the newest day once more without storing anything. */
  readonly start: number;
  readonly measure: number;
  readonly loaded: number;
  readonly peak: number;
};

/** Fills a store in `directory`, and beside it the columns as files of doubles when `columns` is true. */
export async function fill(directory: string, stored: Stored, columns: boolean): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const store = await openStore({ kind: "embedded", path: join(directory, "store") });
  await fillStore(store, stored, (feature, of, values) => {
    if (columns) writeFileSync(join(directory, `${feature}.${of}.f64`), values);
  });
  await store.close();
}

export async function runTicks(directory: string, days: readonly State[]): Promise<TickRun> {
  const store = await openStore({ kind: "embedded", path: join(directory, "store") });
  await store.query("SELECT count() FROM feature_counts");
  (globalThis as { gc?: () => void }).gc?.();
  const loaded = process.memoryUsage.rss();
  const ticks: TickRun["ticks"][number][] = [];
  let opened: Awaited<ReturnType<typeof openMonitor>> | undefined;
  const start = await costOf(async () => {
    opened = await openMonitor(store);
  });
  if (!opened) throw new Error("The monitor did not start.");
  const { monitor, setNow } = opened;
  for (const [day, state] of days.entries()) {
    setNow(FIRST_DAY + (day + 1) * DAY);
    let measurements = 0;
    const cost = await costOf(async () => {
      measurements = (await monitor.tick()).measurements;
    });
    ticks.push({ state, cpu: cost.cpu / 1e6, wall: cost.wall / 1e6, measurements });
  }
  const newest = FIRST_DAY + (days.length - 1) * DAY;
  const measure = await costOf(async () => {
    await monitor.measure({ model: "bench", window: { from: newest, to: newest + DAY }, baselines: ["training"], families: ["drift"] });
  });
  const peak = process.resourceUsage().maxRSS * 1024;
  await store.close();
  return { ticks, start: start.cpu / 1e6, measure: measure.cpu / 1e6, loaded, peak };
}

/** What was stored of one day, by metric and feature. */
export async function storedValues(directory: string, day: number): Promise<Map<string, Measurement>> {
  const store = await openStore({ kind: "embedded", path: join(directory, "store") });
  const found = await readMeasurements(store, { model: "bench", endsAt: [FIRST_DAY + (day + 1) * DAY], limit: 1_000_000 });
  await store.close();
  return new Map(found.map((one) => [`${one.metric} ${one.feature}`, one]));
}
