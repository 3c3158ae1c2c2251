import type { AlertKey, AlertStatus, Transition, TransitionReason } from "../model/alert.ts";
import type { Measurement, MeasuredWindow, MeasureQuery } from "../model/measurement.ts";
import { JUDGED_DRIFT_METRICS, metricFamily } from "../model/metric.ts";
import { SEVERITIES, type Rule, type Severity } from "../model/rule.ts";
import type { Millis, Window } from "../model/time.ts";
import { blankExplanation, closeAlert } from "./close.ts";
import { explain } from "./explain.ts";
import { freshStatus, keyOf, keyText, transitionId } from "./identity.ts";
import { alertSubject, isAbout, judge, severityOf, type Judgement, type Tools } from "./judge.ts";
import { isOpen, isResting, step, type Change } from "./transition.ts";

/** A rule with the fingerprint of all it says. */
export type HashedRule = { readonly rule: Rule; readonly hash: string };

/** Where alerts stand, by the text of their key. */
export type Standing = ReadonlyMap<string, AlertStatus>;

export type Outcome = {
  readonly statuses: readonly AlertStatus[];
  readonly transitions: readonly Transition[];
};

/** What rules look at beside the window itself. */
export type Lookup = {
  /** Measures several windows as one, for open alerts whose windows have too few rows each. */
  stretch(query: MeasureQuery): Promise<readonly Measurement[]>;
  /** What a rule on change measured of the window it compares with. */
  earlier(rule: Rule, model: string, to: Millis): Promise<readonly Measurement[]>;
};

type Surroundings = { readonly tools: Tools; readonly lookup: Lookup; readonly clock: () => Millis };

/** What one measured window changes under these rules, which all look at it (`isJudged`): a function of the window, where alerts stood, and what is looked up. */
export async function evaluateWindow(
  rules: readonly HashedRule[],
  measured: MeasuredWindow,
  known: Standing,
  { tools, lookup, clock }: Surroundings,
): Promise<Outcome> {
  const statuses: AlertStatus[] = [];
  const transitions: Transition[] = [];
  // Ten thousand rules must not each look through all there is.
  const byMeasure = measurementsByRule(measured.measurements);
  const restless = restlessByRule(known, measured.model);
  for (const hashed of rules) {
    const { rule } = hashed;
    const earlier = rule.fire.change ? await lookup.earlier(rule, measured.model, measured.window.to - rule.fire.change.over) : [];
    const own = together(measureKeys(rule.measure), byMeasure);
    const moving = restless.get(rule.name) ?? [];
    const held = heldOpen(rule, own, moving, tools, earlier);
    const stretch = held.length > 0 ? await lookup.stretch(stretchOf(rule, measured, held)) : [];
    for (const version of versionsOf(own, moving)) {
      const outcome = evaluateRule(hashed, version, measured, own, { stretch, earlier }, known, moving, tools, clock);
      statuses.push(...outcome.statuses);
      transitions.push(...outcome.transitions);
    }
  }
  return { statuses, transitions };
}

/** The measurements under some keys. Most rules have one: its list is read where it stands. */
function together(keys: readonly string[], byMeasure: ReadonlyMap<string, readonly Measurement[]>): readonly Measurement[] {
  const [first] = keys;
  if (first !== undefined && keys.length === 1) return byMeasure.get(first) ?? [];
  return keys.flatMap((key) => byMeasure.get(key) ?? []);
}

/** Versions that were measured, or whose alerts are not at rest: most often one. */
function versionsOf(own: readonly Measurement[], moving: readonly AlertStatus[]): readonly string[] {
  const [first] = own;
  if (first !== undefined && moving.length === 0 && own.every(({ version }) => version === first.version)) return [first.version];
  return [...new Set([...own.map(({ version }) => version), ...moving.map(({ key }) => key.version)])];
}

const NO_GROUPS: ReadonlyMap<string, string> = new Map();

function evaluateRule(
  hashed: HashedRule,
  version: string,
  measured: MeasuredWindow,
  own: readonly Measurement[],
  beside: { readonly stretch: readonly Measurement[]; readonly earlier: readonly Measurement[] },
  known: Standing,
  moving: readonly AlertStatus[],
  tools: Tools,
  clock: () => Millis,
): Outcome {
  const { rule } = hashed;
  const { model, window, segmentGroups = NO_GROUPS } = measured;
  const watched = (list: readonly Measurement[]) =>
    list.length === 0 ? list : list.filter((measurement) => measurement.version === version && isAbout(rule, measurement, segmentGroups));
  const judgements = judge(rule, watched(own), tools, { stretch: watched(beside.stretch), earlier: watched(beside.earlier) });
  const next: AlertStatus[] = [];
  const transitions: Transition[] = [];
  const seen = moving.length === 0 ? null : new Set<string>();
  for (const judgement of judgements) {
    const key = keyOf(rule, model, version, judgement);
    const name = keyText(key);
    const status = known.get(name) ?? freshStatus(key);
    seen?.add(name);
    if (window.to <= status.evaluatedTo) continue;
    const moved = advance(hashed, judgement, status, window, clock, judgements);
    next.push(moved.status);
    if (moved.transition) transitions.push(moved.transition);
  }
  // An alert whose subject was not measured at all has no evidence either: it stays where it is, visibly.
  const isRetired = measured.versions !== undefined && measured.versions.length > 0 && !measured.versions.includes(version);
  for (const status of moving) {
    if (status.key.version !== version || seen?.has(keyText(status.key)) || window.to <= status.evaluatedTo) continue;
    if (isRetired) {
      const said = { hash: hashed.hash, severity: rule.severity, notify: rule.notify, explanation: blankExplanation(rule) };
      const closed = closeAlert(status, "version_retired", window, said, clock());
      next.push(closed.status);
      transitions.push(closed.transition);
    } else next.push({ ...step(status, { condition: "missing", health: "no_data" }, rule).status, evaluatedTo: window.to });
  }
  return { statuses: next, transitions };
}

/** Whether anything fires by a rule in a window, whatever was before. */
export function firesIn(rule: Rule, { measurements, segmentGroups = new Map() }: MeasuredWindow, tools: Tools): boolean {
  // What it was earlier is not at hand: it may.
  if (rule.fire.change) return true;
  const watched = measurements.filter((one) => isAbout(rule, one, segmentGroups));
  return [...new Set(watched.map(({ version }) => version))].some((version) =>
    judge(
      rule,
      watched.filter((one) => one.version === version),
      tools,
    ).some(({ observation }) => observation.condition === "fire"),
  );
}

/** What a rule says of one alert's subject in a window; undefined where nothing was measured of it. */
export function judgementOf(
  rule: Rule,
  { measurements, segmentGroups = new Map() }: MeasuredWindow,
  key: AlertKey,
  tools: Tools,
): Judgement | undefined {
  const watched = measurements.filter((one) => one.version === key.version && isAbout(rule, one, segmentGroups));
  return judge(rule, watched, tools).find(({ subject, measurement }) => subject === key.subject && measurement.segment === key.segment);
}

/** One alert after one judgement. */
function advance(
  hashed: HashedRule,
  judgement: Judgement,
  status: AlertStatus,
  window: Window,
  clock: () => Millis,
  judgements: readonly Judgement[],
): { readonly status: AlertStatus; readonly transition: Transition | null } {
  const { rule } = hashed;
  const { status: moved, change } = step(status, judgement.observation, rule);
  const over = status.state === "resolved" && moved.state !== "resolved";
  const since = over ? window.from : (status.since ?? window.from);
  const severity = severityNow(rule, judgement, status, isOpen(moved));
  const isWorse = isOpen(status) && isOpen(moved) && severity !== undefined && severity !== (status.severity ?? rule.severity);
  const told = change ?? (isWorse ? { from: moved.state, to: moved.state } : null);
  const transition =
    told &&
    transitionOf(
      hashed,
      judgement,
      status,
      told,
      { since, window, severity: severity ?? status.severity ?? rule.severity, at: clock() },
      isWorse ? "escalated" : undefined,
      judgements,
    );
  return {
    status: {
      ...(moved.severity === severity ? moved : withSeverity(moved, severity)),
      since: moved.state === "normal" ? null : since,
      alertId: transition ? transition.alertId || null : moved.alertId,
      evaluatedTo: window.to,
      changes: (status.changes ?? 0) + (transition ? 1 : 0),
    },
    transition,
  };
}

function withSeverity({ severity: _before, ...rest }: AlertStatus, severity: Severity | undefined): AlertStatus {
  return severity === undefined ? rest : { ...rest, severity };
}

/** How bad an open alert is: as bad as it ever was since it opened. */
function severityNow(rule: Rule, judgement: Judgement, status: AlertStatus, open: boolean): Severity | undefined {
  if (!open) return undefined;
  const before = isOpen(status) ? (status.severity ?? rule.severity) : rule.severity;
  const now = judgement.observation.condition === "fire" ? severityOf(rule, judgement) : before;
  return SEVERITIES.indexOf(now) > SEVERITIES.indexOf(before) ? now : before;
}

/** The change of an alert, with its words. Its id is of what changed, not of the words: late rows may change those before it is stored again. */
export function transitionOf(
  { rule, hash }: HashedRule,
  judgement: Judgement,
  status: AlertStatus,
  change: Change,
  { since, window, severity, at }: { readonly since: Millis; readonly window: Window; readonly severity: Severity; readonly at: Millis },
  reason?: TransitionReason,
  judgements: readonly Judgement[] = [],
): Transition {
  const id = transitionId(hash, status, window.to, change, reason);
  const opens = change.to === "firing" && change.from !== "recovering" && change.from !== "firing";
  // Pending and normal belong to no alert: one begins with its firing and ends with its resolution.
  const alertId = opens ? id : change.to === "pending" || change.to === "normal" ? "" : (status.alertId ?? "");
  return {
    id,
    alertId,
    key: status.key,
    ...change,
    severity,
    window,
    since,
    ruleHash: hash,
    ...explain(rule, judgement, change, since, reason, judgements),
    notify: opens || change.to === "resolved" || reason === "escalated" ? rule.notify : [],
    retrain: opens && rule.retrain,
    createdAt: at,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The open alerts of this rule whose subjects have too few rows in this window to tell that they are over. */
function heldOpen(
  rule: Rule,
  own: readonly Measurement[],
  moving: readonly AlertStatus[],
  tools: Tools,
  earlier: readonly Measurement[],
): AlertKey[] {
  // A stretch of several windows has no earlier stretch and no share of features beside it.
  if (rule.clear.evaluations < 2 || rule.fire.change !== undefined || rule.fire.share !== undefined) return [];
  return moving
    .filter(isOpen)
    .map(({ key }) => key)
    .filter((key) =>
      judge(
        rule,
        own.filter((one) => one.version === key.version && one.segment === key.segment),
        tools,
        { earlier },
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

/** Rules stay what they are from window to window. */
const keysOfMeasures = new WeakMap<Rule["measure"], readonly string[]>();

/** Under what a rule finds its measurements: those of the subjects it names, or all of its metric. */
function measureKeys(measure: Rule["measure"]): readonly string[] {
  let keys = keysOfMeasures.get(measure);
  if (keys === undefined) {
    const { metric, baseline, of } = measure;
    const all = `${metric} ${baseline}`;
    keysOfMeasures.set(measure, (keys = Array.isArray(of) ? [...new Set(of)].map((subject) => `${all} ${subject}`) : [all]));
  }
  return keys;
}

/** Measurements by what rules ask for; those of drift under their own names and under `drift`. */
function measurementsByRule(measurements: readonly Measurement[]): Map<string, Measurement[]> {
  const found = new Map<string, Measurement[]>();
  const put = (metric: Rule["measure"]["metric"], one: Measurement) => {
    const all = `${metric} ${one.baseline ?? ""}`;
    for (const key of [all, `${all} ${alertSubject(one)}`]) {
      const list = found.get(key);
      if (list) list.push(one);
      else found.set(key, [one]);
    }
  };
  for (const one of measurements) {
    put(one.metric, one);
    if ((JUDGED_DRIFT_METRICS as readonly string[]).includes(one.metric)) put("drift", one);
  }
  return found;
}

/** The alerts of a model that are not at rest, by rule. */
function restlessByRule(known: Standing, model: string): Map<string, AlertStatus[]> {
  const found = new Map<string, AlertStatus[]>();
  for (const status of known.values()) {
    if (status.key.model !== model || isResting(status)) continue;
    const list = found.get(status.key.rule);
    if (list) list.push(status);
    else found.set(status.key.rule, [status]);
  }
  return found;
}
