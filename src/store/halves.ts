import type { Half } from "../model/event.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue } from "./values.ts";

/** What tells one half from every other. */
export type HalfKey = Pick<Half, "id" | "scope" | "rows" | "side" | "time" | "digest" | "model">;
/** How many halves of one id are looked at: an id that more have used names nothing. */
export const MOST_OF_ONE_ID = 256;

/** A server takes parameters in the request line, which it bounds at 1 MiB; text may triple when it is escaped. */
const LOOKUP_BYTES = 250_000;
const LOOKUP_IDS = 5_000;

const KEY = "id, scope, rows, side, toUnixTimestamp64Micro(h.time) AS micros, toString(h.digest) AS hash, model";

type KeyRow = Pick<Half, "id" | "scope" | "rows" | "side" | "model"> & { readonly micros: number | string; readonly hash: string };

/** Appends halves, durable when it resolves. Repeating it is harmless. */
export async function insertHalves(store: Store, halves: readonly Half[], times: { receivedAt: Millis; expiresAt: Millis }): Promise<void> {
  await store.insert(
    "halves",
    halves.map((half) => ({
      adapter: half.adapter,
      ...keyRow(half),
      body: half.body,
      received_at: dateTimeValue(times.receivedAt),
      expires_at: Math.floor(times.expiresAt / 1000),
    })),
  );
}

/** The halves with these ids that are remembered, each once, at most one more of an id and model than `MOST_OF_ONE_ID`. `bytes` is the length of a body. */
export async function findHalves(
  store: Store,
  adapter: string,
  ids: readonly string[],
  now: Millis,
): Promise<(HalfKey & { readonly bytes: number })[]> {
  const found: (HalfKey & { bytes: number })[] = [];
  for (const chunk of chunks(ids)) {
    const rows = await store.query<KeyRow & { size: number }>(
      `SELECT ${KEY}, max(h.bytes) AS size FROM halves AS h
       WHERE adapter = {adapter:String} AND id IN {ids:Array(String)} AND expires_at > fromUnixTimestamp64Milli({now:Int64})
       GROUP BY id, scope, rows, side, h.time, h.digest, model
       ORDER BY id, model, h.time LIMIT ${MOST_OF_ONE_ID + 1} BY id, model`,
      { adapter, ids: chunk, now },
    );
    for (const row of rows) found.push({ ...keyOf(row), bytes: row.size });
  }
  return found;
}

/** The bodies of some halves. */
export async function readHalfBodies(
  store: Store,
  adapter: string,
  keys: readonly HalfKey[],
): Promise<{ readonly key: HalfKey; readonly body: string }[]> {
  const found: { key: HalfKey; body: string }[] = [];
  for (const chunk of chunks(keys.map(({ id }) => id))) {
    const ids = new Set(chunk);
    const rows = await store.query<KeyRow & { text: string }>(
      `SELECT ${KEY}, any(body) AS text FROM halves AS h
       WHERE adapter = {adapter:String} AND id IN {ids:Array(String)} AND toString(h.digest) IN {digests:Array(String)}
       GROUP BY id, scope, rows, side, h.time, h.digest, model`,
      { adapter, ids: chunk, digests: keys.filter(({ id }) => ids.has(id)).map(({ digest }) => digest) },
    );
    for (const row of rows) found.push({ key: keyOf(row), body: row.text });
  }
  return found;
}

/** Ids with a half of a time in `(after, upTo]` that is not simply one request with one answer `within` its time. */
export async function findUnsettledIds(
  store: Store,
  adapter: string,
  period: { readonly after: Millis; readonly upTo: Millis; readonly within: Millis },
): Promise<string[]> {
  // Extremes that are equal say that there is one; sets of what is distinct would take ten times the memory.
  const one = (side: Half["side"]) =>
    ["h.time", "h.digest"].map((what) => `minIf(${what}, side = '${side}') = maxIf(${what}, side = '${side}')`).join(" AND ");
  const rows = await store.query<{ id: string }>(
    `SELECT DISTINCT id FROM (
       SELECT id, scope, rows, model FROM halves AS h
       WHERE adapter = {adapter:String} AND h.time > fromUnixTimestamp64Milli({after:Int64} - {within:Int64}) AND h.time <= fromUnixTimestamp64Milli({upTo:Int64} + {within:Int64})
       GROUP BY id, scope, rows, model
       HAVING countIf(h.time > fromUnixTimestamp64Milli({after:Int64}) AND h.time <= fromUnixTimestamp64Milli({upTo:Int64})) > 0
         AND NOT (countIf(side = 'request') > 0 AND countIf(side = 'response') > 0 AND ${one("request")} AND ${one("response")}
           AND toUnixTimestamp64Micro(maxIf(h.time, side = 'response')) - toUnixTimestamp64Micro(maxIf(h.time, side = 'request')) BETWEEN 0 AND {within:Int64} * 1000)
     )`,
    { adapter, ...period },
  );
  return rows.map(({ id }) => id);
}

/** Up to which time, of those in `(after, upTo]`, there are no more than `most` halves to look at. */
export async function timeOfHalves(
  store: Store,
  adapter: string,
  { after, upTo, most }: { readonly after: Millis; readonly upTo: Millis; readonly most: number },
): Promise<Millis> {
  const [row] = await store.query<{ halves: number; last: Millis }>(
    `SELECT count() AS halves, intDiv(toUnixTimestamp64Micro(max(time)), 1000) AS last FROM (
       SELECT time FROM halves WHERE adapter = {adapter:String} AND time > fromUnixTimestamp64Milli({after:Int64}) AND time <= fromUnixTimestamp64Milli({upTo:Int64})
       ORDER BY time LIMIT {most:UInt64}
     )`,
    { adapter, after, upTo, most },
  );
  return row === undefined || Number(row.halves) < most ? upTo : Math.max(after + 1, Number(row.last));
}

/** Notes which halves waited in vain, and which did not after all. */
export async function insertUnpaired(
  store: Store,
  adapter: string,
  judged: readonly (HalfKey & { readonly unpaired: boolean })[],
  times: { judgedAt: Millis; expiresAt: Millis },
): Promise<void> {
  if (judged.length === 0) return;
  await store.insert(
    "unpaired_halves",
    judged.map((half) => ({
      adapter,
      ...keyRow(half),
      unpaired: half.unpaired ? 1 : 0,
      judged_at: dateTimeValue(times.judgedAt),
      expires_at: Math.floor(times.expiresAt / 1000),
    })),
  );
}

/** How many halves that are remembered waited in vain. */
export async function countUnpaired(
  store: Store,
  now: Millis,
): Promise<{ readonly adapter: string; readonly side: Half["side"]; readonly halves: number }[]> {
  const rows = await store.query<{ adapter: string; side: Half["side"]; halves: number | string }>(
    `SELECT adapter, side, count() AS halves FROM unpaired_halves FINAL
     WHERE unpaired = 1 AND expires_at > fromUnixTimestamp64Milli({now:Int64}) GROUP BY adapter, side ORDER BY adapter, side`,
    { now },
  );
  return rows.map((row) => ({ ...row, halves: Number(row.halves) }));
}

/** Up to which event time it is settled what waited in vain; null where nobody has looked yet. */
export async function readSweep(store: Store, adapter: string): Promise<Millis | null> {
  const [row] = await store.query<{ swept: Millis | string | null }>(
    "SELECT toUnixTimestamp64Milli(maxOrNull(swept_to)) AS swept FROM half_sweeps WHERE adapter = {adapter:String}",
    { adapter },
  );
  return row === undefined || row.swept === null ? null : Number(row.swept);
}

export async function insertSweep(store: Store, adapter: string, sweptTo: Millis): Promise<void> {
  await store.insert("half_sweeps", [{ adapter, swept_to: dateTimeValue(sweptTo) }]);
}

/** The newest time of an adapter's halves, in milliseconds, or null. */
export async function newestHalfTime(store: Store, adapter: string): Promise<Millis | null> {
  const [row] = await store.query<{ newest: Millis | string | null }>(
    "SELECT intDiv(toUnixTimestamp64Micro(maxOrNull(time)), 1000) AS newest FROM halves WHERE adapter = {adapter:String}",
    { adapter },
  );
  return row === undefined || row.newest === null ? null : Number(row.newest);
}

function keyRow(half: HalfKey): Record<string, unknown> {
  const { id, scope, rows, side, time, digest, model } = half;
  const micros = String(time % 1000).padStart(3, "0");
  return {
    id,
    scope,
    rows,
    side,
    digest,
    model,
    time: `${new Date(Math.floor(time / 1000)).toISOString().replace("T", " ").replace("Z", "")}${micros}`,
  };
}

function keyOf({ id, scope, rows, side, micros, hash, model }: KeyRow): HalfKey {
  return { id, scope, rows: Number(rows), side, time: Number(micros), digest: hash, model };
}

function chunks(ids: readonly string[]): string[][] {
  const all: string[][] = [];
  let chunk: string[] = [];
  let bytes = 0;
  for (const id of new Set(ids)) {
    const size = Buffer.byteLength(id) + 24;
    if (chunk.length > 0 && (chunk.length >= LOOKUP_IDS || bytes + size > LOOKUP_BYTES)) {
      all.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(id);
    bytes += size;
  }
  if (chunk.length > 0) all.push(chunk);
  return all;
}
