import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Transition } from "../../src/model/alert.ts";
import type { MeasuredWindow, Measurement } from "../../src/model/measurement.ts";
import type { Rule } from "../../src/model/rule.ts";
import { DAY } from "../../src/model/time.ts";
import { normalSf } from "../../src/stats/normal.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";

export const DAY_0 = Date.parse("2013-09-02T00:00:00Z");

export function exampleRule(changes: Partial<Rule> = {}): Rule {
  return {
    name: "feature-drift",
    description: "",
    models: null,
    measure: { metric: "drift", of: "features", baseline: "training", window: DAY, every: DAY },
    fire: {
      above: new Map([
        ["wasserstein", 0.1],
        ["psi", 0.1],
      ] as const),
      drop: null,
      falseAlarms: 0.01,
    },
    clear: {
      below: new Map([
        ["wasserstein", 0.05],
        ["psi", 0.05],
      ] as const),
      drop: null,
      pValue: 0.2,
      evaluations: 2,
    },
    evaluations: 1,
    atLeastRows: 50,
    severity: "warning",
    notify: ["ops"],
    retrain: false,
    ...changes,
  };
}

export function exampleMeasurement(changes: Partial<Measurement> = {}): Measurement {
  return {
    model: "flight-delay",
    version: "2013-q1",
    segment: null,
    subject: "feature",
    feature: "visib",
    baseline: "training",
    metric: "wasserstein",
    from: DAY_0,
    to: DAY_0 + DAY,
    value: 0.62,
    expected: 0.04,
    pValue: 0.0004,
    ci: null,
    rows: { reference: 23_148, current: 834 },
    labelled: null,
    status: "ok",
    evidence: "baseline_windows",
    revision: 0,
    detail: { nullWindows: 38 },
    ...changes,
  };
}

/** Day number `day` of the example model, with what was measured on it. */
export function exampleWindow(day: number, measurements: readonly Partial<Measurement>[]): MeasuredWindow {
  const window = { from: DAY_0 + day * DAY, to: DAY_0 + (day + 1) * DAY };
  return {
    model: "flight-delay",
    window,
    families: ["drift", "quality", "performance"],
    measurements: measurements.map((changes) => exampleMeasurement({ ...window, ...changes })),
  };
}

export const DRIFTED: Partial<Measurement> = {};
export const QUIET: Partial<Measurement> = { value: 0.05, pValue: 0.5 };

export function exampleTransition(changes: Partial<Transition> = {}): Transition {
  return {
    id: "t1",
    alertId: "t1",
    key: {
      rule: "feature-drift",
      model: "flight-delay",
      version: "2013-q1",
      segment: null,
      subject: "visib",
    },
    from: "normal",
    to: "firing",
    severity: "warning",
    window: { from: DAY_0, to: DAY_0 + DAY },
    since: DAY_0,
    ruleHash: "hash",
    summary: "visib is 1.61 times what it was.",
    explanation: {
      metric: "wasserstein",
      baseline: "training",
      value: 0.62,
      expected: 0.04,
      threshold: 0.1,
      pValue: 0.0004,
      adjustedPValue: 0.004,
      subjectsTested: 10,
      evidence: "baseline_windows",
      rows: { reference: 23_148, current: 834 },
      labelled: null,
      ci: null,
      detail: { nullWindows: 38 },
      likely: "kilometres for miles",
      kind: null,
      alongside: [],
      query: null,
      hints: [
        "driftwatch drift --model flight-delay --from 2013-09-02T00:00:00Z --to 2013-09-03T00:00:00Z",
        "/models/flight-delay/features/visib",
      ],
    },
    notify: ["ops"],
    retrain: false,
    createdAt: DAY_0 + DAY,
    ...changes,
  };
}

/** The end of the example alert, a day after it began. */
export function exampleEnd(changes: Partial<Transition> = {}): Transition {
  return exampleTransition({
    id: "t2",
    from: "recovering",
    to: "resolved",
    window: { from: DAY_0 + DAY, to: DAY_0 + 2 * DAY },
    summary: "visib is back.",
    ...changes,
  });
}

/** Benjamini-Hochberg, written again for the tests. */
export function adjustPValues(pValues: readonly number[]): number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => b.p - a.p);
  const adjusted: number[] = [];
  let least = 1;
  for (const [place, { p, index }] of order.entries()) {
    least = Math.min(least, (p * pValues.length) / (pValues.length - place));
    adjusted[index] = least;
  }
  return adjusted;
}

/** The statistics of a judgement. */
export const TOOLS = { adjust: adjustPValues, upperTail: normalSf };

/** A real embedded store in a directory of its own, and what removes both. */
export async function openTemporaryStore(): Promise<{ store: Store; remove: () => Promise<void> }> {
  const directory = await mkdtemp(path.join(tmpdir(), "driftwatch-test-"));
  const store = await openStore({ kind: "embedded", path: directory });
  return {
    store,
    async remove() {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function emptyAlertTables(store: Store): Promise<void> {
  for (const table of [
    "alert_statuses",
    "alert_transitions",
    "alert_trail",
    "deliveries",
    "silences",
    "acknowledgements",
    "retrain_runs",
    "retrain_steps",
    "retrain_switches",
    "champions",
  ])
    await store.execute(`TRUNCATE TABLE ${table}`);
}
