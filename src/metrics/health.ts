import { MINUTE, type Millis } from "../model/time.ts";

/** How long the work may rest before the heartbeat does. */
const STALLED = 10 * MINUTE;

/** Why a process is not ready, in sentences; nothing when it is. */
export function whyNotReady(isStarted: boolean, sources: readonly { readonly name: string; readonly error: string | null }[]): string[] {
  const failing = sources.flatMap(({ name, error }) => (error === null ? [] : [`${name}: ${error}`]));
  return isStarted ? failing : ["Baselines are being loaded.", ...failing];
}

/** Passes and deliveries that are due and do not come, in sentences. */
export function whyStalled(
  now: Millis,
  { passedAt, toldAt }: { readonly passedAt: Millis | null; readonly toldAt: Millis | null },
): string[] {
  // A clock that was put back says nothing of what was done before.
  const isStalled = (at: Millis | null) => at === null || Math.abs(now - at) > STALLED;
  return [
    ...(isStalled(passedAt) ? ["No pass of measuring has ended well for ten minutes."] : []),
    ...(isStalled(toldAt) ? ["Nothing could be looked up to be told for ten minutes."] : []),
  ];
}
