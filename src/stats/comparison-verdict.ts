/** What may be said of a challenger now, and how much longer it takes to say more. */

import { requireInteger, requireNonNegative } from "./argument-domain.ts";
import type { ConfidenceSequence } from "./confidence-sequence.ts";
import { normalMixtureBound, normalMixtureScale } from "./normal-mixture.ts";

/** Beyond this many rows an answer is "never". */
const MOST_ROWS = 2 ** 53;

/**
 * Further rows, both versions together (pairs, where the sequence counts pairs), until a verdict; null: none in sight.
 */
export interface FurtherRows {
  /** If the difference stays as it is now. */
  atObserved: number | null;
  /** If the true difference were as large as the margin; 0 says that it would have shown by now. */
  atMargin: number | null;
  /** By then some verdict is certain, whatever the difference. */
  atMost: number | null;
}

export interface ComparisonVerdict {
  kind: "better" | "worse" | "no_larger_difference" | "not_yet";
  /** The whole interval lies within the margin: also said of "better" and "worse", which then hardly matter. */
  withinMargin: boolean;
  /** All 0 once there is a verdict. */
  furtherRows: FurtherRows;
}

/** Rows from `sequence.rows` on until both arms of the interval are at most `target`, noise and split as they are. */
function rowsUntil(sequence: ConfidenceSequence, target: number): number | null {
  const { difference, low, high, rows, alpha, tunedRows } = sequence;
  const reach = Math.max(difference - low, high - difference);
  if (reach <= target) return 0;
  if (target <= 0) return null;
  const rho = normalMixtureScale(tunedRows, alpha);
  const unit = (n: number): number => normalMixtureBound(n, rho, alpha) / n;
  const wanted = (target / reach) * unit(rows);
  let enough = rows;
  while (unit(enough) > wanted) {
    enough *= 2;
    if (enough > MOST_ROWS) return null;
  }
  let tooFew = Math.max(rows, enough / 2);
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (unit(middle) > wanted) tooFew = middle;
    else enough = middle;
  }
  return enough - rows;
}

/**
 * What a confidence sequence of challenger less champion says: the challenger is better, worse, or not different by
 * more than `margin`, or it cannot be said yet. `direction` tells whether more is better (accuracy) or less (a loss);
 * `margin`, in units of the difference, is the smallest difference that would matter, 0 for none.
 *
 * "better" and "worse": the interval leaves 0 out on that side. "no_larger_difference": it holds 0 and lies within
 * [-margin, margin]. All three follow from one interval that holds the truth at every look with probability 1 - alpha,
 * so the chance of ever giving a false one is at most alpha, however often one looks; a verdict once given stays, even
 * if a later interval is wider.
 *
 * Further rows: the half-width shrinks as the normal-mixture boundary over n; a verdict comes where it falls to
 * max(|d|, margin - |d|) (the observed difference d stays), to margin (the difference is the margin), to margin/2
 * (certain: what is not within the margin then leaves 0 out). The first two are medians, since the difference itself
 * wanders by a standard error; the count assumes today's noise and split.
 *
 * Simulated, `proportionSequence` at alpha 0.05 tuned for 50,000 rows, 720 hourly looks, 300 months each, 200 rows a
 * side and hour, margin 0.01. No difference, errors of 0.002, 0.02, 0.1 and 0.3: false verdicts in 0, 0.3, 1.3 and 2.7
 * % of months, "no_larger_difference" in all others, after 13, 29, 110 and 257 hours (median). Errors of 0.1 against
 * 0.09: "better" in all months, after 68 hours (median; 136 in 90 %); against 0.08 after 22 (39). 0.1 against 0.12:
 * "worse" in all, after 25 hours (44), or 115 (223) where the challenger gets 20 of 400 rows.
 *
 * Misleads: "not_yet" is no sign of equality. A verdict holds for the traffic seen. Do not choose the margin after
 * looking. Throws a RangeError for a negative margin, rows below 1, or an interval that does not hold its difference.
 * Cost: about 100 steps.
 */
export function comparisonVerdict(
  sequence: ConfidenceSequence,
  direction: "higher_is_better" | "lower_is_better",
  margin: number,
): ComparisonVerdict {
  requireNonNegative("margin", margin);
  requireInteger("rows", sequence.rows, 1);
  const { difference, low, high } = sequence;
  if (!(low <= difference && difference <= high)) throw new RangeError(`${difference} is not within ${low} and ${high}`);
  const withinMargin = low >= -margin && high <= margin;
  const decided = { withinMargin, furtherRows: { atObserved: 0, atMargin: 0, atMost: 0 } };
  if (low > 0) return { kind: direction === "higher_is_better" ? "better" : "worse", ...decided };
  if (high < 0) return { kind: direction === "higher_is_better" ? "worse" : "better", ...decided };
  if (withinMargin) return { kind: "no_larger_difference", ...decided };
  const size = Math.abs(difference);
  return {
    kind: "not_yet",
    withinMargin,
    furtherRows: {
      atObserved: rowsUntil(sequence, Math.max(size, margin - size)),
      atMargin: rowsUntil(sequence, margin),
      atMost: rowsUntil(sequence, margin / 2),
    },
  };
}
