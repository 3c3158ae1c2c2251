import type { Log } from "../log.ts";
import { SECOND, type Millis } from "../model/time.ts";
import { StoreError, type Store } from "../store/store.ts";

export type Patience = {
  /** How long one call may be tried again before its caller hears of it. */
  readonly retryFor: Millis;
  readonly clock: () => Millis;
  readonly wait: (duration: Millis) => Promise<void>;
  readonly log: Log;
  readonly onRetry: () => void;
};

const FIRST_WAIT = 100;
const LONGEST_WAIT = 5 * SECOND;

/**
 * A store that asks again when asking again may help. For callers whose inserts are harmless to repeat only: a
 * connection that broke leaves unknown whether the insert was done.
 */
export function createPatientStore(store: Store, { retryFor, clock, wait, log, onRetry }: Patience): Store {
  async function patiently<Result>(call: () => Promise<Result>): Promise<Result> {
    const until = clock() + retryFor;
    for (let pause = FIRST_WAIT; ; pause = Math.min(pause * 2, LONGEST_WAIT)) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof StoreError) || !error.retryable || clock() + pause > until) throw error;
        onRetry();
        log.warn("The store did not take it; trying again.", { error: error.message, hint: error.hint, wait_ms: pause });
        await wait(pause);
      }
    }
  }
  return {
    ...store,
    query: (sql, params) => patiently(() => store.query(sql, params)),
    execute: (sql, params) => patiently(() => store.execute(sql, params)),
    insert: (table, rows) => patiently(() => store.insert(table, rows)),
    insertNative: (table, columns, block) => patiently(() => store.insertNative(table, columns, block)),
  };
}
