/**
 * The one way to ClickHouse, embedded or a server: the same SQL, the same client, two connections. Reads go over a
 * connection that cannot write, so no question can change an answer.
 */
export type Store = {
  readonly kind: "embedded" | "server";
  /** Where the data is, for messages; never holds a password. */
  readonly location: string;
  /** Rows of a SELECT. Values travel only as parameters (`{name:Type}`). */
  query<Row>(sql: string, params?: QueryParams): Promise<Row[]>;
  /** A statement that changes something and returns nothing. */
  execute(sql: string, params?: QueryParams): Promise<void>;
  /** Appends rows, in blocks, all durable when the promise resolves. Rows must be valid: the engine coerces silently. */
  insert(table: Table, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /** Appends rows in ClickHouse's Native form, all durable when the promise resolves: for what comes in great numbers. */
  insertNative(
    table: Table,
    columns: readonly string[],
    insert: { readonly rows: number; readonly blocks: readonly Uint8Array[] },
  ): Promise<void>;
  close(): Promise<void>;
};

export type QueryParams = Readonly<Record<string, string | number | boolean | null | readonly string[] | readonly number[]>>;

/** Every table there is: no name from outside ever becomes an identifier. */
export const TABLES = [
  "predictions",
  "layouts",
  "label_inbox",
  "outcomes",
  "waiting_labels",
  "superseded",
  "baseline_rows",
  "baselines",
  "bin_effects",
  "grids",
  "segments",
  "touched_buckets",
  "feature_counts",
  "outcome_counts",
  "measurements",
  "window_progress",
  "dead_letters",
  "alert_statuses",
  "alert_transitions",
  "alert_trail",
  "deliveries",
  "silences",
  "acknowledgements",
  "retrain_runs",
  "retrain_steps",
  "retrain_switches",
  "champions",
  "service_counts",
  "traffic_counts",
  "ticks",
  "source_progress",
  "halves",
  "unpaired_halves",
  "half_sweeps",
] as const;
export type Table = (typeof TABLES)[number];

/** What went wrong with the store, and what a person can do about it. */
export class StoreError extends Error {
  readonly hint: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(message: string, options: { hint: string; retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = "StoreError";
    this.hint = options.hint;
    this.retryable = options.retryable;
  }
}

/** Rows as newline-separated JSON. */
export function toNdjson(rows: readonly Readonly<Record<string, unknown>>[]): string {
  return rows.map((row) => JSON.stringify(row)).join("\n");
}
