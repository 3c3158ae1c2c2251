import type { Measurement } from "../model/measurement.ts";
import { JUDGED_DRIFT_METRICS, type Metric } from "../model/metric.ts";
import type { SegmentQuestion } from "../model/segment-search.ts";
import type { Store } from "../store/store.ts";
import { readUnseenValues } from "../store/unseen-values.ts";
import { explainSegments, isMeanMetric, largestShares } from "./explain-segments.ts";
import type { ModelState } from "./model-state.ts";

/** Above this p-value no schedule asks which values are new. */
const WORTH_NAMING = 0.01;

/** What an alert may need to name beside its numbers, looked up where there may be one. */
export async function nameCauses(store: Store, state: ModelState, measurements: readonly Measurement[]): Promise<Measurement[]> {
  const named = await nameUnseen(store, state, measurements);
  return state.grid.segments ? nameSegments(store, state, named) : named;
}

/** Which segments carry a loss of performance, or a move of a feature, the prediction or the score. */
async function nameSegments(store: Store, state: ModelState, measurements: readonly Measurement[]): Promise<Measurement[]> {
  const named: Measurement[] = [];
  // Several metrics of one subject are of one change.
  const known = new Map<string, ReturnType<typeof largestShares> | null>();
  for (const one of measurements) {
    const { status, segment, version, baseline, model, pValue } = one;
    const of = changeOf(one);
    if (of === null || status !== "ok" || segment !== null || baseline === null || (pValue ?? 1) > WORTH_NAMING) {
      named.push(one);
      continue;
    }
    const window = { from: one.from, to: one.to };
    const key = JSON.stringify([version, baseline, window, of]);
    if (!known.has(key)) {
      const found = await explainSegments(store, state, { model, version, window, baseline, of });
      known.set(key, found === null ? null : largestShares(found));
    }
    const segments = known.get(key) ?? null;
    named.push(segments === null ? one : { ...one, detail: { ...one.detail, segments } });
  }
  return named;
}

/** What segments may carry of a measurement; null where it is nothing they could share out. */
function changeOf({ subject, feature, metric }: Measurement): SegmentQuestion["of"] | null {
  if (isMeanMetric(metric)) return { metric };
  if (
    subject === "performance" ||
    subject === "traffic" ||
    subject === "label" ||
    !(JUDGED_DRIFT_METRICS as readonly Metric[]).includes(metric)
  )
    return null;
  return { subject, feature: feature ?? "" };
}

/** Which values are new stands in the events alone: they are looked up where an alert may need to name them. */
export async function nameUnseen(
  store: Store,
  state: ModelState,
  measurements: readonly Measurement[],
  upTo = WORTH_NAMING,
): Promise<Measurement[]> {
  const named: Measurement[] = [];
  for (const one of measurements) {
    const isNew = one.metric === "unseen_rate" && one.segment === null && one.feature !== null && (one.detail.hits ?? 0) > 0;
    if (!isNew || (one.pValue ?? 1) > upTo) {
      named.push(one);
      continue;
    }
    const where = { model: one.model, version: one.version, feature: one.feature ?? "", grid: state.grid.version, window: one };
    named.push({ ...one, detail: { ...one.detail, unseen: await readUnseenValues(store, where) } });
  }
  return named;
}
