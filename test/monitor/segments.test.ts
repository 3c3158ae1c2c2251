import { describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import type { Transition } from "../../src/model/alert.ts";
import type { Rule } from "../../src/model/rule.ts";
import type { SegmentSettings } from "../../src/model/segment.ts";
import type { Config } from "../../src/model/settings.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { largestShares } from "../../src/monitor/explain-segments.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { play, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { driftRule, fileBaseline, toyConfig } from "../support/toy-config.ts";

const START = Date.UTC(2026, 0, 1);
const CARRIERS = ["AA", "DL", "UA", "EV", "B6", "WN", "9E", "US", "MQ", "FL", "YV", "OO"];
const ROWS = 720;

type Off = { readonly moved?: number; readonly wrong?: number };

/** A day of predictions: carriers in equal parts, a number, and labels beside them. What is off in one of them: its number, by how much, and how often it is predicted wrong. */
function day(index: number, seed: number, { moved = 0, wrong = 0.1 }: Off = {}) {
  const random = mulberry32(seed * 1_000 + index);
  const predictions = [];
  const labels = [];
  for (let row = 0; row < ROWS; row += 1) {
    const carrier = CARRIERS[row % CARRIERS.length] ?? "";
    const time = START + index * DAY + Math.floor(((row + random()) * DAY) / ROWS);
    const amount = random() + random() + random() + random() + (carrier === "DL" ? moved : 0);
    const predicted = random() < 0.5;
    const isWrong = random() < (carrier === "DL" ? wrong : 0.1);
    const id = `${index}-${row}`;
    predictions.push({
      type: "prediction",
      id,
      model: "toy",
      version: "1",
      time: new Date(time).toISOString(),
      features: { amount, carrier, distance: Math.floor(random() * 2_000) },
      prediction: predicted ? "yes" : "no",
      score: predicted ? 0.9 : 0.1,
    });
    labels.push({
      type: "label",
      id,
      model: "toy",
      time: new Date(time + HOUR).toISOString(),
      label: predicted === isWrong ? "no" : "yes",
    });
  }
  return { predictions, labels };
}

const ABOVE = new Map([
  ["wasserstein", 0.35],
  ["psi", 0.1],
] as const);
const drift = (name: string, changes: Partial<Rule["measure"]> = {}): Rule =>
  driftRule(ABOVE, { baseline: "training", ...changes }, { name, atLeastRows: 20 });

const SEGMENTS: readonly SegmentSettings[] = [
  { kind: "by", columns: [{ feature: "carrier", bins: null }], top: 20 },
  { kind: "where", name: "long-haul", predicate: { kind: "number", feature: "distance", operator: ">", value: 1_000 } },
];
const accuracy = (name: string, changes: Partial<Rule["measure"]> = {}): Rule => ({
  ...drift(name, { metric: "accuracy", of: null, ...changes }),
  fire: { above: new Map(), drop: 0.15, falseAlarms: 0.01 },
  clear: { below: new Map(), drop: 0.05, pValue: 0.2, evaluations: 1 },
});
const RULES = [
  drift("whole"),
  drift("by-segment", { segments: "each", of: ["amount"] }),
  accuracy("accuracy"),
  accuracy("accuracy-by-carrier", { segments: ["carrier"] }),
];

function configOf(directory: string, changes: { segments?: readonly SegmentSettings[]; rules?: readonly Rule[] } = {}): Config {
  const rows = Array.from({ length: 9 }, (_, index) => {
    const { predictions, labels } = day(index - 9, 1);
    return predictions.map((row, place) => ({ ...row, label: labels[place]?.label }));
  }).flat();
  const model = { segments: changes.segments ?? SEGMENTS, baselines: [fileBaseline(directory, rows)] };
  return toyConfig(directory, model, changes.rules ?? RULES);
}

const days = (count: number, seed: number, off: (index: number) => Off) =>
  Array.from({ length: count }, (_, index) => day(index, seed, off(index))).flatMap(({ predictions, labels }) => [
    ...predictions,
    ...labels,
  ]);
const fired = (transitions: readonly Transition[]) =>
  transitions
    .filter(({ to }) => to === "firing")
    .map(({ key, window }) => [key.rule, key.segment, key.subject, (window.from - START) / DAY]);

describe("a change in one segment only", () => {
  test("is not seen in the whole, and found in the segment", async () => {
    const { app, transitions } = await startProgram(configOf(scratchDirectory()));
    await play(
      app,
      days(6, 2, (index) => (index >= 4 ? { moved: 1, wrong: 0.5 } : {})),
    );
    expect(new Set(fired(transitions))).toEqual(
      new Set([
        ["accuracy-by-carrier", "carrier=DL", "performance", 4],
        ["by-segment", "carrier=DL", "amount", 4],
      ]),
    );
    const [told, worse] = transitions.filter(({ to }) => to === "firing");
    expect(worse?.summary).toMatch(/^Accuracy in segment .?carrier=DL.? fell from 0\.8\d+ to 0\.[345]/);
    expect(told?.summary).toMatch(/^amount in segment .?carrier=DL.? has moved/);
    expect(told?.explanation.subjectsTested).toBe(13);
    expect(told?.explanation.hints[0]).toMatch(/driftwatch drift --model toy --segment '?carrier=DL'? --from/);
    // Measured by schedule is what rules ask for, and no more.
    const stored = await readMeasurements(app.store, { model: "toy", segments: "each" });
    const segments = new Set(stored.map(({ segment }) => segment));
    expect(segments).toEqual(new Set([null, ...CARRIERS.map((name) => `carrier=${name}`), "long-haul"]));
    expect(new Set(stored.filter(({ segment }) => segment !== null).map(({ feature, metric }) => `${feature} ${metric}`))).toEqual(
      new Set(["amount wasserstein", "amount psi", "null accuracy"]),
    );
    expect((await readMeasurements(app.store, { model: "toy" })).every(({ segment }) => segment === null)).toBe(true);
    // Any other can be asked for.
    const window = { from: START + 4 * DAY, to: START + 6 * DAY };
    const asked = await app.monitor.measure({
      model: "toy",
      window,
      baselines: ["training"],
      families: ["drift"],
      segments: ["carrier=DL"],
    });
    expect(
      asked
        .filter(({ metric, pValue }) => metric === "wasserstein" && (pValue ?? 1) < 0.001)
        .map(({ feature, segment }) => [feature, segment]),
    ).toEqual([["amount", "carrier=DL"]]);
    expect(await app.monitor.measure({ model: "toy", window, baselines: ["training"], families: ["drift"], segments: ["nobody"] })).toEqual(
      [],
    );
    const rows = [4, 5].flatMap((index) => {
      const { predictions, labels } = day(index, 2, { moved: 1, wrong: 0.5 });
      return predictions.map(({ features, prediction }, place) => ({ carrier: features.carrier, prediction, label: labels[place]?.label }));
    });
    for (const carrier of ["DL", "AA"]) {
      const segments = [`carrier=${carrier}`];
      const measured = await app.monitor.measure({ model: "toy", window, baselines: ["training"], families: ["performance"], segments });
      const cell = (prediction: string, label: string) =>
        rows.filter((row) => row.carrier === carrier && row.prediction === prediction && row.label === label).length;
      expect(measured.find(({ metric }) => metric === "accuracy")?.detail.confusion).toEqual({
        tp: cell("yes", "yes"),
        fp: cell("yes", "no"),
        fn: cell("no", "yes"),
        tn: cell("no", "no"),
      });
    }
  });

  test("is what a loss of the whole is made of, if it is large enough to be one", async () => {
    const little = new Map([
      ["wasserstein", 0.05],
      ["psi", 0.05],
    ] as const);
    const rules = [
      { ...accuracy("accuracy"), fire: { above: new Map(), drop: 0.02, falseAlarms: 0.05 } },
      driftRule(little, { baseline: "training", of: ["amount"] }, { name: "amount", atLeastRows: 20 }),
    ];
    const { app, transitions } = await startProgram(configOf(scratchDirectory(), { rules }));
    await play(
      app,
      days(4, 5, (index) => (index >= 2 ? { moved: 1, wrong: 0.9 } : {})),
    );
    const moved = transitions.find(({ to, key }) => to === "firing" && key.rule === "amount");
    expect(moved?.key.segment).toBeNull();
    expect(moved?.summary).toMatch(/^amount has moved: .*; “carrier=DL” carries \d+(\.\d)?% of it with 8\.3\d?% of the rows\. /);
    expect(moved?.explanation.detail.segments?.[0]).toMatchObject({ segment: "carrier=DL", reference: null, current: null });
    const told = transitions.find(({ to, key }) => to === "firing" && key.rule === "accuracy");
    expect(told?.key.segment).toBeNull();
    expect(told?.summary).toMatch(/“carrier=DL” \(0\.\d+ to 0\.\d+\) carries \d+(\.\d)?% of it with 8\.3\d?% of the rows/);
    const [largest] = told?.explanation.detail.segments ?? [];
    expect(largest).toMatchObject({ segment: "carrier=DL" });
    const window = { from: START + 2 * DAY, to: START + 4 * DAY };
    const question = { model: "toy", version: "1", window, baseline: "training" };
    const explained = await app.monitor.explainSegments({ ...question, of: { metric: "accuracy" } });
    const measurements = await app.monitor.measure({ ...question, baselines: ["training"], families: ["performance"] });
    const measured = measurements.find(({ metric }) => metric === "accuracy");
    const change = (measured?.value ?? 0) - (measured?.detail.reference ?? 0);
    expect(explained?.change).toBeCloseTo(change, 12);
    expect(explained?.partitions.map(({ group, segments }) => [group, segments[0]?.segment])).toEqual([
      ["carrier", "carrier=DL"],
      ["long-haul", expect.stringMatching(/^(not )?long-haul$/)],
    ]);
    for (const { change: sum, segments } of explained?.partitions ?? []) {
      expect(sum).toBeCloseTo(change, 12);
      expect(segments.reduce((total, { contribution }) => total + contribution, 0)).toBeCloseTo(change, 12);
    }
    const drifted = await app.monitor.explainSegments({ ...question, of: { subject: "feature", feature: "amount" } });
    expect(drifted?.metric).toBe("total_variation");
    expect(drifted?.partitions[0]?.segments[0]).toMatchObject({ segment: "carrier=DL", value: { reference: null, current: null } });
    const sure = drifted?.partitions[0]?.segments.filter(({ adjustedPValue }) => (adjustedPValue ?? 1) < 0.001);
    expect(sure?.map(({ segment }) => segment)).toEqual(["carrier=DL"]);
    expect(drifted?.partitions[1]?.change).toBeCloseTo(drifted?.change ?? Number.NaN, 12);
    expect(await app.monitor.explainSegments({ ...question, of: { metric: "f1" } })).toBeNull();
    expect(await app.monitor.explainSegments({ ...question, version: "none", of: { metric: "accuracy" } })).toBeNull();
  });

  test("that is none fires nothing", async () => {
    const { app, transitions } = await startProgram(configOf(scratchDirectory()));
    await play(
      app,
      days(6, 3, () => ({})),
    );
    expect(fired(transitions)).toEqual([]);
  });
});

describe("other segments", () => {
  test("are counted from the stored events, and what they were called before is not mixed with what they are", async () => {
    const directory = scratchDirectory();
    const long = (value: number): SegmentSettings => ({
      kind: "where",
      name: "long",
      predicate: { kind: "number", feature: "distance", operator: ">", value },
    });
    const rules = [drift("long", { segments: ["long"], of: ["amount"] })];
    const rowsOf = async (app: App) =>
      (await readMeasurements(app.store, { model: "toy", segments: "each", metric: "psi" }))
        .map(({ rows, revision, segment }) => [segment, rows.current, revision])
        .filter(([segment]) => segment === "long");
    const first = await startProgram(configOf(directory, { segments: [long(1_000)], rules }));
    await play(
      first.app,
      days(2, 2, () => ({})),
    );
    const before = await rowsOf(first.app);
    expect(before.length).toBe(2);
    await first.app.stop();
    const second = await startProgram(configOf(directory, { segments: [long(1_500)], rules }));
    await play(second.app, []);
    const after = await rowsOf(second.app);
    expect(after).toEqual(before.map(([segment]) => [segment, expect.any(Number), 2]));
    expect(after.map(([, rows]) => rows)).not.toEqual(before.map(([, rows]) => rows));
    const longer = ({ features }: { features: { distance: number } }) => features.distance > 1_500;
    const expected = [0, 1].map((index) => day(index, 2).predictions.filter(longer).length);
    expect(after.map(([, rows]) => rows)).toEqual(expected);
  });
});

test("an alert names what carries more of a change than its part of the rows, not what merely holds most rows", () => {
  const share = (segment: string, rows: number, contribution: number, p = 0) => ({
    segment,
    rows: { reference: rows, current: rows },
    value: { reference: 0.8, current: 0.6 },
    mix: 0,
    within: contribution,
    contribution,
    pValue: p,
    adjustedPValue: p,
  });
  const named = largestShares({
    metric: "accuracy",
    change: -0.1,
    partitions: [
      { group: "loyal", change: -0.1, segments: [share("not loyal", 850, -0.084), share("loyal", 150, -0.016)] },
      { group: "country", change: -0.1, segments: [share("DE", 290, -0.075), share("NL", 650, -0.015, 0.2), share("HR", 60, -0.01)] },
    ],
  });
  expect(named.map(({ segment }) => segment)).toEqual(["DE", "HR", "loyal"]);
  expect(named[0]?.share).toBeCloseTo(0.75, 12);
  expect(named[0]?.rowShare).toBe(0.29);
});
