import type { Half, Origin, Prediction, RejectReason } from "../model/event.ts";
import type { AdapterSettings, CloudEventsSettings } from "../model/settings.ts";
import { SECOND, type Millis } from "../model/time.ts";
import {
  countUnpaired,
  findHalves,
  findUnsettledIds,
  insertHalves,
  insertSweep,
  insertUnpaired,
  MOST_OF_ONE_ID,
  newestHalfTime,
  readHalfBodies,
  readSweep,
  type HalfKey,
} from "../store/halves.ts";
import type { Store } from "../store/store.ts";
import { decodeObject, type DecodeContext } from "./decode.ts";
import { aloneIn, matchHalves, namePairs, unanswered, type Pair } from "./match-halves.ts";

/** Bodies are read back in portions: two small messages may refer to two large ones. */
const PORTION_BYTES = 8 * 1024 * 1024;
const SWEEP_EVERY = 30 * SECOND;

export type ArrivedHalf = { readonly half: Half; readonly origin: Origin };

/** Some of what became of halves; to be stored before more is asked for. */
export type Paired = {
  readonly predictions: readonly Prediction[];
  readonly rejected: readonly {
    readonly origin: Origin;
    readonly reason: RejectReason;
    readonly message: string;
    readonly payload: string;
  }[];
};

export type Pairing = ReturnType<typeof createPairing>;

type StoredHalf = HalfKey & { readonly bytes: number };
type Named = Pair<StoredHalf> & { readonly id: string };
type Judged = HalfKey & { readonly unpaired: boolean };

/**
 * Joins requests to their answers, whatever comes first and whoever takes it. Halves are stored before anything is
 * looked up: of two processes that take the two halves, the one that looks later finds both. What comes of a set of
 * halves is a function of the set, so that repeats, restarts and replays change nothing.
 */
export function createPairing(options: {
  readonly store: Store;
  readonly adapters: ReadonlyMap<string, AdapterSettings>;
  /** Null where the events are the clock. */
  readonly clock: () => Millis;
  readonly liveClock: boolean;
}) {
  const { store, clock, liveClock } = options;
  const adapters = [...options.adapters.values()].filter((adapter) => adapter.type === "cloudevents");
  const byName = new Map(adapters.map((adapter) => [adapter.name, adapter]));
  const swept = new Map<string, Millis>();
  /** The time of an adapter's newest half: its clock in a replay. */
  const newest = new Map<string, Millis>();
  let unpaired: Awaited<ReturnType<typeof countUnpaired>> = [];

  /** What time it is for an adapter's halves, some of which arrive just now. */
  async function timeFor(adapter: CloudEventsSettings, arrived: readonly ArrivedHalf[]): Promise<Millis> {
    if (liveClock) return clock();
    let time = newest.get(adapter.name) ?? (await newestHalfTime(store, adapter.name)) ?? 0;
    for (const { half } of arrived) time = Math.max(time, Math.floor(half.time / 1000));
    newest.set(adapter.name, time);
    return time;
  }

  /** Stores halves and yields the predictions they complete. */
  async function* pair(arrived: readonly ArrivedHalf[], context: DecodeContext): AsyncGenerator<Paired> {
    for (const [name, group] of groupBy(arrived, ({ half }) => half.adapter)) {
      const adapter = byName.get(name);
      if (adapter) yield* pairOf(adapter, group, context);
    }
  }

  async function* pairOf(adapter: CloudEventsSettings, arrived: readonly ArrivedHalf[], context: DecodeContext): AsyncGenerator<Paired> {
    const now = clock();
    const expiresAt = now + adapter.keep;
    const origins = new Map(arrived.map(({ half, origin }) => [identity(half), origin]));
    await insertHalves(store, [...new Map(arrived.map(({ half }) => [identity(half), half])).values()], { receivedAt: now, expiresAt });

    const due = ((await timeFor(adapter, arrived)) - adapter.within) * 1000;
    const isNew = (half: HalfKey): boolean => origins.has(identity(half));
    const groups = await groupsOf(
      adapter,
      arrived.map(({ half }) => half.id),
      now,
    );
    const overused = groups.filter((group) => group.length > MOST_OF_ONE_ID).flatMap((group) => group.filter(isNew));
    if (overused.length > 0)
      yield { predictions: [], rejected: overused.map((half) => tooOften(half, origins.get(identity(half)), adapter)) };
    const { named, judged } = settle(
      adapter,
      groups.filter((group) => group.length <= MOST_OF_ONE_ID && group.some(isNew)),
      isNew,
      ({ time }) => time <= due,
    );
    yield* assembled(adapter, named, new Map(arrived.map(({ half }) => [identity(half), half.body])), origins, context);
    await insertUnpaired(store, adapter.name, judged, { judgedAt: now, expiresAt });
  }

  /** What becomes of groups of halves: the pairs that `isNew` halves change, and a judgement of those whose time is over. */
  function settle(
    adapter: CloudEventsSettings,
    groups: readonly (readonly StoredHalf[])[],
    isNew: (half: StoredHalf) => boolean,
    isDue: (half: StoredHalf) => boolean,
  ): { readonly named: readonly Named[]; readonly judged: readonly Judged[] } {
    const named: Named[] = [];
    const judged: Judged[] = [];
    for (const group of groups) {
      const pairs = matchHalves(group, adapter.within);
      const alone = new Set(aloneIn(group, pairs));
      const lost = adapter.unanswered === "error" ? group.filter((half) => half.side === "request" && alone.has(half) && isDue(half)) : [];
      named.push(...namePairs([...pairs, ...lost.map((request) => unanswered(request, adapter.within))], isNew));
      judged.push(...group.filter(isDue).map((half) => ({ ...half, unpaired: alone.has(half) })));
    }
    return { named, judged };
  }

  /** The predictions of pairs, a portion at a time, with those bodies read back that are not in hand. */
  async function* assembled(
    adapter: CloudEventsSettings,
    named: readonly Named[],
    inHand: ReadonlyMap<string, string>,
    origins: ReadonlyMap<string, Origin>,
    context: DecodeContext,
  ): AsyncGenerator<Paired> {
    const halvesOf = ({ request, response }: Named) => (response === null ? [request] : [request, response]);
    for (const portion of portions(named, (pair) => halvesOf(pair).reduce((sum, { bytes }) => sum + bytes, 0))) {
      const missing = portion.flatMap(halvesOf).filter((half) => !inHand.has(identity(half)));
      const bodies = new Map(inHand);
      for (const { key, body } of await readHalfBodies(store, adapter.name, missing)) bodies.set(identity(key), body);
      yield assemble(adapter, portion, bodies, origins, context);
    }
  }

  async function groupsOf(adapter: CloudEventsSettings, ids: readonly string[], now: Millis): Promise<StoredHalf[][]> {
    const halves = await findHalves(store, adapter.name, ids, now);
    return [...groupBy(halves, ({ id, scope, rows, model }) => JSON.stringify([id, scope, rows, model])).values()];
  }

  /** What waited in vain up to now, and nobody has looked at since: said once, and a failed prediction where the adapter wants it. */
  async function* sweep(context: DecodeContext): AsyncGenerator<Paired> {
    let looked = false;
    for (const adapter of adapters) {
      const upTo = (await timeFor(adapter, [])) - adapter.within;
      const after = swept.get(adapter.name) ?? (await readSweep(store, adapter.name)) ?? 0;
      swept.set(adapter.name, after);
      if (upTo < after + SWEEP_EVERY) continue;
      looked = true;
      yield* sweepOf(adapter, { after, upTo }, context);
      await insertSweep(store, adapter.name, upTo);
      swept.set(adapter.name, upTo);
    }
    if (looked) unpaired = await countUnpaired(store);
  }

  async function* sweepOf(
    adapter: CloudEventsSettings,
    period: { after: Millis; upTo: Millis },
    context: DecodeContext,
  ): AsyncGenerator<Paired> {
    const now = clock();
    const ids = await findUnsettledIds(store, adapter.name, { ...period, within: adapter.within });
    const groups = (await groupsOf(adapter, ids, now)).filter((group) => group.length <= MOST_OF_ONE_ID);
    const isDue = ({ time }: HalfKey): boolean => time <= period.upTo * 1000;
    const { named, judged } = settle(adapter, groups, (half) => isDue(half) && half.time > period.after * 1000, isDue);
    // Pairs were told when they met; only a request that counts as a prediction by itself is news.
    if (adapter.unanswered === "error") yield* assembled(adapter, named, new Map(), new Map(), context);
    await insertUnpaired(store, adapter.name, judged, { judgedAt: now, expiresAt: now + adapter.keep });
  }

  return {
    pair,
    sweep,
    /** Halves that waited in vain, as of the last sweep. */
    unpaired: () => unpaired,
  };
}

function assemble(
  adapter: CloudEventsSettings,
  pairs: readonly Named[],
  bodies: ReadonlyMap<string, string>,
  origins: ReadonlyMap<string, Origin>,
  context: DecodeContext,
): Paired {
  const predictions: Prediction[] = [];
  const rejected: Paired["rejected"][number][] = [];
  for (const { request, response, id, time, latency } of pairs) {
    const asked = parseBody(bodies.get(identity(request)));
    const answered = response && parseBody(bodies.get(identity(response)));
    const common = { type: "prediction", model: request.model, time, version: answered?.version ?? asked.version ?? "unknown" };
    for (const [index, row] of asked.rows.entries()) {
      const answer = answered ? { ...answered.rows[index], latency_ms: latency } : { status: "error" };
      const object = { ...common, id: rowId(id, index, asked.rows.length), ...row, ...answer };
      const decoded = decodeObject(object, NOWHERE, context);
      if (decoded.ok && decoded.event.type === "prediction") predictions.push(decoded.event);
      else if (!decoded.ok) {
        const origin = (response && origins.get(identity(response))) ??
          origins.get(identity(request)) ?? { ...NOWHERE, topic: adapter.name, offset: id };
        rejected.push({ origin, reason: decoded.reason, message: decoded.message, payload: JSON.stringify(object) });
      }
    }
  }
  return { predictions, rejected };
}

/** What is made here has an id of its own. */
const NOWHERE: Origin = { source: "kafka", topic: "", partition: 0, offset: "" };

function tooOften({ id, side }: StoredHalf, origin: Origin | undefined, { keep }: CloudEventsSettings): Paired["rejected"][number] {
  const message = `The id ${JSON.stringify(id.slice(0, 40))} was used by more than ${MOST_OF_ONE_ID} requests and answers within ${keep / SECOND} s; expected an id of its own for each request.`;
  return { origin: origin ?? NOWHERE, reason: "invalid_field", message, payload: JSON.stringify({ id, side }) };
}

function parseBody(body: string | undefined): {
  readonly version: string | null;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
} {
  if (body === undefined) throw new Error("A half that is paired has no body.");
  return JSON.parse(body) as ReturnType<typeof parseBody>;
}

function rowId(id: string, row: number, rows: number): string {
  return rows === 1 ? id : `${id}#${row}`;
}

function identity({ id, scope, rows, side, time, digest, model }: HalfKey): string {
  return JSON.stringify([id, scope, rows, side, time, digest, model]);
}

function groupBy<Value>(values: readonly Value[], keyOf: (value: Value) => string): Map<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group) group.push(value);
    else groups.set(keyOf(value), [value]);
  }
  return groups;
}

function* portions<Value>(values: readonly Value[], bytesOf: (value: Value) => number): Generator<readonly Value[]> {
  let portion: Value[] = [];
  let bytes = 0;
  for (const value of values) {
    if (portion.length > 0 && bytes + bytesOf(value) > PORTION_BYTES) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(value);
    bytes += bytesOf(value);
  }
  if (portion.length > 0) yield portion;
}
