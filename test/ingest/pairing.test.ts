import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { createPipeline, type Pipeline } from "../../src/ingest/pipeline.ts";
import type { Message } from "../../src/ingest/source.ts";
import { silentLog } from "../../src/log.ts";
import type { Config } from "../../src/model/settings.ts";
import { HOUR, MINUTE, SECOND } from "../../src/model/time.ts";
import { readDeadLetterPage } from "../../src/store/dead-letters.ts";
import { countUnpaired } from "../../src/store/halves.ts";
import { StoreError, type Store } from "../../src/store/store.ts";
import { captured, configOf, mlserverRecords, NOW } from "./adapters/reading.ts";
import { storedPredictions } from "../support/stored.ts";
import { useStore } from "./examples.ts";

const store = useStore();
// The day of these halves may be long over for the engine's own clock.
beforeAll(() => store().execute("SYSTEM STOP TTL MERGES"));
const START = NOW - 60 * MINUTE;
let runs = 0;

/** A program over the store of this file, with an adapter of its own; `restart` makes the next one. */
function program(settings = "services: {price: {}}, within: 2s", options: { store?: Store; live?: boolean } = {}) {
  const name = `run-${++runs}`;
  const config = configOf(`${name}: {type: cloudevents, ${settings}}`);
  let clock = NOW;
  const start = (): Pipeline =>
    createPipeline({
      store: options.store ?? store(),
      models: config.models,
      adapters: config.adapters,
      clock: () => clock,
      liveClock: options.live ?? false,
      log: silentLog,
      wait: async () => {},
      limits: { retryFor: 0 },
    });
  let pipeline = start();
  return {
    name,
    ingest: (messages: readonly Message[]) => pipeline.ingest(messages.map((message) => ({ ...message, adapter: name }))),
    sweep: () => pipeline.sweep(),
    counters: () => pipeline.counters(),
    told: () => pipeline.unpaired().filter(({ adapter }) => adapter === name),
    restart: async () => {
      await pipeline.close();
      pipeline = start();
    },
    at: (time: number) => void (clock = time),
    unpaired: async () =>
      Object.fromEntries(
        (await countUnpaired(store(), NOW)).filter(({ adapter }) => adapter === name).map(({ side, halves }) => [side, halves]),
      ),
    predictions: () => predictionsOf(name, config),
  };
}

/** What is stored of a program's predictions: their ids begin with its name. */
async function predictionsOf(name: string, config: Config) {
  const stored = await storedPredictions(store(), config.models.get("price"), `${name}/`);
  return stored.map(({ id, at, features, answer, latency, status }) => ({
    id,
    at: at - START,
    x: features["x"],
    y: answer,
    latency,
    status,
  }));
}

type Sent = {
  readonly id: string;
  readonly side: "request" | "response";
  readonly at: number;
  readonly value: number;
  readonly rows: number;
};

/** A half as a KServe agent would send it, `at` milliseconds after the start. */
function event(name: string, { id, side, at, value, rows }: Sent, index = 0): Message {
  const values = Array.from({ length: rows }, (_, row) => value + row / 10);
  return {
    origin: { source: "kafka", topic: "events", partition: 0, offset: String(index) },
    bytes: Buffer.from(JSON.stringify(side === "request" ? { instances: values.map((x) => ({ x })) } : { predictions: values })),
    timestamp: null,
    headers: new Map([
      ["ce_specversion", "1.0"],
      ["ce_id", `${name}/${id}`],
      ["ce_type", `org.kubeflow.serving.inference.${side}`],
      ["ce_inferenceservicename", "price"],
      ["ce_endpoint", "default"],
      ["ce_time", new Date(START + at).toISOString()],
    ]),
  };
}

const ask = (id: string, at: number, value: number, rows = 1): Sent => ({ id, side: "request", at, value, rows });
const tell = (id: string, at: number, value: number, rows = 1): Sent => ({ id, side: "response", at, value, rows });
/** Brings the time of a replay to where everything before has had its time. */
const LATER = ask("later", 50 * MINUTE, 0);

describe("two halves", () => {
  it.each([
    ["the request first", [[ask("a", 0, 7)], [tell("a", 30, 9)]]],
    ["the answer first", [[tell("a", 30, 9)], [ask("a", 0, 7)]]],
    ["both at once", [[tell("a", 30, 9), ask("a", 0, 7)]]],
  ])("become one prediction: %s, over a restart, and again", async (_, batches) => {
    const run = program();
    for (const again of [false, true]) {
      for (const batch of batches) {
        expect(await run.ingest(batch.map((sent) => event(run.name, sent)))).toEqual({ accepted: batch.length, rejected: [] });
        await run.restart();
      }
      expect(await run.predictions(), String(again)).toEqual([{ id: "a", at: 30, x: 7, y: 9, latency: 30, status: "ok" }]);
    }
  });

  it("of many rows become as many predictions, told apart by their row", async () => {
    const run = program();
    await run.ingest([ask("a", 0, 1, 3), tell("a", 5, 2, 3)].map((sent) => event(run.name, sent)));
    expect((await run.predictions()).map(({ id, x, y }) => [id, x, y])).toEqual([
      ["a#0/3", 1, 2],
      ["a#1/3", 1.1, 2.1],
      ["a#2/3", 1.2, 2.2],
    ]);
  });

  it("of different numbers of rows belong not together", async () => {
    const run = program();
    await run.ingest([ask("a", 0, 1, 3), tell("a", 5, 2, 2), LATER].map((sent) => event(run.name, sent)));
    await run.sweep();
    expect(await run.predictions()).toEqual([]);
    expect(await run.unpaired()).toEqual({ request: 1, response: 1 });
  });

  it("wait durably: a half is stored before it is acknowledged, and not taken where it cannot be", async () => {
    const broken = program(undefined, {
      store: {
        ...store(),
        insert: async (table, rows) =>
          table === "halves" ? Promise.reject(new StoreError("full", { hint: "", retryable: false })) : store().insert(table, rows),
      },
    });
    await expect(broken.ingest([event(broken.name, ask("a", 0, 7))])).rejects.toThrow("full");
  });

  it("that met before the prediction could be stored meet again", async () => {
    let failing = true;
    const flaky: Store = {
      ...store(),
      insertNative: async (table, columns, rows) =>
        failing ? Promise.reject(new StoreError("gone", { hint: "", retryable: false })) : store().insertNative(table, columns, rows),
    };
    const run = program(undefined, { store: flaky });
    await run.ingest([event(run.name, ask("a", 0, 7))]);
    await expect(run.ingest([event(run.name, tell("a", 30, 9))])).rejects.toThrow("gone");
    expect(await run.predictions()).toEqual([]);
    failing = false;
    await run.restart();
    await run.ingest([event(run.name, tell("a", 30, 9))]);
    expect(await run.predictions()).toHaveLength(1);
  });

  it("of two processes that share a store meet", async () => {
    const one = program();
    const config = configOf(`${one.name}: {type: cloudevents, services: {price: {}}, within: 2s}`);
    const two = createPipeline({
      store: store(),
      models: config.models,
      adapters: config.adapters,
      clock: () => NOW,
      liveClock: false,
      log: silentLog,
    });
    await Promise.all([
      one.ingest([event(one.name, ask("a", 0, 7))]),
      two.ingest([{ ...event(one.name, tell("a", 30, 9)), adapter: one.name }]),
    ]);
    expect(await one.predictions()).toHaveLength(1);
  });
});

it("of two processes, the one that saw both halves has the last word on whether they waited in vain", async () => {
  const one = program();
  const config = configOf(`${one.name}: {type: cloudevents, services: {price: {}}, within: 2s}`);
  let now = NOW;
  let goOn = (): void => {};
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  let isAtGate = (): void => {};
  const atGate = new Promise<void>((resolve) => (isAtGate = resolve));
  const clock = (): number => (now += SECOND);
  const start = (options: { insert?: Store["insert"] }) =>
    createPipeline({
      store: { ...store(), ...options },
      models: config.models,
      adapters: config.adapters,
      clock,
      liveClock: true,
      log: silentLog,
    });
  const slow = start({
    insert: async (table, rows) => {
      if (table === "halves") isAtGate();
      if (table === "halves") await gate;
      return store().insert(table, rows);
    },
  });
  const answered = slow.ingest([{ ...event(one.name, tell("a", 30, 9)), adapter: one.name }]);
  await atGate;
  await start({}).ingest([{ ...event(one.name, ask("a", 0, 7)), adapter: one.name }]);
  expect(await one.unpaired()).toEqual({ request: 1 });
  goOn();
  await answered;
  expect(await one.unpaired()).toEqual({});
  expect(await one.predictions()).toHaveLength(1);
});

describe("what nobody answers", () => {
  it("is counted once its time is over, once, and no longer when the answer comes after all", async () => {
    const run = program();
    await run.ingest([ask("a", 0, 7), tell("alone", 10, 1), ask("fine", 0, 1), tell("fine", 1, 2)].map((sent) => event(run.name, sent)));
    await run.sweep();
    expect(await run.unpaired()).toEqual({});
    await run.ingest([event(run.name, LATER)]);
    for (const _ of ["once", "again"]) {
      await run.restart();
      await run.sweep();
      expect(await run.unpaired()).toEqual({ request: 1, response: 1 });
    }
    await run.ingest([event(run.name, tell("a", 1_500, 9))]);
    expect(await run.unpaired()).toEqual({ response: 1 });
    expect((await run.predictions()).map(({ id, status }) => [id, status])).toEqual([
      ["a", "ok"],
      ["fine", "ok"],
    ]);
  });

  it("is known after a restart before anything comes", async () => {
    const run = program();
    await run.ingest([ask("a", 0, 7), LATER].map((sent) => event(run.name, sent)));
    await run.sweep();
    await run.restart();
    await run.sweep();
    expect(run.told()).toEqual([{ adapter: run.name, side: "request", halves: 1 }]);
  });

  it("is forgotten with the halves", async () => {
    const run = program();
    await run.ingest([ask("a", 0, 7), LATER].map((sent) => event(run.name, sent)));
    await run.sweep();
    const remembered = async (now: number) => (await countUnpaired(store(), now)).filter(({ adapter }) => adapter === run.name).length;
    expect([await remembered(NOW + 23 * HOUR), await remembered(NOW + 25 * HOUR)]).toEqual([1, 0]);
  });

  it("may be any number", async () => {
    const run = program();
    const count = 20_000;
    for (let from = 0; from < count; from += 5_000)
      await run.ingest(
        Array.from({ length: 5_000 }, (_, index) => event(run.name, ask(`n-${from + index}`, from + index, 1), from + index)),
      );
    await run.ingest([event(run.name, LATER)]);
    await run.sweep();
    expect(await run.unpaired()).toEqual({ request: count });
    expect(await run.predictions()).toEqual([]);
  });

  it("goes by the clock in a live program", async () => {
    const run = program(undefined, { live: true });
    run.at(START + SECOND);
    await run.ingest([event(run.name, ask("a", 0, 7))]);
    await run.sweep();
    expect(await run.unpaired()).toEqual({});
    run.at(START + MINUTE);
    await run.sweep();
    expect(await run.unpaired()).toEqual({ request: 1 });
  });

  it("is a failed prediction where the adapter says so, until the answer comes after all", async () => {
    const run = program("services: {price: {}}, within: 2s, unanswered: error");
    await run.ingest([ask("a", 0, 7), LATER].map((sent) => event(run.name, sent)));
    await run.sweep();
    expect(await run.predictions()).toEqual([{ id: "a", at: 2_000, x: 7, y: null, latency: null, status: "error" }]);
    await run.ingest([event(run.name, tell("a", 1_999, 9))]);
    expect(await run.predictions()).toEqual([{ id: "a", at: 1_999, x: 7, y: 9, latency: 1_999, status: "ok" }]);
  });
});

describe("an id that is used again", () => {
  it("trap: two different requests with one Ce-Id are two predictions, of four halves with one id", async () => {
    const run = program();
    const sent = [ask("a", 0, 1), tell("a", 5, 2), ask("a", 900, 3), tell("a", 906, 4)];
    for (const one of sent.toReversed()) await run.ingest([event(run.name, one)]);
    expect(await run.predictions()).toEqual([
      { id: "a", at: 5, x: 1, y: 2, latency: 5, status: "ok" },
      { id: `a@${new Date(START + 906).toISOString()}`, at: 906, x: 3, y: 4, latency: 6, status: "ok" },
    ]);
  });

  it("by requests of other numbers of rows names none of them twice", async () => {
    const run = program();
    const sent = [ask("a", 0, 1, 2), tell("a", 5, 2, 2), ask("a", 900, 3, 3), tell("a", 906, 4, 3), ask("a", 950, 5), tell("a", 957, 6)];
    for (const one of sent.toReversed()) await run.ingest([event(run.name, one)]);
    expect((await run.predictions()).map(({ id, at, x }) => [id, at, x])).toEqual([
      ["a", 957, 5],
      ["a#0/2", 5, 1],
      ["a#0/3", 906, 3],
      ["a#1/2", 5, 1.1],
      ["a#1/3", 906, 3.1],
      ["a#2/3", 906, 3.2],
    ]);
  });

  it("in another namespace belongs to another answer, and is another prediction", async () => {
    const run = program();
    const within = (namespace: string, sent: Sent) => {
      const message = event(run.name, sent);
      return { ...message, headers: new Map([...(message.headers ?? []), ["ce_namespace", namespace] as const]) };
    };
    await run.ingest([within("prod", ask("a", 0, 1)), within("test", ask("a", 1, 2))]);
    await run.ingest([within("test", tell("a", 7, 20)), within("prod", tell("a", 9, 10))]);
    expect((await run.predictions()).map(({ id, x, y }) => [id, x, y])).toEqual([
      ["a", 2, 20],
      [`a@${new Date(START + 9).toISOString()}`, 1, 10],
    ]);
  });

  it("for every request is found out once, and costs no room from then on", async () => {
    const run = program();
    for (const at of [0, 300, 600])
      await run.ingest(
        Array.from({ length: 300 }, (_, index) => event(run.name, ask("same", at + index, index, 1 + (index % 7)), at + index)),
      );
    const [stored] = await store().query<{ halves: number }>("SELECT count() AS halves FROM halves WHERE adapter = {name:String}", {
      name: run.name,
    });
    expect(Number(stored?.halves)).toBe(300);
    expect(run.counters().rejected.get("invalid_field")).toBe(900);
  });

  it("for every request over HTTP leaves a letter for each, though all begin at index 0", async () => {
    const run = program();
    const overHttp = (at: number) => ({
      ...event(run.name, ask("http", at, at)),
      origin: { source: "http" as const, topic: "", partition: 0, offset: "0" },
    });
    await run.ingest(Array.from({ length: 257 }, (_, at) => overHttp(at)));
    for (const at of [300, 301, 302]) await run.ingest([overHttp(at)]);
    const letters = (await readDeadLetterPage(store(), { reason: "invalid_field" }, 1_000, null)).filter(({ payload }) =>
      payload.includes(`${run.name}/http`),
    );
    expect(letters).toHaveLength(260);
  });

  it("for every request becomes a dead letter that says so", async () => {
    const run = program();
    const many = Array.from({ length: 300 }, (_, index) => event(run.name, ask("same", index, index), index));
    await run.ingest(many);
    const letters = (await readDeadLetterPage(store(), { reason: "invalid_field" }, 1_000, null)).filter(({ payload }) =>
      payload.includes(run.name),
    );
    expect(letters.length).toBeGreaterThan(200);
    expect(letters[0]?.message).toMatch(
      /was used by more than 256 requests and answers within 86400 s; expected an id of its own for each request/,
    );
    await run.ingest([ask("other", 0, 1), tell("other", 1, 2)].map((sent) => event(run.name, sent)));
    expect((await run.predictions()).map(({ id }) => id)).toEqual(["other"]);
  });
});

describe("what was captured", () => {
  it("of KServe's agent becomes its predictions; of the rest nothing is lost or made up", async () => {
    const run = program("services: {sklearn-iris: {feature_names: [a, b, c, d]}}");
    const names = [
      "01-v1-request",
      "02-v1-response",
      "05-v2-request",
      "06-v2-response",
      "07-v1-request-rejected-404-no-response-follows",
      "08-GET-health-request",
    ];
    const result = await run.ingest(names.toReversed().map(captured));
    expect(result).toEqual({ accepted: 5, rejected: [] });
    expect(run.counters().ignored).toEqual(new Map([["health_check", 1]]));
    const common = { version: "default", status: "ok" };
    const [first, second] = [
      { a: 5.1, b: 3.5, c: 1.4, d: 0.2 },
      { a: 6.2, b: 3.4, c: 5.4, d: 2.3 },
    ];
    const [one, two] = [Date.UTC(2026, 10, 21, 3, 10, 22, 628), Date.UTC(2026, 10, 21, 3, 10, 24, 81)];
    expect(await storedPredictions(store(), configOf("{}").models.get("sklearn-iris"))).toEqual([
      { ...common, id: "b943f10c-e883-41db-af39-9431f076b20e#0/2", at: one, features: first, answer: 10.2, latency: 7.437 },
      { ...common, id: "b943f10c-e883-41db-af39-9431f076b20e#1/2", at: one, features: second, answer: 17.3, latency: 7.437 },
      { ...common, id: "db2d238d-f3bf-4d64-b325-7b6970e22ef3", at: two, features: first, answer: 10.2, latency: 7.054 },
    ]);
  });

  it("of MLServer's two topics is paired by record key", async () => {
    const run = program("services: {iris: {feature_names: [a, b, c, d]}}");
    await run.ingest(mlserverRecords());
    const rows = await storedPredictions(store(), configOf("{}").models.get("iris"));
    expect(rows.map(({ id, version, answer, features, latency }) => ({ id, version, answer, a: features["a"], latency }))).toEqual(
      ["body-id", "req-0001", "req-0002"].flatMap((id) => [
        { id: `${id}#0/2`, version: "v0.1.0", answer: "1", a: 5.1, latency: 6 },
        { id: `${id}#1/2`, version: "v0.1.0", answer: "1", a: 6.2, latency: 6 },
      ]),
    );
  });
});

/** What should come of a set of halves, by the rule in words: each answer takes the latest request before it, or one soon after. */
function expected(sent: readonly Sent[]) {
  const met = new Set<Sent>();
  const named = new Map<string, { readonly answer: Sent; readonly request: Sent | null }[]>();
  for (const answer of sent.filter(({ side }) => side === "response")) {
    const requests = sent.filter((one) => one.side === "request" && one.id === answer.id && one.rows === answer.rows);
    const latest = Math.max(...requests.map(({ at }) => at).filter((at) => at <= answer.at && answer.at - at <= 2_000));
    const meant = requests.filter(({ at }) => (latest === -Infinity ? at > answer.at : at === latest));
    if (meant.length === 0) continue;
    for (const one of [answer, ...meant]) met.add(one);
    const slot = `${answer.id} ${answer.rows}`;
    named.set(slot, [...(named.get(slot) ?? []), { answer, request: latest === -Infinity ? null : (meant[0] ?? null) }]);
  }
  const predictions = [...named.values()].flatMap((pairs) => {
    const first = Math.min(...pairs.map(({ answer }) => answer.at));
    return pairs.flatMap(({ answer: { id, at, value, rows }, request }) =>
      Array.from({ length: rows }, (_, row) => ({
        id: `${id}${at === first ? "" : `@${new Date(START + at).toISOString()}`}${rows === 1 ? "" : `#${row}/${rows}`}`,
        at,
        x: request ? (expect.closeTo(request.value + row / 10, 9) as number) : (expect.any(Number) as number),
        y: expect.closeTo(value + row / 10, 9) as number,
        latency: request ? at - request.at : null,
        status: "ok",
      })),
    );
  });
  const alone = (side: Sent["side"]) => sent.filter((one) => one.side === side && !met.has(one)).length;
  return {
    predictions: predictions.sort((a, b) => (a.id < b.id ? -1 : 1)),
    unpaired: { request: alone("request"), response: alone("response") },
  };
}

const halves = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom("a", "b"),
    side: fc.constantFrom("request" as const, "response" as const),
    at: fc.integer({ min: 0, max: 60 }).map((step) => step * 100),
    value: fc.integer({ min: 0, max: 9 }),
    rows: fc.constantFrom(1, 1, 2, 3),
  }),
  // Halves of one side at one time would be told apart by their content alone, and one id has one prediction at a time.
  { minLength: 1, maxLength: 14, selector: ({ id, side, at, rows }) => `${id} ${side} ${at} ${rows}` },
);

it(
  "any order, any interleaving, repeats and restarts in between: the same predictions, nothing lost, the rest counted",
  { timeout: 300_000 },
  async () => {
    const arrivals = halves.chain((sent) =>
      fc.record({
        sent: fc.constant(sent),
        order: fc
          .tuple(fc.shuffledSubarray([...sent.keys()], { minLength: sent.length }), fc.array(fc.nat(sent.length - 1), { maxLength: 6 }))
          .chain(([all, again]) => fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length })),
        cuts: fc.array(fc.constantFrom("batch", "batch", "restart", "sweep"), { minLength: 20, maxLength: 20 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(arrivals, async ({ sent, order, cuts }) => {
        const run = program();
        let batch: Message[] = [];
        for (const [index, which] of order.entries()) {
          batch.push(event(run.name, sent[which]!, which));
          const cut = cuts[index % cuts.length];
          if (cut === "batch" && index % 2 === 0) continue;
          await run.ingest(batch);
          batch = [];
          if (cut === "restart") await run.restart();
          if (cut === "sweep") await run.sweep();
        }
        await run.ingest(batch);
        await run.ingest([event(run.name, LATER)]);
        await run.sweep();

        const { predictions, unpaired } = expected(sent);
        const stored = await run.predictions();
        expect(stored).toEqual(predictions);
        expect({ request: 0, response: 0, ...(await run.unpaired()) }).toEqual(unpaired);

        const together = program();
        await together.ingest(sent.map((one) => event(together.name, one)));
        expect(await together.predictions()).toEqual(stored);
      }),
      { numRuns: 15 },
    );
  },
);
