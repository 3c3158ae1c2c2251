import type { Transition } from "../model/alert.ts";
import type { BacktestCourse, BacktestPage } from "../model/backtest.ts";
import type { Measurement, MeasuredWindow, MeasureQuery } from "../model/measurement.ts";
import { isEstimated, metricFamily } from "../model/metric.ts";
import { SEVERITIES, type Maintenance, type Rule } from "../model/rule.ts";
import { windowsEnding, type Millis, type Window } from "../model/time.ts";
import { readMeasurements } from "../store/measurements.ts";
import type { Store } from "../store/store.ts";
import { readVersions } from "../store/versions.ts";
import { judge, type Tools } from "./judge.ts";
import { measuredWindows } from "./measured-windows.ts";
import { play } from "./play.ts";
import { ruleHash } from "./rule-hash.ts";

const AT_ONCE = 48;

/**
 * What a rule makes of the stored history of a model, in event time, as if it had begun to look at the start of the stretch.
 * Measurements are those that are stored, in their newest revision; windows that no rule has ever asked for are measured now,
 * from counts. Nothing is stored, nobody is told.
 */
export async function backtestRule(options: {
  readonly store: Store;
  readonly rule: Rule;
  readonly which: BacktestCourse["which"];
  readonly model: { readonly name: string; readonly labelsExpectedWithin: Millis };
  readonly maintenance: readonly Maintenance[];
  readonly stretch: Window;
  readonly tools: Tools;
  readonly measure: (query: MeasureQuery) => Promise<readonly Measurement[]>;
}): Promise<BacktestCourse> {
  const { store, rule, which, model, maintenance, stretch, tools, measure } = options;
  // There is no history before the first row, however early the stretch begins.
  const first = Math.min(stretch.to, ...(await readVersions(store, model.name)).map(({ firstSeen }) => firstSeen));
  const from = Math.max(stretch.from, first);
  const ends = windowsEnding(from, stretch.to, rule.measure.window, rule.measure.every).map(({ to }) => to);
  const past = await hasStored(store, rule, model.name, ends);
  const windowsOf = (some: readonly Millis[]) =>
    past ? measuredWindows(store, rule, model.name, some, undefined) : measuredNow(rule, model.name, some, measure);
  const lookup = {
    stretch: measure,
    earlier: async (_rule: Rule, _model: string, to: Millis) => (await windowsOf([to]))[0]?.measurements ?? [],
  };
  let windows = 0;
  let blind = 0;
  const counted = async function* (): AsyncGenerator<MeasuredWindow> {
    for (let start = 0; start < ends.length; start += AT_ONCE)
      for (const window of await windowsOf(ends.slice(start, start + AT_ONCE))) {
        windows += 1;
        const earlier = rule.fire.change ? await lookup.earlier(rule, model.name, window.window.to - rule.fire.change.over) : [];
        const judged = judge(rule, window.measurements, tools, { earlier });
        if (judged.length > 0 && judged.every(({ observation }) => observation.health !== "ok")) blind += 1;
        yield window;
      }
  };
  const transitions: Transition[] = [];
  const hashed = [{ rule, hash: ruleHash(rule) }];
  for await (const played of play({ rules: hashed, maintenance, windows: counted(), tools, lookup }))
    transitions.push(...played.transitions);
  const isRealised =
    rule.measure.metric !== "drift" && metricFamily(rule.measure.metric) === "performance" && !isEstimated(rule.measure.metric);
  return {
    rule: rule.name,
    model: model.name,
    which,
    windows,
    blind,
    pages: pagesOf(transitions, isRealised ? model.labelsExpectedWithin : 0),
  };
}

/** The alerts in what changed, oldest first. `after` is how long after its window somebody could have known. */
function pagesOf(transitions: readonly Transition[], after: Millis): BacktestPage[] {
  const byAlert = new Map<string, Transition[]>();
  for (const change of transitions)
    if (change.alertId !== "") byAlert.set(change.alertId, [...(byAlert.get(change.alertId) ?? []), change]);
  return [...byAlert.values()].flatMap((changes) => {
    const [opened] = changes;
    if (opened === undefined) return [];
    const over = changes.find(({ to }) => to === "resolved");
    const severity = changes.reduce(
      (worst, one) => (SEVERITIES.indexOf(one.severity) > SEVERITIES.indexOf(worst) ? one.severity : worst),
      opened.severity,
    );
    const { version, segment, subject } = opened.key;
    return [
      {
        version,
        segment,
        subject,
        severity,
        since: opened.since,
        toldAt: opened.window.to + after,
        resolvedAt: over === undefined ? null : over.window.to + after,
        closedBecause: over?.reason ?? null,
        retrain: opened.retrain,
        summary: opened.summary,
      },
    ];
  });
}

/** Whether windows of this kind were measured by schedule. A model may leave divergences out; all else is measured together. */
async function hasStored(
  store: Store,
  { measure: { metric, baseline, window, segments } }: Rule,
  model: string,
  ends: readonly Millis[],
): Promise<boolean> {
  const [first, last] = [ends[0], ends.at(-1)];
  if (first === undefined || last === undefined) return false;
  const family = metric === "drift" ? "drift" : metricFamily(metric);
  const found = await readMeasurements(store, {
    model,
    baseline,
    windowMs: window,
    after: first - 1,
    upTo: last,
    ...(family === "drift" && metric !== "drift" ? { metric } : { family }),
    ...(segments === undefined ? {} : { segments: "each" as const }),
    limit: 1,
  });
  return found.length > 0;
}

async function measuredNow(
  { measure: { metric, baseline, window, segments } }: Rule,
  model: string,
  ends: readonly Millis[],
  measure: (query: MeasureQuery) => Promise<readonly Measurement[]>,
): Promise<MeasuredWindow[]> {
  const windows: MeasuredWindow[] = [];
  for (const to of ends) {
    const span = { from: to - window, to };
    const family = metric === "drift" ? "drift" : metricFamily(metric);
    const measurements = await measure({
      model,
      window: span,
      baselines: [baseline],
      families: [family],
      ...(segments === undefined ? {} : { segments }),
    });
    if (measurements.length > 0)
      windows.push({
        model,
        window: span,
        families: ["drift", "quality", "performance", "labels", "estimate"],
        measurements,
        versions: [...new Set(measurements.map(({ version }) => version))],
      });
  }
  return windows;
}
