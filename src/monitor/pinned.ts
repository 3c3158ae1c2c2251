import type { Millis } from "../model/time.ts";
import type { Store } from "../store/store.ts";
import type { ModelState } from "./model-state.ts";
import {
  loadBaselineInputs,
  loadBaselineOutcomes,
  loadBaselineTraffic,
  type BaselineInputs,
  type BaselineOutcomes,
  type PinnedRows,
} from "./pinned-rows.ts";
import type { TrafficWithin } from "./count-sums.ts";
import type { UsualWindows } from "./usual-windows.ts";

/** What baselines that stand still look like, by windows of one length: read once, since it depends on nothing else. */
export type PinnedBaselines = {
  inputs(rows: PinnedRows, length: Millis): Promise<BaselineInputs>;
  outcomes(rows: PinnedRows, length: Millis): Promise<BaselineOutcomes>;
  /** Of a period only: how many rows a file holds says nothing of traffic. */
  traffic(rows: PinnedRows): Promise<TrafficWithin>;
  usual(key: string, make: () => UsualWindows): UsualWindows;
};

export function createPinnedBaselines(store: Store, state: ModelState): PinnedBaselines {
  const usual = new Map<string, UsualWindows>();
  const traffic = remembered((rows) => loadBaselineTraffic(store, state, rows));
  return {
    inputs: remembered((rows, length) => loadBaselineInputs(store, state, rows, length)),
    outcomes: remembered((rows, length) => loadBaselineOutcomes(store, state, rows, length)),
    traffic: (rows) => traffic(rows, 0),
    usual: (key, make) => {
      let found = usual.get(key);
      if (!found) usual.set(key, (found = make()));
      return found;
    },
  };
}

/** Asks once for each rows and length. */
export function remembered<T>(load: (rows: PinnedRows, length: Millis) => Promise<T>): (rows: PinnedRows, length: Millis) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (rows, length) => {
    const key = `${rows.key} ${length}`;
    let found = known.get(key);
    if (!found) known.set(key, (found = load(rows, length)));
    return found;
  };
}
