import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labelPrecedence, precedenceNumber, predictionPrecedence } from "../../src/ingest/identity.ts";
import { createPipeline } from "../../src/ingest/pipeline.ts";
import { silentLog } from "../../src/log.ts";
import { DAY, HOUR, SECOND } from "../../src/model/time.ts";
import { createSettler } from "../../src/monitor/settler.ts";
import { openStore } from "../../src/store/open.ts";
import { SETTLED_PREDICTIONS } from "../../src/store/predictions.ts";
import { countWaiting } from "../../src/store/settle.ts";
import type { Store } from "../../src/store/store.ts";
import { createSequence, markCounted, readTouched } from "../../src/store/touched-buckets.ts";
import { label, labelOf, message, models, prediction, predictionOf } from "../ingest/examples.ts";
import { scratchDirectory } from "../support/scratch.ts";

const START = Date.UTC(2024, 0, 28, 6);
const model = models.get("binary")!;

let store: Store;
beforeAll(async () => {
  store = await openStore({ kind: "embedded", path: scratchDirectory() });
});
afterAll(() => store.close());

type Sent = Record<string, unknown>;

/** Few ids, a handful of hours on both sides of a month's end and weeks away: clashes of every kind. */
const aTime = fc.constantFrom(0, 0.2, 0.5, 1, 30, 31, 24 * 4, 24 * 40).map((hours) => new Date(START + hours * HOUR).toISOString());
const aPrediction = fc.record({ id: fc.integer({ min: 0, max: 6 }), time: aTime, score: fc.constantFrom(0.1, 0.9) });
const aLabel = fc.record({
  id: fc.integer({ min: 0, max: 8 }),
  time: aTime,
  revision: fc.integer({ min: 0, max: 2 }),
  label: fc.constantFrom("late", "on_time"),
});
const anEvent = fc.oneof(
  aPrediction.map((one): Sent => ({ ...prediction, ...one, id: `i${one.id}` })),
  aLabel.map((one): Sent => ({ ...label, ...one, id: `i${one.id}` })),
);

type Held = { readonly predictions: string[]; readonly outcomes: string[]; readonly waiting: number; readonly superseded: number };

/** What must hold in the end, from the events alone: the smallest (time, content) of an id, and its newest label. */
function expected(events: readonly Sent[]): Held {
  const best = <Event>(found: readonly { id: string; event: Event; precedence: bigint }[]) => {
    const byId = new Map<string, { event: Event; precedence: bigint }>();
    for (const one of found) if (one.precedence > (byId.get(one.id)?.precedence ?? -1n)) byId.set(one.id, one);
    return byId;
  };
  const predictions = events
    .filter((event) => event["type"] === "prediction")
    .map((sent) => predictionOf(sent))
    .map((event) => ({ id: event.id, event, precedence: precedenceNumber(predictionPrecedence(event)) }));
  const labels = events
    .filter((event) => event["type"] === "label")
    .map((sent) => labelOf(sent))
    .map((event) => ({ id: event.id, event, precedence: BigInt(labelPrecedence(event)) }));
  const held = best(predictions);
  const truth = best(labels);
  return {
    predictions: [...held].map(([id, { event }]) => `${id} ${event.time} ${event.score}`).sort(),
    outcomes: [...held].flatMap(([id, { event }]) => (truth.has(id) ? [`${id} ${event.time} ${truth.get(id)?.event.label}`] : [])).sort(),
    waiting: [...truth.keys()].filter((id) => !held.has(id)).length,
    superseded: new Set(predictions.map((one) => `${one.id} ${one.precedence}`)).size - held.size,
  };
}

/** Rows and labels of some buckets, as a rollup would count them. */
async function count(name: string, buckets: readonly number[]): Promise<Map<number, string[]>> {
  const rows = await store.query<{ bucket: number; row: string }>(
    `SELECT toUnixTimestamp(toStartOfHour(p.time)) * 1000 AS bucket, concat(p.id, ' ', toString(toUnixTimestamp64Milli(p.time)), ' ', toString(p.score), ' ', o.label) AS row
     FROM ${SETTLED_PREDICTIONS} AS p
     LEFT JOIN (SELECT id, toStartOfHour(predicted_at) AS hour, label FROM outcomes FINAL WHERE model = {model:String}) AS o ON p.id = o.id AND toStartOfHour(p.time) = o.hour
     WHERE p.model = {model:String}`,
    { model: name },
  );
  return new Map(buckets.map((bucket) => [bucket, rows.filter((one) => one.bucket === bucket).map((one) => one.row)]));
}

/** A store in which something else happens before each question and each command. */
function interrupted(whole: Store, happen: () => Promise<void>): Store {
  return {
    ...whole,
    query: async <Row>(...args: Parameters<Store["query"]>) => {
      await happen();
      return whole.query<Row>(...args);
    },
    execute: async (...args) => {
      await happen();
      return whole.execute(...args);
    },
  };
}

/** A model of its own, as the daemon brings its events in, settles and counts them. */
async function aModel(name: string) {
  const settings = { ...model, name };
  const now = { ms: Date.UTC(2024, 5, 1) };
  let conflicts = 0;
  const clock = () => now.ms;
  const nextSequence = await createSequence(store, clock);
  const pipeline = createPipeline({
    store,
    models: new Map([[name, settings]]),
    clock,
    liveClock: true,
    log: silentLog,
    nextSequence,
  });
  const counted = new Map<number, string[]>();
  return {
    ingest: (sent: readonly Sent[]) => pipeline.ingest(sent.map((event) => message({ ...event, model: name }))),
    settler: (patience: number, through: Store = store) =>
      createSettler({ store: through, nextSequence, clock, patience, onSuperseded: (rows) => (conflicts += rows) }),
    /** Resolves with the hours whose outcomes were due. */
    async settleAndCount(settler: ReturnType<typeof createSettler>, pause = DAY / 2) {
      await settler.settle(settings);
      const due = await readTouched(store, name, ["features", "outcomes"]);
      for (const [bucket, rows] of await count(
        name,
        due.map((one) => one.bucket),
      ))
        counted.set(bucket, rows);
      await markCounted(store, due);
      now.ms += pause;
      return due.filter(({ kind }) => kind === "outcomes").map(({ bucket }) => (bucket - START) / HOUR);
    },
    async expectHeld(events: readonly Sent[]) {
      const wanted = expected(events.map((event) => ({ ...event, model: "binary" })));
      const rows = [...counted.values()].flat().sort();
      expect(rows.map((row) => row.split(" ").slice(0, 3).join(" "))).toEqual(wanted.predictions);
      const outcomes = rows.map((row) => row.split(" ")).filter((parts) => parts[3] !== "");
      expect(outcomes.map((parts) => [parts[0], parts[1], parts[3]].join(" ")).sort()).toEqual(wanted.outcomes);
      expect(await countWaiting(store, name)).toBe(wanted.waiting);
      expect(conflicts).toBe(wanted.superseded);
      expect(await readTouched(store, name)).toEqual([]);
    },
  };
}

describe("settling", () => {
  it("ends the same for any order, any batches and any repeats, and marks every bucket it changes", async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anEvent, fc.nat({ max: 99 }), fc.boolean()), { minLength: 1, maxLength: 24 }),
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        // The next is of the same minute, or comes half a day later.
        fc.array(fc.constantFrom(SECOND, DAY / 2), { minLength: 4, maxLength: 4 }),
        async (drawn, searches, pauses) => {
          const played = await aModel(`settle-${round++}`);
          const deliveries = drawn
            .flatMap(([event, place, again]) => [{ event, place }, ...(again ? [{ event, place: 100 - place }] : [])])
            .sort((a, b) => a.place - b.place)
            .map(({ event }) => event);
          const size = Math.ceil(deliveries.length / searches.length);
          const settler = played.settler(Number.POSITIVE_INFINITY);
          for (const [index, isWhole] of searches.entries()) {
            await played.ingest(deliveries.slice(index * size, (index + 1) * size));
            // A settler that has just searched leaves what needs a search for later.
            await played.settleAndCount(isWhole ? played.settler(0) : settler, pauses[index]);
          }
          await played.settleAndCount(played.settler(0));
          await played.expectHeld(drawn.map(([event]) => event));
        },
      ),
      { numRuns: 25, seed: 11 },
    );
  }, 180_000);

  it("touches again what a label of the same minute changes, and nothing else", async () => {
    const played = await aModel("settle-minute");
    const settler = played.settler(0);
    const at = (hours: number) => new Date(START + hours * HOUR).toISOString();
    const dueAfter = async (...events: Sent[]) => {
      await played.ingest(events);
      return played.settleAndCount(settler, SECOND);
    };
    const labelled = (id: string, hours: number, revision = 0): Sent => ({ ...label, id, time: at(hours), revision });
    expect(await dueAfter(...[0, 1, 2].map((hour) => ({ ...prediction, id: `h${hour}`, time: at(hour) })))).toEqual([0, 1, 2]);
    expect(await dueAfter(labelled("h0", 3))).toEqual([0]);
    expect(await dueAfter(labelled("h1", 3))).toEqual([1]);
    expect(await dueAfter(labelled("h1", 3), labelled("later", 3))).toEqual([]);
    expect(await dueAfter(labelled("h0", 4, 1), labelled("h2", 4))).toEqual([0, 2]);
  });

  describe("ends the same whatever arrives between any two of its statements:", () => {
    const at = (hours: number) => new Date(START + hours * HOUR).toISOString();
    const predicted = (id: string, hours: number, score = 0.1): Sent => ({ ...prediction, id, time: at(hours), score });
    const labelled = (id: string): Sent => ({ ...label, id, time: at(50) });
    /** What is stored and settled, what is stored and to be settled, and what arrives meanwhile. */
    const cases: readonly (readonly [name: string, settled: Sent[], stored: Sent[], arriving: Sent[]])[] = [
      ["the prediction of a label that has just come", [], [labelled("a"), labelled("b")], [predicted("a", 1)]],
      ["a label of the same minute", [predicted("a", 30), predicted("b", 31)], [labelled("a")], [labelled("b")]],
      ["the prediction of one that waits", [labelled("a"), labelled("b")], [predicted("b", 1)], [predicted("a", 1)]],
      ["one that goes before two others", [labelled("a")], [predicted("a", 31), predicted("a", 30)], [predicted("a", 1)]],
      ["one that goes before one found far away", [predicted("a", 24 * 40), labelled("a")], [predicted("a", 30)], [predicted("a", 1)]],
    ];
    it.each(cases)("%s", async (name, settled, stored, arriving) => {
      let statements = 0;
      for (let before = 0; before === 0 || before < statements; before++) {
        const played = await aModel(`settle ${name} ${before}`);
        if (settled.length > 0) {
          await played.ingest(settled);
          await played.settleAndCount(played.settler(0));
        }
        await played.ingest(stored);
        statements = 0;
        let isOver = false;
        const through = interrupted(store, async () => {
          if (!isOver && statements++ === before) await played.ingest(arriving);
        });
        const settler = played.settler(0, through);
        await played.settleAndCount(settler);
        expect(statements).toBeGreaterThan(before);
        isOver = true;
        await played.settleAndCount(settler);
        await played.expectHeld([...settled, ...stored, ...arriving]);
      }
    });
  });
});
