import { setTimeout as setTimeoutAsync } from "node:timers/promises";
import type { Millis } from "../model/time.ts";

/** Rejects when `work` takes longer than `limit`; what becomes of it then is nobody's concern here. */
export function within<T>(limit: Millis, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = setTimeoutAsync(limit, undefined, { signal: done.signal }).then(() => {
    throw new Error("no answer in time");
  });
  return Promise.race([work, late]).finally(() => done.abort());
}

/** Ends early, and without an error, when `signal` is given. */
export async function sleep(pause: Millis, signal: AbortSignal): Promise<void> {
  await setTimeoutAsync(pause, undefined, { signal }).catch(() => {});
}
