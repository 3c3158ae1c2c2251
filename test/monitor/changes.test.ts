import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { ModelSettings } from "../../src/model/settings.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { findChanges } from "../../src/monitor/changes.ts";
import type { StoredBaseline } from "../../src/store/baselines.ts";
import type { Store } from "../../src/store/store.ts";
import { openTemporaryStore } from "../alerting/examples.ts";
import { cli, configFile, connectionTo } from "../cli/terminal.ts";
import { apiOver } from "../support/api.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { binaryOutcomes, outcomeRow, withBins } from "../support/outcomes.ts";
import { seedModel } from "../support/seed.ts";

const START = Date.UTC(2026, 0, 1);
const settings: ModelSettings = { ...seedModel(), name: "toy", bucket: HOUR, labelsExpectedWithin: DAY };
const training: StoredBaseline = {
  model: "toy",
  key: "training-1",
  name: "training",
  version: "",
  source: "training.ndjson",
  digest: "0",
  rows: 0,
  labelled: 0,
  firstTime: 0,
  lastTime: 0,
  createdAt: 0,
};

let store: Store;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
});
beforeEach(() => store.execute("TRUNCATE TABLE outcome_counts"));
afterAll(() => remove());

/** Days of predictions, each with errors by chance at its own rate. */
function days(rates: readonly number[], rows: number, seed: number, baseline = "", first = START) {
  const random = mulberry32(seed);
  return rates.map((rate, day) => {
    const wrong = Array.from({ length: rows }, () => Number(random() < rate)).reduce((sum, one) => sum + one, 0);
    return outcomeRow(
      { model: "toy", version: "1", bucket: (first + day * DAY) / 1000, baseline },
      binaryOutcomes([rows - wrong, 0, wrong, 0]),
    );
  });
}

const constant = (rate: number, length: number) => new Array<number>(length).fill(rate);
const find = (baseline: StoredBaseline | null, watermark: number | null) =>
  findChanges(
    { store, settings, outcomeGrid: { task: "binary", positive: "late" }, baseline, watermark },
    { model: "toy", version: "1", step: DAY },
  );

it("every detector finds errors that rise from 10 to 20 %, and places them, and none does where nothing changes", async () => {
  await store.insert("outcome_counts", days(constant(0.1, 60), 200, 1, "training-1", START - 90 * DAY));
  await store.insert("outcome_counts", days([...constant(0.1, 40), ...constant(0.2, 20)], 200, 2));
  const quiet = await find(training, START + 41 * DAY);
  expect(quiet).toMatchObject({ steps: 40, labelled: 8_000, quantity: "error_rate", found: [] });
  expect(quiet.reference?.rows).toBe(12_000);
  expect(quiet.reference?.mean).toBeCloseTo(0.1, 2);
  expect(quiet.reference?.between).toBeLessThan(0.01);

  const { found, steps } = await find(training, START + 61 * DAY);
  expect(steps).toBe(60);
  expect(found.map(({ detector }) => detector).sort()).toEqual(["adwin", "cusum", "ewma", "rate_change"]);
  for (const one of found) {
    expect(one.direction).toBe("up");
    expect(Math.abs(one.since - (START + 40 * DAY))).toBeLessThanOrEqual(3 * DAY);
    expect(one.foundAt).toBeGreaterThan(START + 40 * DAY);
    expect(one.foundAt).toBeLessThanOrEqual(START + 50 * DAY);
    expect(one.before).toBeCloseTo(0.1, 1);
    expect(one.after).toBeGreaterThan(0.14);
  }
  // It stays found as long as it lasts, and is told once.
  expect(found.find(({ detector }) => detector === "cusum")?.heldUntil).toBeGreaterThan(START + 55 * DAY);
});

it("without a baseline ADWIN alone looks; before labels have had their time nobody does; and there may be nothing", async () => {
  await store.insert("outcome_counts", days([...constant(0.05, 20), ...constant(0.3, 20)], 200, 3));
  const alone = await find(null, START + 41 * DAY);
  expect(alone.reference).toBeNull();
  expect(alone.found.map(({ detector }) => detector)).toEqual(["adwin"]);
  // The twenty-first day is worse, and its labels may still come.
  expect((await find(null, START + 21 * DAY + HOUR)).steps).toBe(20);
  expect(await find(null, null)).toMatchObject({ steps: 0, labelled: 0, from: null, to: null, found: [] });
});

it("days that differ more than chance are no change, when the baseline's do", async () => {
  const random = mulberry32(4);
  const restless = (length: number) => Array.from({ length }, () => (random() < 0.5 ? 0.06 : 0.14));
  await store.insert("outcome_counts", days(restless(90), 500, 5, "training-1", START - 90 * DAY));
  await store.insert("outcome_counts", days(restless(60), 500, 6));
  const { found, reference } = await find(training, START + 61 * DAY);
  expect(reference?.between).toBeCloseTo(0.04, 2);
  expect(found.filter(({ detector }) => detector !== "adwin")).toEqual([]);
});

it("what ADWIN tells of a change is what it saw: errors that came down are fewer than before", async () => {
  const rates = [...constant(0.04, 30), ...constant(0.12, 30), ...constant(0.46, 4), ...constant(0.16, 10)];
  await store.insert("outcome_counts", days(rates, 300, 7));
  const { found } = await find(null, START + (rates.length + 1) * DAY);
  const down = found.find(({ direction }) => direction === "down");
  expect(down?.since).toBe(START + 64 * DAY);
  expect(down?.after).toBeCloseTo(0.16, 1);
  expect(down?.before).toBeGreaterThan(0.25);
});

it("sizes of errors are followed in the model's own unit", async () => {
  const regression = { task: "regression", edges: [0], labelEdges: [0], center: 0, scale: 4 } as const;
  const of = (day: number, size: number, baseline = "", first = START) => {
    const random = mulberry32(day + 7);
    const sizes = Array.from({ length: 200 }, () => size * 2 * random());
    const sum = sizes.reduce((all, one) => all + one, 0);
    const outcomes = withBins(
      { ...binaryOutcomes([0, 0, 0, 0]), predictions: 200, labelled: 200 },
      {},
      { absolute_error: { 0: sum }, squared_error: { 0: sizes.reduce((all, one) => all + one * one, 0) } },
    );
    return outcomeRow({ model: "toy", version: "1", bucket: (first + day * DAY) / 1000, baseline }, outcomes);
  };
  await store.insert(
    "outcome_counts",
    [...Array(60).keys()].map((day) => of(day, 1, "training-1", START - 90 * DAY)),
  );
  await store.insert(
    "outcome_counts",
    [...Array(40).keys()].map((day) => of(day, day < 25 ? 1 : 1.3)),
  );
  const { found, quantity, reference } = await findChanges(
    { store, settings: { ...settings, task: "regression" }, outcomeGrid: regression, baseline: training, watermark: START + 41 * DAY },
    { model: "toy", version: "1", step: DAY },
  );
  expect(quantity).toBe("absolute_error");
  expect(reference?.mean).toBeCloseTo(4, 0);
  expect(found.map(({ detector }) => detector).sort()).toEqual(["adwin", "cusum", "ewma"]);
  expect(found[0]?.after).toBeGreaterThan(4.6);
});

it("over HTTP and by command, with what to do where there is nothing", async () => {
  await store.insert("outcome_counts", days([...constant(0.05, 20), ...constant(0.3, 20)], 200, 3));
  await store.execute("TRUNCATE TABLE service_counts");
  await store.insert("service_counts", [
    { model: "toy", version: "1", bucket: START / 1000, requests: 200, errors: 0, generation: 1 },
    { model: "toy", version: "2\u001b[2J", bucket: START / 1000 - 3_600, requests: 1, errors: 0, generation: 1 },
  ]);
  const { app } = apiOver(store, [settings, { ...settings, name: "search", task: "ranking" }], {
    changes: async (query) =>
      query.model === "search"
        ? null
        : findChanges(
            { store, settings, outcomeGrid: { task: "binary", positive: "late" }, baseline: null, watermark: START + 41 * DAY },
            query,
          ),
  });
  const answer = (await (await app.request("/v1/models/toy/changes")).json()) as { version: string; found: { since: string }[] };
  expect(answer).toMatchObject({ version: "1", step: "1d", quantity: "error_rate", found: [{ detector: "adwin", direction: "up" }] });
  expect(answer.found[0]?.since).toBe(new Date(START + 20 * DAY).toISOString().replace(".000", ""));
  expect((await app.request("/v1/models/toy/changes?version=9")).status).toBe(404);
  for (const step of ["90m", "0s", "0d"]) expect((await app.request(`/v1/models/toy/changes?step=${step}`)).status, step).toBe(400);
  expect((await app.request("/v1/models/search/changes")).status).toBe(404);

  const file = configFile("clock: replay\nstore: {path: ./data}\nmodels: {toy: {task: binary, positive: late, bucket: 1h}}\n");
  const run = (...argv: string[]) =>
    cli(["changes", "-c", file, ...argv], {
      connect: async () => connectionTo(app),
    });
  const { code, out } = await run();
  expect(code).toBe(0);
  expect(out).toContain("toy, version 1: share of wrong predictions, 2026-01-01 00:00 to 2026-02-10 00:00, by 1d; 8,000 labels");
  expect(out).toMatch(/ADWIN.*2026-01-21 00:00.*5(\.\d)?%.*worse/);
  expect(out).toContain("held until: when it was last found again");
  expect(JSON.parse((await run("--json")).out)).toMatchObject({ found: [{ detector: "adwin" }] });
  const hostile = await run("--version", "2\u001b[2J");
  expect(hostile).toMatchObject({ code: 0, out: "" });
  expect(hostile.err).toContain("No labels of");
  expect(hostile.err).not.toContain("\u001b[2J");
});
