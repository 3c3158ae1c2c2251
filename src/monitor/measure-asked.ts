import type { LabelKey, SubjectKey } from "../model/grid.ts";
import type { Measurement, MeasureQuery } from "../model/measurement.ts";
import { DRIFT_METRICS, type MetricFamily } from "../model/metric.ts";
import { segmentsAsked } from "../model/segment.ts";
import { DAY, type Millis } from "../model/time.ts";
import { greatestCommonDivisor } from "../stats/greatest-common-divisor.ts";
import type { Store } from "../store/store.ts";
import { withMaturity } from "./label-maturity.ts";
import { maturityOf } from "./maturity-of-windows.ts";
import { LABEL } from "./measure-outcomes.ts";
import { createWindowMeasurer, type WindowMeasurer } from "./measure-window.ts";
import { loadHistory } from "./history.ts";
import type { ModelState } from "./model-state.ts";
import { nameUnseen } from "./name-causes.ts";
import type { Watched } from "./watched.ts";

type Asking = { readonly store: Store; readonly watermark: (model: string) => Millis | null };

/** Measures a window on counts as they are, without storing anything. */
export async function measureAsked(asking: Asking, model: Watched, query: MeasureQuery): Promise<Measurement[]> {
  if (query.segments === undefined) return measureWindow(asking, model, model.state, model.measurer, query);
  const measured: Measurement[] = [];
  for (const segment of segmentsAsked(model.state.grid.segments ?? [], query.segments)) {
    const state = { ...model.state, segment };
    measured.push(...(await measureWindow(asking, model, state, createWindowMeasurer(asking.store, state), query)));
  }
  return measured;
}

async function measureWindow(
  { store, watermark }: Asking,
  model: Watched,
  state: ModelState,
  measurer: WindowMeasurer,
  query: MeasureQuery,
): Promise<Measurement[]> {
  const baselines = new Set(query.baselines);
  const { window } = query;
  const step = [window.from, window.to].reduce(greatestCommonDivisor, DAY);
  const length = window.to - window.from;
  const back = measurer.lookBack(length, baselines);
  const span = { from: window.from - back, to: window.to };
  const asks = (family: MetricFamily) => query.families.includes(family);
  const asksLabels = asks("drift") && state.outcomeGrid !== null && isOf(query)(LABEL);
  const spans = { inputs: span, outcomes: asks("performance") || asksLabels ? span : null, traffic: asks("quality") ? span : null };
  const history = await loadHistory(store, state, model.live, spans, step, back === 0 ? length : step);
  const mark = watermark(query.model);
  const asOf = mark ?? window.to;
  const metrics = { ...model.metrics, measured: new Set(query.metrics ?? DRIFT_METRICS) };
  const inputs = query.families.filter((family) => family !== "performance");
  // Who asks for one window wants names, however few rows hold them.
  const measured =
    inputs.length > 0
      ? await nameUnseen(store, state, await measurer.inputs(window, inputs, baselines, history, metrics, isOf(query), asOf), 1)
      : [];
  const pending = mark !== null && window.to + state.settings.labelsExpectedWithin > mark;
  const matureTo = asOf - state.settings.labelsExpectedWithin;
  if (!asksLabels && !asks("performance")) return measured;
  const ripe = (await maturityOf(store, model.state, [window]))(window);
  if (asksLabels) {
    const labels = await measurer.labels(window, baselines, history, pending, metrics, matureTo);
    measured.push(...labels.map((one) => withMaturity(one, ripe)));
  }
  if (!asks("performance")) return measured;
  const performance = await measurer.performance(window, baselines, history, pending, matureTo);
  return [...measured, ...performance.map((one) => withMaturity(one, ripe))];
}

function isOf({ only: { subject, feature } = {} }: MeasureQuery): (key: SubjectKey | LabelKey) => boolean {
  return (key) =>
    (subject ?? key.subject) === key.subject && (feature === undefined || (key.subject === "feature" && key.feature === feature));
}
