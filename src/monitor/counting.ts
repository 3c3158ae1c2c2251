import type { ModelSettings } from "../model/settings.ts";
import type { Millis } from "../model/time.ts";
import { countFeatures } from "../store/feature-counts.ts";
import { countOutcomes } from "../store/outcome-counts.ts";
import { countService } from "../store/service-counts.ts";
import type { Store } from "../store/store.ts";
import { readTouched, type TouchedBucket } from "../store/touched-buckets.ts";
import { countTraffic } from "../store/traffic-counts.ts";
import { markSlices } from "./mark-slices.ts";
import type { ModelState } from "./model-state.ts";

/** What is counted of a bucket. */
export const COUNTED = ["features", "outcomes"] as const;

export type Counting = {
  /** Counts what the marks say was touched: requests, features, rows as such, and outcomes. The marks stay. */
  count(state: ModelState, touched: readonly TouchedBucket[]): Promise<void>;
  /** There are no bins yet to count features on, but requests are requests. The marks stay for the features. */
  countWithoutBins(model: ModelSettings): Promise<void>;
};

export function createCounting(store: Store, nextSequence: () => number): Counting {
  /** Marks that stay until there are bins, whose requests are counted already: by model, then bucket. */
  const counted = new Map<string, Map<Millis, number>>();

  async function count(state: ModelState, touched: readonly TouchedBucket[]): Promise<void> {
    const { name, bucket, task } = state.settings;
    const rows = { model: name, baseline: "" };
    await countRequests(state.settings, touched);
    for (const kind of COUNTED) {
      for (const slice of markSlices(inOrder(touched, kind))) {
        const buckets = slice.map((one) => one.bucket);
        if (kind === "features") {
          await countFeatures(store, rows, state.grid, bucket, buckets, nextSequence(), task);
          await countTraffic(store, name, state.grid.version, bucket, buckets, nextSequence());
        } else if (state.outcomeGrid)
          await countOutcomes(store, rows, state.outcomeGrid, bucket, buckets, nextSequence(), state.grid.segments);
      }
    }
  }

  async function countWithoutBins(model: ModelSettings): Promise<void> {
    const done = counted.get(model.name) ?? new Map<Millis, number>();
    const touched = (await readTouched(store, model.name, ["features"])).filter((one) => one.touched !== done.get(one.bucket));
    await countRequests(model, touched);
    counted.set(model.name, new Map([...done, ...touched.map((one) => [one.bucket, one.touched] as const)]));
  }

  /** What changes the features of a bucket may change its requests. */
  async function countRequests({ name, bucket }: ModelSettings, touched: readonly TouchedBucket[]): Promise<void> {
    for (const slice of markSlices(inOrder(touched, "features"))) {
      const buckets = slice.map((one) => one.bucket);
      await countService(store, name, bucket, buckets, nextSequence());
    }
  }

  return { count, countWithoutBins };
}

function inOrder(touched: readonly TouchedBucket[], kind: TouchedBucket["kind"]): TouchedBucket[] {
  return touched.filter((one) => one.kind === kind).sort((a, b) => a.bucket - b.bucket);
}
