import { Counter, Histogram, type Registry } from "prom-client";
import { MINUTE, SECOND, type Clock, type Millis } from "../model/time.ts";
import { readDiskBytes } from "../store/disk.ts";
import { StoreError, type Store } from "../store/store.ts";
import { registerGauge } from "./kept-elsewhere.ts";

const OPERATIONS = ["query", "execute", "insert"] as const;
type Operation = (typeof OPERATIONS)[number];

/** How old a size on disk may be before it is asked for again. */
const SIZE_KEPT: Millis = MINUTE;

/** What goes through a store. The function it returns makes a store that does the same, and is counted. */
export function registerStore(registry: Registry): (store: Store) => Store {
  const duration = new Histogram({
    name: "driftwatch_store_statement_duration_seconds",
    help: "How long statements took that the store carried out. Only inserts have a table.",
    labelNames: ["operation", "table"],
    buckets: [0.002, 0.01, 0.05, 0.25, 1, 5, 30],
    registers: [registry],
  });
  const rows = new Counter({
    name: "driftwatch_store_inserted_rows_total",
    help: "Rows that were inserted and are durable, repeats included.",
    labelNames: ["table"],
    registers: [registry],
  });
  const errors = new Counter({
    name: "driftwatch_store_errors_total",
    help: "Statements that the store did not carry out. Those that are retryable may succeed when asked again.",
    labelNames: ["operation", "retryable"],
    registers: [registry],
  });
  // A counter that begins with its first error would hide that one from increase().
  for (const operation of OPERATIONS) for (const retryable of ["true", "false"]) errors.inc({ operation, retryable }, 0);

  async function timed<Result>(operation: Operation, table: string, call: () => Promise<Result>): Promise<Result> {
    const begun = performance.now();
    try {
      const result = await call();
      duration.observe({ operation, table }, (performance.now() - begun) / SECOND);
      return result;
    } catch (error) {
      errors.inc({ operation, retryable: String(error instanceof StoreError && error.retryable) });
      throw error;
    }
  }

  return (store) => ({
    ...store,
    query: (sql, params) => timed("query", "", () => store.query(sql, params)),
    execute: (sql, params) => timed("execute", "", () => store.execute(sql, params)),
    insert: async (table, all) => {
      await timed("insert", table, () => store.insert(table, all));
      rows.inc({ table }, all.length);
    },
    insertNative: async (table, columns, block) => {
      await timed("insert", table, () => store.insertNative(table, columns, block));
      rows.inc({ table }, block.rows);
    },
  });
}

/**
 * What an embedded store takes on disk. It is asked for beside the scrape, which neither waits for the store nor fails
 * with it: the answer is in the next one. Resolves `settled` once no question is under way.
 */
export function registerDiskUse(registry: Registry, store: Store, clock: Clock): { settled(): Promise<void> } {
  let known: number | null = null;
  let askedAt = -Infinity;
  let asking: Promise<void> = Promise.resolve();
  const ask = async () => {
    try {
      known = await readDiskBytes(store);
    } catch {
      // An old size would look like a present one; the failure itself is among the store's errors.
      known = null;
    }
  };
  registerGauge(
    registry,
    {
      name: "driftwatch_store_disk_bytes",
      help: "What the tables of an embedded store take on disk, at most a minute or one scrape old.",
    },
    () => {
      const now = clock();
      if (store.kind === "embedded" && now - askedAt >= SIZE_KEPT) {
        askedAt = now;
        asking = ask();
      }
      return known === null ? [] : [{ value: known }];
    },
  );
  return { settled: () => asking };
}
