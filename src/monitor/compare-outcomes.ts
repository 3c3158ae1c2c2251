import type { ComparedMetric, ComparisonVerdictKind, MetricComparison, OneLookTest } from "../model/comparison.ts";
import { confusionOf, sumOf, type Confusion, type OutcomeCounts, type OutcomeSum } from "../model/counts.ts";
import { DEFAULT_CUTOFFS } from "../model/settings.ts";
import type { Millis } from "../model/time.ts";
import { aucDifference } from "../stats/auc-difference.ts";
import { aucFromBins } from "../stats/auc.ts";
import { proportionSequence } from "../stats/bernoulli-sequence.ts";
import { comparisonVerdict, type ComparisonVerdict, type FurtherRows } from "../stats/comparison-verdict.ts";
import {
  alwaysValidP,
  differenceLogE,
  differenceSequence,
  proportionDifference,
  type ConfidenceSequence,
  type EstimatedDifference,
  type SuccessCount,
} from "../stats/confidence-sequence.ts";
import { scoredCount, scoredRows } from "./performance-values.ts";
import { newcombeInterval, twoProportionTest } from "../stats/proportion.ts";
import { welchTest, type Sample } from "../stats/welch.ts";

/** The chance that an interval ever leaves the true difference out. */
export const ALPHA = 0.05;
/** Where intervals are tightest. Fixed for all: chosen from the data it would void what they promise. */
export const TUNED_ROWS = 50_000;

/** Everything known after one look: the outcomes of both versions up to `to`. */
export type Look = { readonly to: Millis; readonly champion: OutcomeCounts; readonly challenger: OutcomeCounts };

type Side = { readonly value: number | null; readonly rows: number };

/** How one metric is compared: `at` is asked at every look, the others at the last. */
type Comparing = {
  readonly better: "higher" | "lower" | null;
  side(outcomes: OutcomeCounts): Side;
  at(look: Look): { readonly estimate: EstimatedDifference | null; readonly sequence: ConfidenceSequence | null };
  oneLook(look: Look): OneLookTest | null;
};

const COMPARING: Readonly<Record<Exclude<ComparedMetric, "ndcg">, Comparing>> = {
  accuracy: proportion("higher", (outcomes) => ({ successes: hits(outcomes), n: outcomes.labelled })),
  precision: ofCells("higher", ({ tp, fp }) => ({ successes: tp, n: tp + fp })),
  recall: ofCells("higher", ({ tp, fn }) => ({ successes: tp, n: tp + fn })),
  positive_rate: ofCells(null, ({ tp, fp, fn, tn }) => ({ successes: tp + fp, n: tp + fp + fn + tn })),
  prevalence: ofCells(null, ({ tp, fp, fn, tn }) => ({ successes: tp + fn, n: tp + fp + fn + tn })),
  roc_auc: {
    better: "higher",
    side: (outcomes) => {
      const { positives, negatives } = scoredRows(outcomes);
      return { value: aucFromBins(positives.sums, negatives.sums, 1 - ALPHA)?.value ?? null, rows: scoredCount(outcomes) };
    },
    at: (look) => normalLimit(areas(look)),
    oneLook: (look) => {
      const found = areas(look);
      return found && { test: "delong", interval: "delong", pValue: found.pValue, ci: found.ci };
    },
  },
  log_loss: mean("lower", (outcomes) => sums(outcomes, "log_loss", "log_loss_squared", scoredCount(outcomes))),
  brier: mean("lower", (outcomes) => sums(outcomes, "brier", "brier_squared", scoredCount(outcomes))),
  mae: mean("lower", (outcomes) => sums(outcomes, "absolute_error", "squared_error", outcomes.labelled)),
};

/** NDCG of so many items, over lists whose label names a relevant one. */
function ndcg(cutoff: number): Comparing {
  return mean("higher", (outcomes) => ({
    n: outcomes.histograms.get("labelled")?.get(0) ?? 0,
    sum: outcomes.sums.get("ndcg")?.get(cutoff) ?? 0,
    sumOfSquares: outcomes.sums.get("ndcg_squared")?.get(cutoff) ?? 0,
  }));
}

/** What one look shows. */
type Shown = {
  readonly sequence: ConfidenceSequence | null;
  readonly logE: number | null;
  readonly verdict: ComparisonVerdict | null;
};

/** Compares two versions by one metric, after all of these looks in turn. There must be one look at least. `cutoff` is that of ranked lists. */
export function compareMetric(
  metric: ComparedMetric,
  looks: readonly Look[],
  margin: number,
  cutoff: number = DEFAULT_CUTOFFS[0],
): MetricComparison {
  const comparing = metric === "ndcg" ? ndcg(cutoff) : COMPARING[metric];
  const direction = comparing.better === "lower" ? "lower_is_better" : "higher_is_better";
  let maxLogE = 0;
  let given: { readonly kind: ComparisonVerdictKind; readonly since: Millis } | undefined;
  let now: Shown = { sequence: null, logE: null, verdict: null };
  for (const look of looks) {
    const { estimate, sequence } = comparing.at(look);
    const logE = estimate && differenceLogE(estimate, ALPHA, TUNED_ROWS);
    const verdict = sequence && comparisonVerdict(sequence, direction, margin);
    maxLogE = Math.max(maxLogE, logE ?? 0);
    const kind: ComparisonVerdictKind = wordFor(verdict?.kind ?? "not_yet", comparing.better);
    if (kind !== "not_yet" && kind !== given?.kind) given = { kind, since: look.to };
    now = { sequence, logE, verdict };
  }
  const last = looks.at(-1);
  if (!last) throw new RangeError("No looks were given.");
  const [champion, challenger] = [comparing.side(last.champion), comparing.side(last.challenger)];
  const isDefined = champion.value !== null && challenger.value !== null;
  return {
    metric,
    better: comparing.better,
    status: !isDefined ? "undefined" : now.sequence === null ? "insufficient" : "ok",
    champion: champion.value,
    challenger: challenger.value,
    rows: { champion: champion.rows, challenger: challenger.rows },
    difference: champion.value === null || challenger.value === null ? null : challenger.value - champion.value,
    sequence: now.sequence && { low: now.sequence.low, high: now.sequence.high },
    // What is beyond the largest number there is would be no JSON.
    eValue: now.logE === null ? null : Math.min(Number.MAX_VALUE, Math.exp(now.logE)),
    pValue: now.logE === null ? null : alwaysValidP(maxLogE),
    oneLook: comparing.oneLook(last),
    verdict: {
      kind: given?.kind ?? "not_yet",
      since: given?.since ?? null,
      holdsNow: wordFor(now.verdict?.kind ?? "not_yet", comparing.better) === (given?.kind ?? "not_yet"),
      withinMargin: now.verdict?.withinMargin ?? false,
    },
    furtherRows: given === undefined ? (now.verdict?.furtherRows ?? UNKNOWN) : DECIDED,
  };
}

const UNKNOWN: FurtherRows = { atObserved: null, atMargin: null, atMost: null };
const DECIDED: FurtherRows = { atObserved: 0, atMargin: 0, atMost: 0 };

function wordFor(kind: ComparisonVerdict["kind"], better: Comparing["better"]): ComparisonVerdictKind {
  if (better !== null) return kind;
  return kind === "better" ? "higher" : kind === "worse" ? "lower" : kind;
}

function proportion(better: Comparing["better"], count: (outcomes: OutcomeCounts) => SuccessCount): Comparing {
  return {
    better,
    side: (outcomes) => {
      const { successes, n } = count(outcomes);
      return { value: n === 0 ? null : successes / n, rows: n };
    },
    at: ({ champion, challenger }) => {
      const [first, second] = [count(champion), count(challenger)];
      return { estimate: proportionDifference(first, second), sequence: proportionSequence(first, second, ALPHA, TUNED_ROWS) };
    },
    oneLook: ({ champion, challenger }) => {
      const [first, second] = [count(champion), count(challenger)];
      const test = twoProportionTest(first.successes, first.n, second.successes, second.n);
      const ci = newcombeInterval(first.successes, first.n, second.successes, second.n, 1 - ALPHA);
      return test && { test: test.method, interval: "newcombe", pValue: test.pValue, ci };
    },
  };
}

function normalLimit(estimate: EstimatedDifference | null): ReturnType<Comparing["at"]> {
  return { estimate, sequence: estimate && differenceSequence(estimate, ALPHA, TUNED_ROWS) };
}

function ofCells(better: Comparing["better"], count: (cells: Confusion) => SuccessCount): Comparing {
  return proportion(better, (outcomes) => count(confusionOf(outcomes)));
}

function hits({ cells }: OutcomeCounts): number {
  return [...cells].reduce((sum, [actual, predicted]) => sum + (predicted.get(actual) ?? 0), 0);
}

type Sums = { readonly n: number; readonly sum: number; readonly sumOfSquares: number };

function sums(outcomes: OutcomeCounts, name: OutcomeSum, squared: OutcomeSum, n: number): Sums {
  return { n, sum: sumOf(outcomes, name), sumOfSquares: sumOf(outcomes, squared) };
}

/** A mean over rows, from its sum and that of its squares. */
function mean(better: "higher" | "lower", sumsOf: (outcomes: OutcomeCounts) => Sums): Comparing {
  const sample = (outcomes: OutcomeCounts): Sample => {
    const { n, sum, sumOfSquares } = sumsOf(outcomes);
    if (n < 2) return { n, mean: n === 0 ? 0 : sum, variance: 0 };
    return { n, mean: sum / n, variance: Math.max(0, sumOfSquares - (sum * sum) / n) / (n - 1) };
  };
  const compared = ({ champion, challenger }: Look) => welchTest(sample(champion), sample(challenger), 1 - ALPHA);
  return {
    better,
    side: (outcomes) => {
      const { n, mean: value } = sample(outcomes);
      return { value: n === 0 ? null : value, rows: n };
    },
    at: (look) => normalLimit(compared(look)),
    oneLook: (look) => {
      const found = compared(look);
      return found && { test: "welch", interval: "welch", pValue: found.pValue, ci: found.ci };
    },
  };
}

function areas({ champion, challenger }: Look) {
  const classes = (outcomes: OutcomeCounts) => {
    const { positives, negatives } = scoredRows(outcomes);
    return { positives: positives.sums, negatives: negatives.sums };
  };
  return aucDifference(classes(champion), classes(challenger), 1 - ALPHA);
}
