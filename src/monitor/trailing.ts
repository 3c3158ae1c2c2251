import { SEASONS, type BaselineSettings } from "../model/settings.ts";
import type { Window } from "../model/time.ts";

/** The stretch of live events that a trailing baseline lies in. */
export function trailingStretch({ window: length, offset }: Extract<BaselineSettings, { kind: "trailing" }>, { from }: Window): Window {
  return { from: from - offset - length, to: from - offset };
}

/**
 * The stretches of live events that a trailing baseline means for this window. Of a season they are as long as the
 * window is and lie whole seasons before it; a window longer than the season holds all of it anyway.
 */
export function trailingSpans(settings: Extract<BaselineSettings, { kind: "trailing" }>, window: Window): Window[] {
  const { offset, season } = settings;
  const length = window.to - window.from;
  if (season === undefined || length > SEASONS[season]) return [{ from: window.from - offset - settings.window, to: window.from - offset }];
  const spans: Window[] = [];
  for (let back = SEASONS[season]; back <= settings.window + offset; back += SEASONS[season])
    if (back >= length + offset) spans.push({ from: window.from - back, to: window.to - back });
  return spans;
}
