import type { Log } from "../log.ts";
import { MINUTE, type Clock, type Millis } from "../model/time.ts";
import { insertSourceProgress, type PartitionProgressRow } from "../store/source-progress.ts";
import type { Store } from "../store/store.ts";
import { insertTick, type Tick } from "../store/ticks.ts";
import type { TickResult } from "./monitor.ts";

export type Passes = {
  /** One pass, when those before it have ended. */
  tick(): Promise<TickResult>;
  /** What must not happen beside a pass. */
  inTurn<Result>(task: () => Promise<Result>): Promise<Result>;
  /** When a pass last ended well. */
  passedAt(): Millis | null;
  /** Resolves once what is under way has ended, well or not. */
  settle(): Promise<void>;
};

/** The passes of a process: one after the other, recorded. */
export function createPasses(options: {
  store: Store;
  /** Done before each pass, and not part of what is recorded of it. */
  prepare: () => Promise<void>;
  pass: () => Promise<TickResult>;
  /** How far sources were read, kept beside the passes. */
  progress: () => readonly PartitionProgressRow[];
  /** Told of every pass, when it has ended. `at` is then. */
  onEnded: (pass: { readonly duration: Millis; readonly ok: boolean; readonly at: Millis }) => void;
  /** A pass that is cut off because the program ends has not failed. */
  isStopping: () => boolean;
  clock: Clock;
  log: Log;
}): Passes {
  const { store, prepare, pass, progress, onEnded, isStopping, clock, log } = options;
  let last: Promise<unknown> = Promise.resolve();
  let recordedAt = 0;
  let passedAt: Millis | null = null;

  function inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const next = last.then(task, task);
    last = next.catch(() => {});
    return next;
  }

  /** Passes that did something are kept for the dashboards, and of the others one a minute, so that silence means trouble. */
  async function recorded(): Promise<TickResult> {
    const startedAt = clock();
    const begun = performance.now();
    let result: TickResult = { bucketsCounted: 0, windowsMeasured: 0, measurements: 0 };
    let error: string | null = null;
    try {
      result = await pass();
      passedAt = clock();
      return result;
    } catch (failure) {
      if (!isStopping()) error = failure instanceof Error ? failure.message : String(failure);
      throw failure;
    } finally {
      const duration = performance.now() - begun;
      onEnded({ duration, ok: error === null, at: clock() });
      const isDue = startedAt >= recordedAt + MINUTE;
      if (isDue || error !== null || result.bucketsCounted > 0 || result.windowsMeasured > 0)
        await keep({ startedAt, duration, ...result, error }, isDue);
    }
  }

  async function keep(tick: Tick, withSources: boolean): Promise<void> {
    try {
      await insertTick(store, tick);
      if (!withSources) return;
      recordedAt = tick.startedAt;
      await insertSourceProgress(store, tick.startedAt, progress());
    } catch (error) {
      // What was measured is stored; only the note about it is lost.
      log.warn("a pass could not be recorded", { error: error instanceof Error ? error.message : String(error) });
    }
  }

  return {
    tick: () =>
      inTurn(async () => {
        await prepare();
        return recorded();
      }),
    inTurn,
    passedAt: () => passedAt,
    settle: async () => void (await last),
  };
}
