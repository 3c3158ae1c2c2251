import { createHash } from "node:crypto";
import type { Log } from "../log.ts";
import type { AlertKey, AlertStatus, Transition } from "../model/alert.ts";
import {
  JUDGED_DRIFT_METRICS,
  judgedFamily,
  metricFamily,
  type Measurement,
  type MeasuredWindow,
  type MeasureQuery,
} from "../model/measurement.ts";
import { isOnLabels, type Rule } from "../model/rule.ts";
import type { Clock, Window } from "../model/time.ts";
import { insertStatuses, insertTransitions, readStatuses } from "../store/alerts.ts";
import type { Store } from "../store/store.ts";
import { explain } from "./explain.ts";
import { isAbout, judge, type Adjust, type Judgement } from "./judge.ts";
import { step, type Change } from "./transition.ts";

export type AlertEngine = {
  /** Judges one measured window and stores what changed; returns the changes. Windows of a model come oldest first. */
  evaluate(window: MeasuredWindow): Promise<Transition[]>;
};

type Outcome = {
  readonly statuses: readonly AlertStatus[];
  readonly transitions: readonly Transition[];
};

/**
 * The alert engine: pure judgement and state machine, with the store around them. Transitions are stored before
 * statuses: a crash between the two repeats the same evaluation, which makes the same transitions with the same ids.
 */
export function createAlertEngine(options: {
  store: Store;
  rules: readonly Rule[];
  adjust: Adjust;
  /** Measures several windows as one, for open alerts whose windows have too few rows each. */
  measure: (query: MeasureQuery) => Promise<readonly Measurement[]>;
  clock: Clock;
  log: Log;
  ruleHash: (rule: Rule) => string;
}): AlertEngine {
  const { store, rules, adjust, measure, clock, log } = options;
  const hashes = new Map(rules.map((rule) => [rule, options.ruleHash(rule)]));
  let statuses: Map<string, AlertStatus> | null = null;
  let last: Promise<unknown> = Promise.resolve();

  async function run(measured: MeasuredWindow): Promise<Transition[]> {
    statuses ??= new Map((await readStatuses(store)).map((status) => [keyText(status.key), status]));
    const known = statuses;
    const outcomes: Outcome[] = [];
    for (const rule of rules.filter((one) => applies(one, measured))) {
      const held = heldOpen(rule, measured, known, adjust);
      const stretch = held.length > 0 ? await measure(stretchOf(rule, measured, held)) : [];
      for (const version of versionsOf(rule, measured, known)) outcomes.push(evaluateRule(rule, version, measured, stretch, known));
    }
    const transitions = outcomes.flatMap((outcome) => outcome.transitions);
    const changed = outcomes.flatMap((outcome) => outcome.statuses);
    if (transitions.length > 0) await insertTransitions(store, transitions);
    if (changed.length > 0) await insertStatuses(store, changed);
    for (const status of changed) known.set(keyText(status.key), status);
    for (const { key, from, to } of transitions)
      log.info("alert changed", {
        rule: key.rule,
        model: key.model,
        version: key.version,
        subject: key.subject,
        from,
        to,
      });
    return transitions;
  }

  function evaluateRule(
    rule: Rule,
    version: string,
    { model, window, measurements, segmentGroups = new Map() }: MeasuredWindow,
    stretch: readonly Measurement[],
    known: ReadonlyMap<string, AlertStatus>,
  ): Outcome {
    const watched = (list: readonly Measurement[]) =>
      list.filter((measurement) => measurement.version === version && isAbout(rule, measurement, segmentGroups));
    const judgements = judge(rule, watched(measurements), adjust, watched(stretch));
    const next: AlertStatus[] = [];
    const transitions: Transition[] = [];
    const seen = new Set<string>();
    for (const judgement of judgements) {
      const key: AlertKey = {
        rule: rule.name,
        model,
        version,
        segment: judgement.measurement.segment,
        subject: judgement.subject,
      };
      const status = known.get(keyText(key)) ?? freshStatus(key);
      seen.add(keyText(key));
      if (window.to <= status.evaluatedTo) continue;
      const { status: moved, change } = step(status, judgement.observation, rule);
      const over = status.state === "resolved" && moved.state !== "resolved";
      const since = over ? window.from : (status.since ?? window.from);
      const transition = change ? transitionOf(rule, judgement, key, change, status, since, window) : null;
      if (transition) transitions.push(transition);
      next.push({
        ...moved,
        since: moved.state === "normal" ? null : since,
        alertId: transition ? transition.alertId || null : moved.alertId,
        evaluatedTo: window.to,
      });
    }
    // An alert whose subject was not measured at all has no evidence either: it stays where it is, visibly.
    for (const [text, status] of known) {
      if (status.key.rule !== rule.name || status.key.model !== model || status.key.version !== version) continue;
      if (seen.has(text) || status.state === "normal" || window.to <= status.evaluatedTo) continue;
      next.push({
        ...step(status, { condition: "missing", health: "no_data" }, rule).status,
        evaluatedTo: window.to,
      });
    }
    return { statuses: next, transitions };
  }

  function transitionOf(
    rule: Rule,
    judgement: Judgement,
    key: AlertKey,
    change: Change,
    status: AlertStatus,
    since: number,
    window: Window,
  ): Transition {
    const hash = hashes.get(rule) ?? options.ruleHash(rule);
    const said = explain(rule, judgement, change, since);
    // Not what it says: late rows between a crash and its repetition may change the words, never which change it is.
    const id = digest(["transition", hash, keyText(key), window.to, change.from, change.to]);
    const opens = change.to === "firing" && change.from !== "recovering";
    // Pending and normal belong to no alert: one begins with its firing and ends with its resolution.
    const alertId = opens ? id : change.to === "pending" || change.to === "normal" ? "" : (status.alertId ?? "");
    return {
      id,
      alertId,
      key,
      ...change,
      severity: rule.severity,
      window,
      since,
      ruleHash: hash,
      ...said,
      notify: opens || change.to === "resolved" ? rule.notify : [],
      retrain: opens && rule.retrain,
      createdAt: clock(),
    };
  }

  return {
    evaluate(window) {
      // One after the other: two evaluations at once would both start from the same status.
      const result = last.then(
        () => run(window),
        () => run(window),
      );
      last = result;
      return result;
    },
  };
}

function applies(rule: Rule, { model, window, families }: MeasuredWindow): boolean {
  const { window: length, every, metric } = rule.measure;
  return (
    families.includes(isOnLabels(rule.measure) ? "labels" : metric === "drift" ? "drift" : judgedFamily(metric)) &&
    (rule.models === null || rule.models.includes(model)) &&
    window.to - window.from === length &&
    window.to % every === 0
  );
}

/** The open alerts of this rule whose subjects have too few rows in this window to tell that they are over. */
function heldOpen(rule: Rule, measured: MeasuredWindow, known: ReadonlyMap<string, AlertStatus>, adjust: Adjust): AlertKey[] {
  const open = [...known.values()].filter(
    ({ key, state }) => key.rule === rule.name && key.model === measured.model && (state === "firing" || state === "recovering"),
  );
  if (open.length === 0 || rule.clear.evaluations < 2) return [];
  return open
    .map(({ key }) => key)
    .filter((key) =>
      judge(
        rule,
        measured.measurements.filter((one) => one.version === key.version && one.segment === key.segment),
        adjust,
      ).some(({ subject, observation }) => subject === key.subject && observation.health === "insufficient"),
    );
}

/** As many windows as must agree before an alert is over, as one. */
function stretchOf(
  { measure: { metric, window, every, baseline, segments }, clear }: Rule,
  measured: MeasuredWindow,
  held: readonly AlertKey[],
): MeasureQuery {
  const { to } = measured.window;
  return {
    model: measured.model,
    window: { from: to - (clear.evaluations - 1) * every - window, to },
    baselines: [baseline],
    families: [metric === "drift" ? "drift" : metricFamily(metric)],
    ...(metric === "drift" ? { metrics: JUDGED_DRIFT_METRICS } : {}),
    ...(segments === undefined ? {} : { segments: [...new Set(held.map(({ segment }) => segment ?? ""))] }),
  };
}

/** Versions with something measured, and those with an alert that is not at rest. */
function versionsOf(
  rule: Rule,
  { model, measurements }: { model: string; measurements: readonly Measurement[] },
  known: ReadonlyMap<string, AlertStatus>,
): Set<string> {
  const versions = new Set(measurements.map((measurement) => measurement.version));
  for (const { key, state } of known.values())
    if (key.rule === rule.name && key.model === model && state !== "normal") versions.add(key.version);
  return versions;
}

function freshStatus(key: AlertKey): AlertStatus {
  return {
    key,
    state: "normal",
    health: "ok",
    streak: 0,
    since: null,
    alertId: null,
    evaluatedTo: 0,
  };
}

function keyText(key: AlertKey): string {
  return JSON.stringify([key.rule, key.model, key.version, key.segment, key.subject]);
}

function digest(parts: readonly (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
