import { SEASONS, type Season } from "../model/settings.ts";
import type { Millis } from "../model/time.ts";
import { LEAST_WINDOWS } from "../stats/window-evidence.ts";

/** How far into its season a window begins. A window of a day or longer begins where all of them do, of the day. */
export function phaseOf(from: Millis, season: Season | undefined): Millis {
  return from % SEASONS[season ?? "day"];
}

/**
 * The windows of a baseline that say what is usual for one that begins at `from`: those at the same place of the
 * season once there are eight, else of the same time of day, else all. A night differs from the average of all hours
 * when nothing is wrong, and the more so the shorter the windows are.
 */
export function windowsOfSeason<Window extends { readonly from: Millis }>(
  windows: readonly Window[],
  from: Millis,
  season: Season | undefined,
): readonly Window[] {
  for (const length of new Set([SEASONS[season ?? "day"], SEASONS.day])) {
    const alike = windows.filter((one) => (one.from - from) % length === 0);
    if (alike.length >= LEAST_WINDOWS) return alike;
  }
  return windows;
}
