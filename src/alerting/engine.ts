import type { Log } from "../log.ts";
import type { AlertKey, AlertStatus, Transition } from "../model/alert.ts";
import type { Measurement, MeasuredWindow, MeasureQuery } from "../model/measurement.ts";
import type { Maintenance, Rule } from "../model/rule.ts";
import type { Clock, Millis } from "../model/time.ts";
import { readAlert } from "../store/alert-pages.ts";
import { readNotified } from "../store/firing.ts";
import { insertStatuses, insertTransitions, readStatuses, readStirred, readTrail } from "../store/alerts.ts";
import { readMeasurements } from "../store/measurements.ts";
import type { Store } from "../store/store.ts";
import { closeAlert, type Ending } from "./close.ts";
import { evaluateWindow, firesIn, type HashedRule, type Lookup, type Outcome } from "./evaluate.ts";
import { freshStatus, keyText } from "./identity.ts";
import type { Tools } from "./judge.ts";
import { measuredWindows } from "./measured-windows.ts";
import { reviseRule, type Revised } from "./revise.ts";
import { readLeftOver, takeBack } from "./left-over.ts";
import { isJudged, whyUnwatched } from "./scope.ts";
import { isOpen, isResting } from "./transition.ts";

export type AlertEngine = {
  /** Judges one measured window and stores what changed; returns the changes. Windows of a model come oldest first. */
  evaluate(window: MeasuredWindow): Promise<Transition[]>;
  /** Judges windows again that were measured again, and what followed from them. Of one model, oldest first. */
  revise(windows: readonly MeasuredWindow[]): Promise<Transition[]>;
  /** Ends the alerts that no rule judges any more. Call before the first evaluation. */
  closeUnwatched(models: ReadonlySet<string>): Promise<Transition[]>;
  /** Ends the alerts of a version that a person says another has taken the place of. */
  closeReplaced(version: Pick<AlertKey, "model" | "version">): Promise<Transition[]>;
};

/**
 * The alert engine: pure judgement and state machine, with the store around them. Transitions are stored before
 * statuses: a crash between the two repeats the same evaluation, which makes the same transitions with the same ids.
 */
export function createAlertEngine(options: {
  store: Store;
  rules: readonly Rule[];
  maintenance?: readonly Maintenance[];
  tools: Tools;
  /** Measures several windows as one, for open alerts whose windows have too few rows each. */
  measure: (query: MeasureQuery) => Promise<readonly Measurement[]>;
  clock: Clock;
  log: Log;
  ruleHash: (rule: Rule) => string;
}): AlertEngine {
  const { store, maintenance = [], tools, measure, clock, log } = options;
  const rules = options.rules.map((rule): HashedRule => ({ rule, hash: options.ruleHash(rule) }));
  const lookup: Lookup = {
    stretch: measure,
    earlier: (rule, model, to) =>
      readMeasurements(store, {
        model,
        baseline: rule.measure.baseline,
        metric: rule.measure.metric,
        windowMs: rule.measure.window,
        endsAt: [to],
        ...(rule.measure.segments === undefined ? {} : { segments: "each" }),
      }),
  };
  const surroundings = { tools, lookup, clock };
  let statuses: Map<string, AlertStatus> | null = null;
  let stirred: Map<string, Millis> | null = null;
  /** Openings that were stored, and not where their alerts stand: by a process before this one, or one that could not go on. */
  let leftOver: Map<string, Transition> | null = null;
  let last: Promise<unknown> = Promise.resolve();

  async function standing(): Promise<Map<string, AlertStatus>> {
    statuses ??= new Map((await readStatuses(store)).map((status) => [keyText(status.key), status]));
    return statuses;
  }

  /** The newest window after which an alert was not at rest, by rule and model. */
  async function stirring(): Promise<Map<string, Millis>> {
    stirred ??= new Map((await readStirred(store)).map(({ rule, model, to }) => [placeOf(rule, model), to]));
    return stirred;
  }

  async function evaluate(measured: MeasuredWindow): Promise<Transition[]> {
    const known = await standing();
    const judged = rules.filter(({ rule }) => isJudged(rule, maintenance, measured));
    const outcome = await evaluateWindow(judged, measured, known, surroundings);
    const trail = outcome.statuses.filter((status) => !isResting(status) || !isResting(known.get(keyText(status.key)) ?? status));
    leftOver ??= await readLeftOver(store, known);
    if (leftOver.size === 0) return keep(outcome, trail);
    const names = new Set(judged.map(({ rule }) => rule.name));
    const passed = [...leftOver.values()].filter(
      ({ key, window }) => key.model === measured.model && names.has(key.rule) && window.to <= measured.window.to,
    );
    const undone = takeBack(outcome, passed, known, clock());
    const kept = await keep(undone, [...undone.trail, ...trail]);
    for (const { id } of passed) leftOver?.delete(id);
    return kept;
  }

  async function revise(windows: readonly MeasuredWindow[]): Promise<Transition[]> {
    const known = await standing();
    const all: Transition[] = [];
    for (const hashed of rules) {
      const { rule } = hashed;
      const own = windows.filter((window) => isJudged(rule, maintenance, window));
      const first = own[0];
      if (first === undefined) continue;
      // Late rows come all the time, and hardly ever matter: nothing was under way from there on, and nothing begins.
      const isCalm = ((await stirring()).get(placeOf(rule.name, first.model)) ?? 0) < first.window.to;
      if (isCalm && !own.some((window) => firesIn(rule, window, tools))) continue;
      const trail = await readTrail(store, rule.name, first.model, first.window.to);
      const segmentGroups = first.segmentGroups;
      const stored = (endsAt: readonly Millis[]) =>
        measuredWindows(store, rule, first.model, endsAt, segmentGroups).then((found) =>
          found.filter((window) => isJudged(rule, maintenance, window)),
        );
      const revised: Revised = await reviseRule({ hashed, windows: own, known, trail, stored, surroundings });
      all.push(...(await keep(revised, revised.trail, false)));
    }
    return all;
  }

  const closeUnwatched = (models: ReadonlySet<string>) =>
    closeWhere(({ key }) => whyUnwatched(rules.find(({ rule }) => rule.name === key.rule)?.rule, key, models));

  const closeReplaced = ({ model, version }: Pick<AlertKey, "model" | "version">) =>
    closeWhere(({ key }) => (key.model === model && key.version === version ? "replaced" : null));

  async function closeWhere(whyOver: (status: AlertStatus) => Ending | null): Promise<Transition[]> {
    const closed: AlertStatus[] = [];
    const transitions: Transition[] = [];
    for (const status of (await standing()).values()) {
      if (isResting(status)) continue;
      const reason = whyOver(status);
      if (reason === null) continue;
      const told = isOpen(status) && status.alertId !== null ? await readAlert(store, status.alertId) : null;
      const [opened, newest] = [told?.transitions[0], told?.transitions.at(-1)];
      if (opened === undefined || newest === undefined) {
        // Nobody was told of it, so nobody is told of its end.
        closed.push({ ...freshStatus(status.key), evaluatedTo: status.evaluatedTo, changes: status.changes ?? 0 });
        continue;
      }
      const to = Math.max(status.evaluatedTo, newest.window.to);
      const said = { hash: opened.ruleHash, severity: opened.severity, notify: opened.notify, explanation: newest.explanation };
      const end = closeAlert(status, reason, { from: newest.window.from, to }, said, clock());
      closed.push(end.status);
      transitions.push(end.transition);
    }
    return keep({ statuses: closed, transitions }, closed);
  }

  /** Stores what changed, transitions first. */
  async function keep(
    { statuses: changed, transitions: made }: Outcome,
    trail: readonly AlertStatus[],
    trailFirst = true,
  ): Promise<Transition[]> {
    const known = await standing();
    const transitions = await toldToAll(made);
    if (transitions.length > 0) await insertTransitions(store, transitions);
    const before = leftOver;
    leftOver = null;
    if (trail.length > 0 && trailFirst) await keepTrail(trail);
    // Calm goes on and on: where an alert is at rest as before, only memory knows up to when. Judged again, it is at rest again.
    const stored = changed.filter((status) => !isResting(status) || !isAsBefore(status, known.get(keyText(status.key))));
    if (stored.length > 0) await insertStatuses(store, stored);
    // A path that was taken again must not look as if it had always been so before what came of it is stored.
    if (trail.length > 0 && !trailFirst) await keepTrail(trail);
    for (const status of changed) known.set(keyText(status.key), status);
    // All of it is stored: nothing new is left over.
    leftOver = before;
    for (const { key, from, to, reason } of transitions)
      log.info("alert changed", {
        rule: key.rule,
        model: key.model,
        version: key.version,
        ...(key.segment === null ? {} : { segment: key.segment }),
        subject: key.subject,
        from,
        to,
        ...(reason === undefined ? {} : { reason }),
      });
    return transitions;
  }

  /** The end of an alert is told to whom its rule names now, and to all who were told of it. */
  async function toldToAll(transitions: readonly Transition[]): Promise<Transition[]> {
    const over = transitions.flatMap(({ to, alertId }) => (to === "resolved" ? [alertId] : []));
    const told = await readNotified(store, over);
    return transitions.map((one) =>
      one.to === "resolved" ? { ...one, notify: [...new Set([...one.notify, ...(told.get(one.alertId) ?? [])])] } : one,
    );
  }

  async function keepTrail(trail: readonly AlertStatus[]): Promise<void> {
    await insertStatuses(store, trail, "alert_trail");
    const newest = await stirring();
    for (const { key, evaluatedTo } of trail) {
      const place = placeOf(key.rule, key.model);
      newest.set(place, Math.max(evaluatedTo, newest.get(place) ?? 0));
    }
  }

  /** One after the other: two at once would both start from the same status. */
  function inTurn(run: () => Promise<Transition[]>): Promise<Transition[]> {
    const result = last.then(run, run);
    last = result;
    return result;
  }

  return {
    evaluate: (window) => inTurn(() => evaluate(window)),
    revise: (windows) => inTurn(() => revise(windows)),
    closeUnwatched: (models) => inTurn(() => closeUnwatched(models)),
    closeReplaced: (version) => inTurn(() => closeReplaced(version)),
  };
}

function placeOf(rule: string, model: string): string {
  return JSON.stringify([rule, model]);
}

/** Whether a status says what it said, but for the window. Asked of every alert there is, in every window. */
function isAsBefore(status: AlertStatus, before: AlertStatus | undefined): boolean {
  return (
    before !== undefined &&
    status.state === before.state &&
    status.health === before.health &&
    status.since === before.since &&
    status.alertId === before.alertId &&
    (status.recent ?? "") === (before.recent ?? "") &&
    (status.changes ?? 0) === (before.changes ?? 0)
  );
}
