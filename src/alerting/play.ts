import type { AlertStatus, Transition } from "../model/alert.ts";
import type { MeasuredWindow } from "../model/measurement.ts";
import type { Maintenance } from "../model/rule.ts";
import { evaluateWindow, type HashedRule, type Lookup } from "./evaluate.ts";
import { keyText } from "./identity.ts";
import type { Tools } from "./judge.ts";
import { isJudged } from "./scope.ts";

export type Played = {
  readonly window: MeasuredWindow["window"];
  readonly transitions: readonly Transition[];
  readonly standing: ReadonlyMap<string, AlertStatus>;
};

/** What rules make of windows, one after the other, from a time when nothing was known: as the engine does it, and stored nowhere. */
export async function* play(options: {
  readonly rules: readonly HashedRule[];
  readonly maintenance: readonly Maintenance[];
  readonly windows: AsyncIterable<MeasuredWindow> | Iterable<MeasuredWindow>;
  readonly tools: Tools;
  readonly lookup: Lookup;
}): AsyncGenerator<Played> {
  const { rules, maintenance, tools, lookup } = options;
  const standing = new Map<string, AlertStatus>();
  for await (const measured of options.windows) {
    const judged = rules.filter(({ rule }) => isJudged(rule, maintenance, measured));
    const { statuses, transitions } = await evaluateWindow(judged, measured, standing, { tools, lookup, clock: () => measured.window.to });
    for (const status of statuses) standing.set(keyText(status.key), status);
    yield { window: measured.window, transitions, standing };
  }
}
