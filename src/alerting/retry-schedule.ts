import { DAY, HOUR, MINUTE, SECOND, type Millis } from "../model/time.ts";

/** As Standard Webhooks has it: some three days in all. */
const PAUSES: readonly Millis[] = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, DAY];

/**
 * How long to wait after this many attempts that failed, and for as long as the receiver asked, up to a day; null when
 * it is time to give up.
 */
export function pauseAfter(attempts: number, retryAfter: Millis | null): Millis | null {
  const pause = PAUSES[attempts - 1];
  return pause === undefined ? null : Math.max(pause, Math.min(retryAfter ?? 0, DAY));
}
