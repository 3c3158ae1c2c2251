import { deeperQuery } from "../../src/alerting/deeper-query.ts";
import type { Explanation, Transition } from "../../src/model/alert.ts";
import type { SubjectGrid, SubjectKey } from "../../src/model/grid.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import type { Metric } from "../../src/model/metric.ts";
import type { ModelSettings } from "../../src/model/settings.ts";
import { DAY, HOUR, type Millis } from "../../src/model/time.ts";
import { insertStatuses, insertTransitions } from "../../src/store/alerts.ts";
import { insertBaseline } from "../../src/store/baselines.ts";
import { insertDeadLetters } from "../../src/store/dead-letters.ts";
import { insertDeliveries } from "../../src/store/deliveries.ts";
import { insertGrid } from "../../src/store/grids.ts";
import { insertMeasurements } from "../../src/store/measurements.ts";
import { insertRetrainRuns } from "../../src/store/retrain-runs.ts";
import type { Store } from "../../src/store/store.ts";
import { binaryOutcomes, outcomeRow } from "./outcomes.ts";
import { exampleRun } from "./retraining.ts";

export const SEED_START = Date.parse("2013-07-01T00:00:00Z");
const SEED_DAYS = 60;
export const SEED_END = SEED_START + SEED_DAYS * DAY;

/** A model whose first version drifts from day 30 on, and which a second version replaces from day 44 on. */
export type SeedNames = {
  readonly model: string;
  readonly versions: readonly [string, string];
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
  readonly rule: string;
};

const SEED_NAMES: SeedNames = {
  model: "flight-delay",
  versions: ["2013-q1", "2013-q3"],
  numeric: ["dep_delay", "distance", "temp", "visib", "wind_speed"],
  categorical: ["carrier", "dest", "origin"],
  rule: "feature-drift",
};

export function seedModel(names: SeedNames = SEED_NAMES): ModelSettings {
  return {
    name: names.model,
    task: "binary",
    positive: "late",
    bucket: HOUR,
    lateness: HOUR,
    labelsExpectedWithin: DAY,
    baselines: [
      { kind: "file", name: "training", file: "reference.ndjson.gz", byVersion: new Map() },
      { kind: "trailing", name: "recent", window: 14 * DAY, offset: 7 * DAY },
    ],
  };
}

/** Numbers in [0, 1) that are the same every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const EDGES = Array.from({ length: 79 }, (_, index) => -3.9 + index * 0.1);

function bell(rows: number, mean: number, deviation: number): number[] {
  const density = [-4, ...EDGES].map((edge) => Math.exp(-((edge + 0.05 - mean) ** 2) / (2 * deviation ** 2)));
  const total = density.reduce((sum, one) => sum + one, 0);
  return density.map((one) => Math.round((rows * one) / total));
}

export async function seedStore(store: Store, names: SeedNames = SEED_NAMES): Promise<void> {
  const draw = random(7);
  const categories = ["DL", "AA", "UA", "B6", `${names.categorical[0]}-own`, "EV"];
  const subjects: { key: SubjectKey; grid: SubjectGrid }[] = [
    ...names.numeric.map((feature) => ({
      key: { subject: "feature", feature } as const,
      grid: { kind: "numeric", edges: EDGES, quantum: 2 ** -20, provisional: false } as const,
    })),
    ...names.categorical.map((feature) => ({
      key: { subject: "feature", feature } as const,
      grid: { kind: "categorical", categories, rare: ["OO"], provisional: false } as const,
    })),
    { key: { subject: "score", feature: "" }, grid: { kind: "numeric", edges: EDGES, quantum: 2 ** -20, provisional: false } },
  ];
  await insertGrid(store, { model: names.model, version: 1, subjects }, "training-key", SEED_START);
  await insertBaseline(store, {
    model: names.model,
    key: `${names.model}-key`,
    name: "training",
    version: "",
    source: "reference.ndjson.gz",
    digest: "ab".repeat(32),
    rows: 20_000,
    labelled: 20_000,
    firstTime: SEED_START - 90 * DAY,
    lastTime: SEED_START - DAY,
    createdAt: SEED_START,
  });

  const counts: Record<string, unknown>[] = [];
  const outcomes: Record<string, unknown>[] = [];
  const service: Record<string, unknown>[] = [];
  const measurements: Measurement[] = [];
  const countRow = (baseline: string, version: string, key: SubjectKey, grid: SubjectGrid, bucket: Millis, rows: number, shift: number) => {
    const cells = grid.kind === "numeric" ? bell(rows, shift, 1) : categoryCells(rows, shift, categories.length);
    const used = cells.reduce((sum, one) => sum + one, 0);
    counts.push({
      model: names.model,
      baseline,
      version,
      segment: "",
      subject: key.subject,
      feature: key.feature,
      grid: 1,
      bucket: bucket / 1000,
      rows: used + 9,
      missing: 9,
      unparsable: 0,
      unseen: grid.kind === "numeric" ? 0 : cells.at(-1),
      bins: cells.map((_, bin) => bin),
      counts: cells,
      low: grid.kind === "numeric" ? -4.2 : null,
      high: grid.kind === "numeric" ? 4.4 : null,
      low_sum: 0,
      high_sum: 0,
      generation: 1,
    });
  };
  for (const { key, grid } of subjects) countRow(`${names.model}-key`, "", key, grid, SEED_START - 30 * DAY, 20_000, 0);

  for (let index = 0; index < SEED_DAYS; index += 1) {
    const from = SEED_START + index * DAY;
    for (const version of index < 44 ? [names.versions[0]] : index < 47 ? names.versions : [names.versions[1]]) {
      const rows = Math.round(700 + 160 * Math.sin(index / 1.1) + 90 * draw());
      const isFirst = version === names.versions[0];
      for (const [position, { key, grid }] of subjects.entries()) {
        const moved = isFirst && index >= 30 ? ([0, 0, 1.6, 0.45, 0, 0.5, 0, 0, 0.25][position] ?? 0) : 0;
        const shift = moved * Math.min(1, (index - 28) / 6) + 0.09 * (draw() - 0.5);
        countRow("", version, key, grid, from + 9 * HOUR, rows, shift);
        measurements.push(...driftOf(names, version, key, grid, from, rows, Math.abs(shift), index === 17));
      }
      measurements.push(
        ...performanceOf(names, version, from, rows, isFirst && index >= 32 ? 0.84 - (index - 32) * 0.004 : 0.88, index, draw),
      );
      const labelled = index === SEED_DAYS - 1 ? Math.round(rows * 0.3) : Math.round(rows * 0.96);
      const right = Math.round(labelled * 0.87);
      service.push({ model: names.model, version, bucket: (from + 9 * HOUR) / 1000, requests: rows, errors: 0, generation: 1 });
      const positives = Math.round(right * 0.2);
      const missed = Math.round((labelled - right) / 2);
      outcomes.push(
        outcomeRow(
          { model: names.model, version, bucket: (from + 9 * HOUR) / 1000 },
          binaryOutcomes([positives, missed, labelled - right - missed, right - positives], rows - labelled),
        ),
      );
    }
  }
  await store.insert("feature_counts", counts);
  await store.insert("outcome_counts", outcomes);
  await store.insert("service_counts", service);
  await insertMeasurements(store, measurements, SEED_END);
  await seedAlerts(store, names);
}

function categoryCells(rows: number, shift: number, known: number): number[] {
  const weights = Array.from({ length: known }, (_, bin) => 1 / (bin + 1) + (bin === 1 ? Math.max(0, shift) * 1.5 : 0));
  const total = weights.reduce((sum, one) => sum + one, 0) + 0.05;
  return [...weights.map((one) => Math.round((rows * one) / total)), Math.round((rows * 0.04) / total), Math.round((rows * 0.01) / total)];
}

function measured(names: SeedNames, version: string, from: Millis, changes: Partial<Measurement>): Measurement {
  return {
    model: names.model,
    version,
    segment: null,
    subject: "feature",
    feature: null,
    baseline: "training",
    metric: "psi",
    from,
    to: from + DAY,
    value: null,
    expected: null,
    pValue: null,
    ci: null,
    rows: { reference: 20_000, current: 0 },
    labelled: null,
    status: "ok",
    evidence: "baseline_windows",
    revision: 1,
    detail: {},
    ...changes,
  };
}

function driftOf(
  names: SeedNames,
  version: string,
  key: SubjectKey,
  grid: SubjectGrid,
  from: Millis,
  rows: number,
  shift: number,
  few: boolean,
): Measurement[] {
  const of = { subject: key.subject, feature: key.subject === "feature" ? key.feature : null };
  const metrics: Metric[] = grid.kind === "numeric" ? ["psi", "ks", "wasserstein"] : ["psi"];
  return metrics.map((metric) => {
    const value = metric === "wasserstein" ? shift + 0.03 : metric === "ks" ? shift * 0.38 + 0.02 : shift ** 2 + 0.012;
    return measured(names, version, from, {
      ...of,
      metric,
      rows: { reference: 20_000, current: few ? 12 : rows },
      ...(few
        ? { status: "insufficient", value, expected: 0.2, detail: { note: "There are fewer than 50 rows." } }
        : {
            value,
            expected: metric === "wasserstein" ? 0.045 : 0.02,
            pValue: Math.max(1e-7, Math.exp(-shift * 30)),
            detail: {
              nullWindows: 38,
              ...(grid.kind === "numeric"
                ? { scale: { reference: 60.1, current: 60.1 + shift * 18, ratio: 1 + shift * 0.3, unit: shift > 1.2 ? "°F → °C" : null } }
                : { bins: [{ bin: "AA", reference: 0.2, current: 0.2 + shift / 3, contribution: shift / 4 }] }),
            },
          }),
    });
  });
}

function performanceOf(
  names: SeedNames,
  version: string,
  from: Millis,
  rows: number,
  level: number,
  index: number,
  draw: () => number,
): Measurement[] {
  const coverage = index === SEED_DAYS - 1 ? 0.3 : 0.94 + 0.05 * draw();
  const labelled = Math.round(rows * coverage);
  return (["accuracy", "precision", "recall", "f1", "roc_auc", "log_loss"] as const).map((metric) => {
    const value = metric === "log_loss" ? 0.31 + 0.02 * draw() : level - (metric === "recall" ? 0.2 : 0) + 0.022 * (draw() - 0.5);
    return measured(names, version, from, {
      subject: "performance",
      metric,
      value,
      expected: 0.88,
      ci: [value - 0.025, value + 0.025],
      pValue: level < 0.85 ? 0.0002 : 0.4,
      rows: { reference: 20_000, current: rows },
      labelled,
      status: index === SEED_DAYS - 1 ? "labels_pending" : "ok",
      detail: { reference: metric === "log_loss" ? 0.3 : 0.881, labelCoverage: coverage },
    });
  });
}

const explanation = (changes: Partial<Explanation>): Explanation => ({
  metric: "wasserstein",
  baseline: "training",
  value: 1.51,
  expected: 0.045,
  threshold: 0.2,
  pValue: 0.00002,
  adjustedPValue: 0.00016,
  subjectsTested: 8,
  evidence: "baseline_windows",
  rows: { reference: 20_000, current: 834 },
  labelled: null,
  ci: null,
  detail: {
    nullWindows: 38,
    scale: { reference: 72.1, current: 22.3, ratio: 0.309, unit: "°F → °C", from: SEED_START + 30 * DAY },
    bins: [
      { bin: "≤ 31.2", reference: 0.1, current: 0.94, contribution: 1.88 },
      { bin: "68.4 … 75.9", reference: 0.11, current: 0.004, contribution: 0.35 },
    ],
  },
  likely: "°F → °C, since 31 Jul 2013 00:00 UTC",
  kind: null,
  alongside: [],
  query: null,
  hints: [
    "driftwatch drift --model flight-delay --version 2013-q1 --feature temp --from 2013-08-13T00:00:00Z --to 2013-08-14T00:00:00Z",
    "/models/flight-delay/features/temp",
  ],
  ...changes,
});

function seedTransition(names: SeedNames, changes: Partial<Transition>): Transition {
  return {
    id: "a-temp",
    alertId: "a-temp",
    key: { rule: names.rule, model: names.model, version: names.versions[0], segment: null, subject: names.numeric[2] ?? "temp" },
    from: "pending",
    to: "firing",
    severity: "warning",
    window: { from: SEED_START + 32 * DAY, to: SEED_START + 33 * DAY },
    since: SEED_START + 30 * DAY,
    ruleHash: "0".repeat(16),
    summary: `${names.numeric[2]} seems to be in another unit: likely °F → °C, since 31 Jul 2013 00:00 UTC; its median was 72.1, and is 22.3 now. Its normalised Wasserstein distance is 1.51, where 0.045 is usual without a change; the rule fires 0.2 above that. Chance is an unlikely cause: p = 0.0002 after correction for 8 subjects looked at, measured against 38 windows of the same length in the baseline.`,
    explanation: explanation({
      kind: "break",
      alongside: [{ subject: names.numeric[0] ?? "visib", metric: "wasserstein", value: 0.4 }],
      query: deeperQuery(measured(names, names.versions[0], SEED_START, { subject: "feature", feature: names.numeric[2] ?? "temp" })),
    }),
    notify: ["ml_oncall"],
    retrain: false,
    createdAt: SEED_START + 33 * DAY + HOUR,
    ...changes,
  };
}

async function seedAlerts(store: Store, names: SeedNames): Promise<void> {
  const firing = seedTransition(names, {});
  const key = { ...firing.key, subject: "performance", rule: "accuracy-drop" };
  const accuracy = seedTransition(names, {
    id: "a-accuracy",
    alertId: "a-accuracy",
    key,
    severity: "critical",
    window: { from: SEED_START + 34 * DAY, to: SEED_START + 41 * DAY },
    summary: "Accuracy fell from 88.1% to 82.4% on 5,402 rows with a label, 96% of the window’s predictions.",
    explanation: explanation({
      metric: "accuracy",
      value: 0.824,
      expected: 0.881,
      threshold: 0.03,
      ci: [0.813, 0.834],
      labelled: 5_402,
      likely: null,
      detail: { reference: 0.881, labelCoverage: 0.96, nullWindows: 12 },
    }),
    retrain: true,
  });
  const over = seedTransition(names, { id: "a-visib", alertId: "a-visib", key: { ...firing.key, subject: names.numeric[3] ?? "visib" } });
  await insertTransitions(store, [
    seedTransition(names, {
      id: "p-temp",
      alertId: "",
      from: "normal",
      to: "pending",
      window: { from: SEED_START + 30 * DAY, to: SEED_START + 31 * DAY },
      notify: [],
    }),
    firing,
    accuracy,
    over,
    {
      ...over,
      id: "r1-visib",
      from: "firing",
      to: "recovering",
      window: { from: SEED_START + 46 * DAY, to: SEED_START + 47 * DAY },
      summary: `${names.numeric[3]} seems to recover.`,
    },
    {
      ...over,
      id: "r2-visib",
      from: "recovering",
      to: "resolved",
      window: { from: SEED_START + 52 * DAY, to: SEED_START + 53 * DAY },
      summary: `${names.numeric[3]} is back to what training leads one to expect.`,
    },
  ]);
  await insertStatuses(store, [
    { key: firing.key, state: "firing", health: "ok", streak: 0, since: firing.since, alertId: "a-temp", evaluatedTo: SEED_END },
  ]);
  await insertDeliveries(store, [
    {
      notificationId: "n1",
      channel: "ml_oncall",
      transitionIds: ["a-temp", "a-visib"],
      attempt: 1,
      outcome: "retry",
      detail: "the mail server answered 451",
      at: SEED_START + 33 * DAY + HOUR,
      nextAttemptAt: SEED_START + 33 * DAY + 2 * HOUR,
    },
    {
      notificationId: "n1",
      channel: "ml_oncall",
      transitionIds: ["a-temp", "a-visib"],
      attempt: 2,
      outcome: "sent",
      detail: "accepted by the mail server",
      at: SEED_START + 33 * DAY + 2 * HOUR,
      nextAttemptAt: null,
    },
  ]);
  await insertRetrainRuns(store, [
    exampleRun({
      id: "run-1",
      model: names.model,
      version: names.versions[0],
      rule: "accuracy-drop",
      transitionId: "a-accuracy",
      state: "started",
      reason: "Accuracy fell.",
      at: SEED_START + 41 * DAY + HOUR,
    }),
    exampleRun({
      id: "run-2",
      model: names.model,
      version: names.versions[0],
      rule: names.rule,
      transitionId: "a-temp",
      state: "refused",
      reason: "Within the cooldown of 24h after the run before.",
      at: SEED_START + 41 * DAY + 2 * HOUR,
    }),
  ]);
  await insertDeadLetters(
    store,
    Array.from(
      { length: 7 },
      (_, index) =>
        ({
          receivedAt: SEED_END + index,
          origin: { source: "http", topic: "request", partition: 0, offset: String(index) },
          reason: index % 2 === 0 ? "invalid_json" : "missing_field",
          message: "It is not JSON.",
          payload: `{"<script>${index}`,
          payloadBytes: 11,
          body: null,
          envelope: "",
        }) as const,
    ),
  );
}
