import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DAY, HOUR } from "../../src/model/time.ts";
import { delayBin, delayOfBin } from "../../src/model/label-delays.ts";
import { readAlerts } from "../../src/store/alerts.ts";
import { exampleRule } from "../alerting/examples.ts";
import { ingest, play, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { fileBaseline, toyConfig } from "../support/toy-config.ts";

type Row = readonly [time: number, actual: boolean, wrong: boolean, delay: number];
/** What statsmodels says of the same rows: `labels_oracle.py`. */
const oracle = JSON.parse(readFileSync(new URL("../oracle/labels-oracle.json", import.meta.url), "utf8")) as {
  readonly days: number;
  readonly expectedHours: number;
  readonly rows: readonly Row[];
  readonly window: Readonly<
    Record<
      | "asOf"
      | "rows"
      | "labelled"
      | "due"
      | "final"
      | "ripe"
      | "accuracyNow"
      | "accuracyCorrected"
      | "accuracyInTheEnd"
      | "coverageInTheEnd",
      number
    >
  >;
};

const START = Date.UTC(2026, 5, 1);
const END = oracle.days * DAY;
const name = (positive: boolean) => (positive ? "yes" : "no");

const prediction = ([time, actual, wrong]: Row, index: number, start = START) => ({
  type: "prediction",
  id: `${start}-${index}`,
  model: "toy",
  version: "1",
  time: new Date(start + time).toISOString(),
  features: { x: index },
  prediction: name(actual !== wrong),
});
const label = ([time, actual, , delay]: Row, index: number) => ({
  type: "label",
  id: `${START}-${index}`,
  model: "toy",
  time: new Date(START + time + delay).toISOString(),
  label: name(actual),
});
const predictions = oracle.rows.map((row, index) => prediction(row, index));
const labels = (from: number, to: number) =>
  oracle.rows.flatMap((row, index) => (row[3] >= 0 && row[0] + row[3] > from && row[0] + row[3] <= to ? [label(row, index)] : []));
/** One row just after the end: the last window is over. */
const last = prediction([END + 60_000, false, false, 0], oracle.rows.length);

/** The program, which is told that labels take up to `expected`. */
async function program(expected: number) {
  const directory = scratchDirectory();
  const training = oracle.rows.slice(0, 600).map((row, index) => ({ ...prediction(row, index, START - 90 * DAY), label: name(row[1]) }));
  const accuracy = exampleRule({
    name: "accuracy",
    models: null,
    measure: { metric: "accuracy", of: null, baseline: "training", window: DAY, every: DAY },
    fire: { above: new Map(), drop: 0.1, falseAlarms: 0.01 },
    clear: { below: new Map(), drop: 0.05, pValue: 0.2, evaluations: 1 },
    atLeastRows: 1,
    notify: [],
  });
  const config = toyConfig(directory, { baselines: [fileBaseline(directory, training)], labelsExpectedWithin: expected }, [accuracy]);
  return (await startProgram(config)).app;
}

const day = { from: START + END - DAY, to: START + END };

test("of a window that waits for labels it is known how many will come, and what late ones of one class do to shares", async () => {
  const app = await program(oracle.expectedHours * HOUR);
  await ingest(app, [...predictions, last, ...labels(-1, END)]);
  await app.tick();
  const measured = async () => {
    const found = await app.monitor.measure({ model: "toy", window: day, baselines: ["training"], families: ["performance"] });
    return (metric: string) => found.find((one) => one.metric === metric);
  };
  const { asOf, due, final, ripe, ...then } = oracle.window;
  const early = (await measured())("accuracy");
  expect(early).toMatchObject({ status: "labels_pending", labelled: then.labelled, rows: { current: then.rows } });
  expect(early?.value).toBeCloseTo(then.accuracyNow, 12);
  const ripeness = early?.detail.labels;
  expect(ripeness).toMatchObject({ asOf: START + asOf, half: expect.stringMatching(/^\d+h$/), most: expect.stringMatching(/^\d+[hd]$/) });
  for (const [figure, value] of Object.entries({ due, final, ripe })) expect(ripeness?.[figure as "due"], figure).toBeCloseTo(value, 12);
  expect(ripeness?.low).toBeLessThan(then.coverageInTheEnd);
  expect(ripeness?.high).toBeGreaterThan(then.coverageInTheEnd);
  // Of positives the model is wrong more often, and their labels come late.
  const corrected = early?.detail.corrected;
  expect(corrected?.value).toBeCloseTo(then.accuracyCorrected, 12);
  expect(corrected?.low).toBeLessThan(then.accuracyInTheEnd);
  expect(corrected?.high).toBeGreaterThan(then.accuracyInTheEnd);
  const others = await measured();
  expect(others("recall")?.detail.corrected).toBeUndefined();
  expect(others("precision")?.detail.corrected).toBeDefined();
  const end = prediction([END + 10 * DAY, false, false, 0], oracle.rows.length + 1);
  await play(app, [...labels(END, Infinity), end]);
  const ripened = (await measured())("accuracy");
  expect(ripened).toMatchObject({ status: "ok", value: expect.closeTo(then.accuracyInTheEnd, 12) });
  expect(ripened?.detail.corrected).toBeUndefined();
  expect(ripened?.detail.labels?.ripe).toBeGreaterThan(0.97);
}, 60_000);

test("a window whose labels mostly have not come is not judged, though their time is over; it is once they have", async () => {
  const app = await program(HOUR);
  // Labels of the last day are held up: the few that have come say that everything was wrong.
  const held = oracle.rows.flatMap((row, index) => (row[3] >= 0 && START + row[0] >= day.from ? [label(row, index)] : []));
  const few = held.slice(0, 40).map((one) => ({ ...one, label: one.label === "yes" ? "no" : "yes" }));
  const ids = new Set(held.map(({ id }) => id));
  const earlier = labels(-1, Infinity).filter(({ id }) => !ids.has(id));
  const end = prediction([END + 3 * DAY, false, false, 0], oracle.rows.length + 1);
  await play(app, [...predictions, ...earlier, ...few, end]);
  const stored = async () => {
    const found = await app.monitor.measure({ model: "toy", window: day, baselines: ["training"], families: ["performance"] });
    return { accuracy: found.find((one) => one.metric === "accuracy"), coverage: found.find((one) => one.metric === "label_coverage") };
  };
  const early = await stored();
  expect(early.accuracy).toMatchObject({
    status: "insufficient",
    labelled: 40,
    detail: { note: expect.stringMatching(/expected_within/) },
  });
  expect(early.accuracy?.detail.labels?.ripe).toBeLessThan(0.5);
  expect(early.coverage?.status).toBe("ok");
  expect((await readAlerts(app.store)).filter(({ state }) => state === "firing")).toEqual([]);
  await play(
    app,
    held.map((one) => ({ ...one, revision: 1 })),
  );
  expect((await stored()).accuracy).toMatchObject({ status: "ok", labelled: held.length });
}, 60_000);

test("a delay is in the bin that begins with the shortest of it", () => {
  for (let buckets = 0; buckets < 100_000; buckets += buckets < 3_000 ? 1 : 997) {
    const bin = delayBin(buckets);
    expect(delayOfBin(bin)).toBeLessThanOrEqual(buckets);
    expect(delayOfBin(bin + 1)).toBeGreaterThan(buckets);
  }
});
