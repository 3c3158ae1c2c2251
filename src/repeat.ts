import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "./log.ts";
import type { Millis } from "./model/time.ts";

/** Runs something again and again, with a pause between, until the program ends. A failure is logged, and the next turn comes all the same. */
export async function repeat(options: {
  every: Millis;
  /** What is run, for the log. */
  what: string;
  run: () => Promise<unknown>;
  isStopping: () => boolean;
  log: Log;
}): Promise<void> {
  const { every, what, run, isStopping, log } = options;
  while (!isStopping()) {
    try {
      await run();
    } catch (error) {
      if (isStopping()) return;
      log.error(`${what} failed and will be tried again`, { error: error instanceof Error ? error.message : String(error) });
    }
    // Not by the clock, which may be put back.
    const until = performance.now() + every;
    while (!isStopping() && performance.now() < until) await sleep(Math.min(100, every));
  }
}
