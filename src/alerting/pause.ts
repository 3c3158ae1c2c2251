import type { Millis } from "../model/time.ts";

/** A stretch in which nothing is done. */
export type Pause = { readonly at: Millis; readonly nextAt: Millis };

/** Whether a pause lasts still. One that has yet to begin is of a clock that was put back since, and would last for ever. */
export function isWithin(now: Millis, { at, nextAt }: Pause): boolean {
  return at <= now && now < nextAt;
}
