import type { Comparison, ComparisonQuery } from "../model/comparison.ts";
import { addOutcomes } from "../model/counts.ts";
import { cutoffsOf } from "../model/performance.ts";
import type { ModelSettings } from "../model/settings.ts";
import { ceilTo, type Millis } from "../model/time.ts";
import { countSharedBuckets, readCommonOutcomes, type CommonOutcomes } from "../store/common-outcomes.ts";
import type { Store } from "../store/store.ts";
import { ALPHA, compareMetric, TUNED_ROWS, type Look } from "./compare-outcomes.ts";

/** Beyond so many common buckets only every second is a look, then every fourth: fewer looks promise no less. */
const MOST_LOOKS = 500;

/**
 * One version against another over the buckets in which both were live and whose labels have had their time, from
 * stored counts. `watermark` is that of the model; null, before the first event, leaves nothing to compare.
 *
 * Ids are unique in a model, so no id stands for an answer of both: rows are taken as independent.
 */
export async function compareVersions(
  { store, settings, watermark }: { store: Store; settings: ModelSettings; watermark: Millis | null },
  query: ComparisonQuery,
): Promise<Comparison> {
  const { bucket, labelsExpectedWithin } = settings;
  const pair = { model: query.model, first: query.champion, second: query.challenger };
  // The first bucket that ends later than its labels have had their time.
  const before = watermark === null ? 0 : Math.max(0, ceilTo(watermark - labelsExpectedWithin - bucket + 1, bucket));
  const shared = await countSharedBuckets(store, pair, before);
  const together = 2 ** Math.max(0, Math.ceil(Math.log2(shared.common / MOST_LOOKS)));
  const steps = shared.common === 0 ? [] : await readCommonOutcomes(store, pair, before, together);
  const looks = looksOf(steps, bucket);
  const last = looks.at(-1);
  const known = last ?? { champion: addOutcomes([]), challenger: addOutcomes([]) };
  const hasLabels = Math.min(known.champion.labelled, known.challenger.labelled) > 0;
  return {
    model: query.model,
    champion: { version: query.champion, predictions: known.champion.predictions, labelled: known.champion.labelled },
    challenger: { version: query.challenger, predictions: known.challenger.predictions, labelled: known.challenger.labelled },
    status: hasLabels ? "ok" : last ? "no_labels" : shared.later > 0 ? "labels_pending" : "no_common_buckets",
    from: steps[0]?.from ?? null,
    to: last?.to ?? null,
    buckets: {
      length: bucket,
      compared: shared.common,
      waiting: shared.later,
      onlyChampion: shared.onlyFirst,
      onlyChallenger: shared.onlySecond,
    },
    looks: looks.length,
    alpha: ALPHA,
    margin: query.margin,
    tunedRows: TUNED_ROWS,
    metrics: hasLabels ? query.metrics.map((metric) => compareMetric(metric, looks, query.margin, cutoffsOf(settings)[0])) : [],
  };
}

/** Sums up to each step in turn. */
function looksOf(steps: readonly CommonOutcomes[], bucket: Millis): Look[] {
  const looks: Look[] = [];
  let [champion, challenger] = [addOutcomes([]), addOutcomes([])];
  for (const step of steps) {
    champion = addOutcomes([champion, step.first]);
    challenger = addOutcomes([challenger, step.second]);
    looks.push({ to: step.last + bucket, champion, challenger });
  }
  return looks;
}
