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
  timeOfHalves,
  type HalfKey,
} from "../store/halves.ts";
import type { Store } from "../store/store.ts";
import { idOfRow } from "./adapters/bodies.ts";
import { readHalfBody, type HalfBody } from "./adapters/half-body.ts";
import { decodeObject, type DecodeContext } from "./decode.ts";
import { aloneIn, matchHalves, namePairs, unanswered, type Pair } from "./match-halves.ts";

/** Bodies are read back in portions: two small messages may refer to two large ones. */
const PORTION_BYTES = 2 * 1024 * 1024;
const SWEEP_EVERY = 30 * SECOND;
/** Halves that one step of a sweep looks at. */
const SWEEP_HALVES = 200_000;
/** Ids that are known to be used for everything: those beyond are found out anew. */
const MOST_OVERUSED = 10_000;

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
  /** Ids that too many have used, and until when: what comes under them is refused unseen, and not stored. */
  const overused = new Map<string, Millis>();
  let unpaired: Awaited<ReturnType<typeof countUnpaired>> | null = null;

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

  async function* pairOf(adapter: CloudEventsSettings, all: readonly ArrivedHalf[], context: DecodeContext): AsyncGenerator<Paired> {
    const receivedAt = clock();
    const expiresAt = receivedAt + adapter.keep;
    const isOverused = ({ half }: ArrivedHalf): boolean => (overused.get(`${adapter.name} ${nameOf(half)}`) ?? 0) > receivedAt;
    const arrived = all.filter((one) => !isOverused(one));
    const refused = all.filter(isOverused);
    const origins = new Map(arrived.map(({ half, origin }) => [identity(half), origin]));
    const bodies = new Map(arrived.map(({ half }) => [identity(half), half.body]));
    await insertHalves(store, [...new Map(arrived.map(({ half }) => [identity(half), half])).values()], { receivedAt, expiresAt });

    // Between storing and looking: of two processes that judge the same halves, the one that saw all of them is the later one.
    const judgedAt = clock();
    const due = ((await timeFor(adapter, arrived)) - adapter.within) * 1000;
    const isNew = (half: HalfKey): boolean => origins.has(identity(half));
    const groups = await groupsOf(
      adapter,
      arrived.map(({ half }) => half.id),
      judgedAt,
    );
    const tooLarge = new Set(groups.filter(isTooLarge).flatMap(([half]) => (half ? [nameOf(half)] : [])));
    for (const name of tooLarge) noteOverused(`${adapter.name} ${name}`, expiresAt);
    refused.push(...arrived.filter(({ half }) => tooLarge.has(nameOf(half))));
    if (refused.length > 0) yield { predictions: [], rejected: refused.map((one) => tooOften(one, adapter)) };
    const { named, judged } = settle(
      adapter,
      groups.filter((group) => !isTooLarge(group) && group.some(isNew)),
      isNew,
      ({ time }) => time <= due,
    );
    yield* assembled(adapter, named, bodies, origins, context);
    await insertUnpaired(store, adapter.name, judged, { judgedAt, expiresAt });
  }

  function noteOverused(key: string, until: Millis): void {
    overused.delete(key);
    for (const [oldest] of overused) if (overused.size >= MOST_OVERUSED) overused.delete(oldest);
    overused.set(key, until);
  }

  /** What becomes of halves by id and model: the pairs that `isNew` halves change, and a judgement of those whose time is over. */
  function settle(
    adapter: CloudEventsSettings,
    groups: readonly (readonly StoredHalf[])[],
    isNew: (half: StoredHalf) => boolean,
    isDue: (half: StoredHalf) => boolean,
  ): { readonly named: readonly Named[]; readonly judged: readonly Judged[] } {
    const named: Named[] = [];
    const judged: Judged[] = [];
    for (const group of groups) {
      const pairs: Pair<StoredHalf>[] = [];
      for (const halves of groupBy(group, ({ scope, rows }) => JSON.stringify([scope, rows])).values()) {
        const found = matchHalves(halves, adapter.within);
        const alone = new Set(aloneIn(halves, found));
        const lost =
          adapter.unanswered === "error" ? halves.filter((half) => half.side === "request" && alone.has(half) && isDue(half)) : [];
        pairs.push(...found, ...lost.map((request) => unanswered(request, adapter.within)));
        judged.push(...halves.filter(isDue).map((half) => ({ ...half, unpaired: alone.has(half) })));
      }
      // Those of other numbers of rows are called otherwise anyway. Were they not, rows would stay that were told before the earliest was known.
      for (const alike of groupBy(pairs, ({ request }) => String(request.rows)).values()) named.push(...namePairs(alike, isNew));
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
      const read = await readHalfBodies(store, adapter.name, missing);
      const bodies = new Map(read.map(({ key, body }) => [identity(key), body]));
      yield assemble(adapter, portion, (half) => inHand.get(identity(half)) ?? bodies.get(identity(half)), origins, context);
    }
  }

  async function groupsOf(adapter: CloudEventsSettings, ids: readonly string[], now: Millis): Promise<StoredHalf[][]> {
    const halves = await findHalves(store, adapter.name, ids, now);
    return [...groupBy(halves, nameOf).values()];
  }

  /** What waited in vain up to now, and nobody has looked at since: said once, and a failed prediction where the adapter wants it. */
  async function* sweep(context: DecodeContext): AsyncGenerator<Paired> {
    let looked = false;
    for (const adapter of adapters) {
      const upTo = (await timeFor(adapter, [])) - adapter.within;
      let after = swept.get(adapter.name) ?? (await readSweep(store, adapter.name)) ?? 0;
      swept.set(adapter.name, after);
      if (upTo < after + SWEEP_EVERY) continue;
      looked = true;
      while (after < upTo) {
        const step = { after, upTo: await timeOfHalves(store, adapter.name, { after, upTo, most: SWEEP_HALVES }) };
        yield* sweepOf(adapter, step, context);
        after = step.upTo;
        await insertSweep(store, adapter.name, after);
        swept.set(adapter.name, after);
      }
    }
    if (looked || unpaired === null) unpaired = await countUnpaired(store, clock());
  }

  async function* sweepOf(
    adapter: CloudEventsSettings,
    period: { after: Millis; upTo: Millis },
    context: DecodeContext,
  ): AsyncGenerator<Paired> {
    const now = clock();
    const ids = await findUnsettledIds(store, adapter.name, { ...period, within: adapter.within });
    const groups = (await groupsOf(adapter, ids, now)).filter((group) => !isTooLarge(group));
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
    unpaired: () => unpaired ?? [],
  };
}

function assemble(
  adapter: CloudEventsSettings,
  pairs: readonly Named[],
  bodyOf: (half: HalfKey) => string | undefined,
  origins: ReadonlyMap<string, Origin>,
  context: DecodeContext,
): Paired {
  const predictions: Prediction[] = [];
  const rejected: Paired["rejected"][number][] = [];
  for (const { request, response, id, time, latency } of pairs) {
    const asked = bodyFrom(bodyOf(request));
    const answered = response && bodyFrom(bodyOf(response));
    const common = { type: "prediction", model: request.model, time, version: answered?.version ?? asked.version ?? "unknown" };
    for (const [index, row] of asked.rows.entries()) {
      const answer = answered ? { ...answered.rows[index], latency_ms: latency } : { status: "error" };
      const object = { ...common, id: idOfRow(id, index, asked.rows.length), ...row, ...answer };
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

function tooOften({ half, origin }: ArrivedHalf, { keep }: CloudEventsSettings) {
  const { id, side, time, digest } = half;
  const message = `The id ${JSON.stringify(id.slice(0, 40))} was used by more than ${MOST_OF_ONE_ID} requests and answers within ${keep / SECOND} s; expected an id of its own for each request.`;
  // Letters are kept by their origin, and every request over HTTP begins at index 0.
  const place = origin.source === "http" ? { ...origin, offset: `${time}-${digest}-${origin.offset}` } : origin;
  return { origin: place, reason: "invalid_field" as const, message, payload: JSON.stringify({ id, side }) };
}

/** An id names nothing that as many have used. */
function isTooLarge(group: readonly unknown[]): boolean {
  return group.length > MOST_OF_ONE_ID;
}

function bodyFrom(text: string | undefined): HalfBody {
  if (text === undefined) throw new Error("A half that is paired has no body.");
  return readHalfBody(text);
}

/** What predictions are told apart by: their ids, under their model. */
function nameOf({ id, model }: HalfKey): string {
  return JSON.stringify([id, model]);
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
