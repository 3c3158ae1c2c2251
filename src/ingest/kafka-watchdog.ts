import type { Millis } from "../model/time.ts";

/** One partition as the broker tells it: what is committed (or where the log begins, if that is later), and its end. */
export type Sighting = { readonly key: string; readonly position: bigint; readonly end: bigint };

/** For how long each partition has been watched without moving, up to `at`. */
export type Watch = {
  readonly at: Millis;
  readonly still: ReadonlyMap<string, { readonly position: bigint; readonly end: bigint; readonly waited: Millis }>;
};

/**
 * What is known after another look. Only time that was watched counts, at most `step` a look: after a pause of the
 * whole process, or of the broker, the consumer gets its time again.
 */
export function watch(before: Watch | null, at: Millis, seen: readonly Sighting[], step: Millis): Watch {
  const passed = before === null ? 0 : Math.max(0, Math.min(at - before.at, step));
  return {
    at,
    still: new Map(
      seen.map(({ key, position, end }) => {
        const last = before?.still.get(key);
        const stayed = last !== undefined && last.position === position && last.position < last.end;
        return [key, { position, end, waited: stayed ? last.waited + passed : 0 }];
      }),
    ),
  };
}

/** With more to read than one fetch brings, partitions take turns: how much longer one may wait while others move. */
const TURNS = 10;

/** Where messages have waited too long while nothing moved; empty while all is well. */
export function stalled({ still }: Watch, limit: Millis): string[] {
  const waiting = [...still].filter(([, { position, end }]) => position < end);
  const isStill = waiting.every(([, { waited }]) => waited >= limit);
  return waiting
    .filter(([, { waited }]) => isStill || waited >= limit * TURNS)
    .map(([key, { position, end }]) => `${key} at ${position} of ${end}`);
}
