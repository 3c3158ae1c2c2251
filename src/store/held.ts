import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import type { BucketKind } from "./touched-buckets.ts";

/**
 * What the store holds, row by row, for somebody who counts it himself: every event as a hash of its id and its
 * precedence, which together say whether it is the same one, and nothing of what it says.
 */

type Source = {
  /** The rows that count, once each. */
  readonly from: string;
  /** A row's place in time, in milliseconds; null for a table that is not ordered by time. */
  readonly at: string | null;
  /** The condition that reads only the parts of a stretch of time. */
  readonly within: string;
  readonly flags: string;
};

/** Bits of what a prediction is, as `flags` has them. */
export const FAILED = 1;
export const JUDGED = 2;

const between = (column: string): string =>
  `${column} >= fromUnixTimestamp64Milli({from:Int64}) AND ${column} < fromUnixTimestamp64Milli({to:Int64})`;

const SOURCES = {
  predictions: {
    from: "predictions AS r FINAL",
    at: "toUnixTimestamp64Milli(r.time)",
    within: between("r.time"),
    flags: `if(r.status = 'error', ${FAILED}, 0) + if(isNotNull(r.predicted_class) OR isNotNull(r.score), ${JUDGED}, 0)`,
  },
  superseded: { from: "superseded AS r FINAL", at: "toUnixTimestamp64Milli(r.time)", within: between("r.time"), flags: "0" },
  outcomes: { from: "outcomes AS r FINAL", at: "toUnixTimestamp64Milli(r.predicted_at)", within: between("r.predicted_at"), flags: "0" },
  arrivals: {
    from: "label_inbox AS r FINAL",
    at: "toInt64(toUnixTimestamp(r.arrived)) * 1000",
    within: "toInt64(toUnixTimestamp(r.arrived)) * 1000 >= {from:Int64} AND toInt64(toUnixTimestamp(r.arrived)) * 1000 < {to:Int64}",
    flags: "0",
  },
  waiting: { from: "waiting_labels AS r FINAL", at: null, within: "1", flags: "0" },
} as const satisfies Record<string, Source>;

export const HELD = Object.keys(SOURCES) as readonly HeldKind[];
export type HeldKind = keyof typeof SOURCES;

/** How many rows there are of one hour; all of them together at hour 0 where a table knows no time. */
export type HeldHour = readonly [hour: Millis, rows: number];

export async function readHeldHours(store: Store, model: string, kind: HeldKind): Promise<HeldHour[]> {
  const { from, at } = SOURCES[kind];
  const rows = await store.query<{ hour: Millis; held: number }>(
    `SELECT ${at === null ? "toInt64(0)" : `intDiv(${at}, 3600000) * 3600000`} AS hour, count() AS held FROM ${from.replace(" FINAL", "")}
     WHERE r.model = {model:String} GROUP BY hour ORDER BY hour`,
    { model },
  );
  return rows.map(({ hour, held }) => [Number(hour), Number(held)]);
}

/** The first 8 bytes of the id's SHA-256 and the precedence, both in hexadecimal; the row's time; its flags. */
export type HeldRow = readonly [id: string, precedence: string, at: Millis, flags: number];

export type HeldStretch = {
  readonly from: Millis;
  readonly to: Millis;
  /** One of `parts` equal parts of the ids, where a stretch holds more than one answer should. */
  readonly part: number;
  readonly parts: number;
};

/** The rows of a stretch of time, in no order. */
export async function readHeldRows(store: Store, model: string, kind: HeldKind, stretch: HeldStretch): Promise<HeldRow[]> {
  const { from, at, within, flags } = SOURCES[kind];
  const rows = await store.query<{ hashed: string; rank: string; at_ms: Millis; bits: number }>(
    `SELECT lower(hex(substring(SHA256(r.id), 1, 8))) AS hashed, leftPad(lower(hex(r.precedence)), 32, '0') AS rank,
            ${at ?? "toInt64(0)"} AS at_ms, toUInt8(${flags}) AS bits
     FROM ${from} WHERE r.model = {model:String} AND ${within} AND cityHash64(r.id) % {parts:UInt32} = {part:UInt32}`,
    { model, ...stretch },
  );
  return rows.map(({ hashed, rank, at_ms, bits }) => [hashed, rank, Number(at_ms), Number(bits)]);
}

/** What was counted of one bucket, over all versions. */
export type CountedBucket = {
  readonly bucket: Millis;
  readonly requests: number;
  readonly errors: number;
  /** Rows by feature: the fewest and the most any feature has, of how many features, and of how many whose cells do not add up. */
  readonly features: { readonly least: number; readonly most: number; readonly subjects: number; readonly torn: number };
  readonly outcomes: { readonly predictions: number; readonly labelled: number; readonly celled: number };
};

export type Counted = {
  /** Features, score and prediction that are counted now; 0 while there are no bins. */
  readonly subjects: number;
  readonly buckets: readonly CountedBucket[];
};

/** Every count of live events there is, on the newest grid. */
export async function readCounted(store: Store, model: string): Promise<Counted> {
  const [grid] = await store.query<{ version: number; subjects: number }>(
    `SELECT g.grid AS version, count() AS subjects FROM grids AS g FINAL WHERE g.model = {model:String}
     GROUP BY version ORDER BY version DESC LIMIT 1`,
    { model },
  );
  const rows = await store.query<Record<string, number>>(
    `SELECT b, sum(requests_) AS requests, sum(errors_) AS errors, sum(least_) AS least, sum(most_) AS most, sum(subjects_) AS subjects,
            sum(torn_) AS torn, sum(predictions_) AS predictions, sum(labelled_) AS labelled, sum(celled_) AS celled
     FROM (
       SELECT toUnixTimestamp(s.bucket) AS b, sum(s.requests) AS requests_, sum(s.errors) AS errors_,
              0 AS least_, 0 AS most_, 0 AS subjects_, 0 AS torn_, 0 AS predictions_, 0 AS labelled_, 0 AS celled_
       FROM service_counts AS s FINAL WHERE s.model = {model:String} GROUP BY b
       UNION ALL
       SELECT b, 0, 0, min(of_one), max(of_one), countIf(of_one > 0), sum(is_torn), 0, 0, 0
       FROM (
         SELECT toUnixTimestamp(f.bucket) AS b, f.subject AS subject, f.feature AS feature, sum(f.rows) AS of_one,
                max(f.rows != f.missing + f.unparsable + arraySum(f.counts)) AS is_torn
         FROM feature_counts AS f FINAL
         WHERE f.model = {model:String} AND f.baseline = '' AND f.segment = '' AND f.grid = {grid:UInt32}
         GROUP BY b, subject, feature
       ) GROUP BY b
       UNION ALL
       SELECT toUnixTimestamp(o.bucket) AS b, 0, 0, 0, 0, 0, 0, sum(o.predictions), sum(o.labelled), sum(arraySum(mapValues(o.cells)))
       FROM outcome_counts AS o FINAL WHERE o.model = {model:String} AND o.baseline = '' AND o.segment = '' GROUP BY b
     ) GROUP BY b ORDER BY b`,
    { model, grid: grid?.version ?? 0 },
  );
  const of = (row: Record<string, number>, name: string): number => Number(row[name] ?? 0);
  return {
    subjects: Number(grid?.subjects ?? 0),
    buckets: rows.map((row) => ({
      bucket: of(row, "b") * 1000,
      requests: of(row, "requests"),
      errors: of(row, "errors"),
      features: { least: of(row, "least"), most: of(row, "most"), subjects: of(row, "subjects"), torn: of(row, "torn") },
      outcomes: { predictions: of(row, "predictions"), labelled: of(row, "labelled"), celled: of(row, "celled") },
    })),
  };
}

export type Due = {
  /** The newest mark there is: what is marked after it changed after this was asked. */
  readonly last: number;
  readonly marks: readonly { readonly kind: BucketKind; readonly bucket: Millis }[];
};

/** What is due of a model, and what was marked after `since` even where it is done by now. */
export async function readDue(store: Store, model: string, since: number): Promise<Due> {
  const [newest] = await store.query<{ last: string }>("SELECT toString(max(touched)) AS last FROM touched_buckets");
  const rows = await store.query<{ kind: BucketKind; b: number }>(
    `SELECT kind, toUnixTimestamp(bucket) AS b FROM touched_buckets WHERE model = {model:String}
     GROUP BY kind, bucket HAVING max(touched) > max(counted) OR max(touched) > {since:UInt64} ORDER BY kind, b`,
    { model, since },
  );
  return { last: Number(newest?.last ?? 0), marks: rows.map(({ kind, b }) => ({ kind, bucket: b * 1000 })) };
}

export type LetterOrigin = readonly [source: string, topic: string, partition: number, offset: string, reason: string];

/** Where dead letters came from, in order, after one of them. */
export async function readLetterOrigins(store: Store, limit: number, after: LetterOrigin | null): Promise<LetterOrigin[]> {
  const [source, topic, partition, offset, reason] = after ?? ["", "", 0, "", ""];
  const rows = await store.query<{ source: string; topic: string; partition: number; offset: string; reason: string }>(
    `SELECT d.source AS source, d.topic AS topic, d.partition AS partition, d.offset AS offset, d.reason AS reason FROM dead_letters AS d FINAL
     WHERE ${after === null ? "1" : "(toString(d.source), toString(d.topic), d.partition, d.offset, toString(d.reason)) > ({source:String}, {topic:String}, {partition:Int32}, {offset:String}, {reason:String})"}
     ORDER BY d.source, d.topic, d.partition, d.offset, d.reason LIMIT {limit:UInt32}`,
    { limit, ...(after === null ? {} : { source, topic, partition, offset, reason }) },
  );
  return rows.map((row) => [row.source, row.topic, row.partition, row.offset, row.reason]);
}
