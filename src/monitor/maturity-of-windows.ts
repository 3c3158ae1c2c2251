import type { Window } from "../model/time.ts";
import { readLabelDelays } from "../store/label-delays.ts";
import type { Store } from "../store/store.ts";
import { labelMaturity, maturityStretch, type Maturity } from "./label-maturity.ts";
import type { ModelState } from "./model-state.ts";

/** How ripe the labels of some windows are, from one look at the buckets of all. */
export async function maturityOf(
  store: Store,
  { settings, outcomeGrid }: ModelState,
  windows: readonly Window[],
): Promise<(window: Window) => Maturity | null> {
  if (windows.length === 0 || outcomeGrid === null) return () => null;
  const stretches = windows.map((window) => maturityStretch(window, settings));
  const span = { from: Math.min(...stretches.map(({ from }) => from)), to: Math.max(...stretches.map(({ to }) => to)) };
  const buckets = await readLabelDelays(store, settings.name, span);
  return (window) => labelMaturity(buckets, window, settings);
}
