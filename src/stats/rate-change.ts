/** A mixture e-process for a change of a rate: evidence that may be looked at after every bucket. */

import { requireInteger, requireOpenProbability } from "./argument-domain.ts";
import { requireLater, type DetectedChange } from "./detected-change.ts";

/** The alternatives, as distances from the usual range in log-odds, up and down. */
const LOG_ODDS_STEPS = [0.1, 0.2, 0.4, 0.8, 1.6];
const SHIFTS = [...LOG_ODDS_STEPS, ...LOG_ODDS_STEPS.map((step) => -step)];

/** What is held of one alternative. */
interface Alternative {
  /** ln of the likelihood ratios since every possible change, weighted by how likely a change was to begin there. */
  logWeighted: number | null;
  /** The cumulative log likelihood ratio since it was last not positive, and where that was. */
  cumulative: number;
  since: number | null;
}

/** All that the process remembers. Plain data that survives JSON; `rateChangeStart` makes the first. */
export interface RateChangeState {
  /** Buckets with rows so far. */
  buckets: number;
  alternatives: Alternative[];
  /** The largest ln e so far, at least 0: `alwaysValidP` makes a p-value of it. */
  maxLogE: number;
  /** Position of the newest bucket; null before the first. */
  last: number | null;
}

/** The process before its first bucket. Cost: constant. */
export function rateChangeStart(): RateChangeState {
  return { buckets: 0, alternatives: SHIFTS.map(() => ({ logWeighted: null, cumulative: 0, since: null })), maxLogE: 0, last: null };
}

function logAdd(a: number, b: number): number {
  const larger = Math.max(a, b);
  return larger + Math.log1p(Math.exp(Math.min(a, b) - larger));
}

/** ln of the likelihood ratio of an alternative `shift` away from `rate` in log-odds, for one bucket. */
function logRatio(successes: number, n: number, rate: number, shift: number): number {
  // (1 - q)/(1 - p) = 1/(1 - p + p·exp(shift)), and q/p is exp(shift) times that.
  return successes * shift - n * Math.log1p(rate * Math.expm1(shift));
}

/**
 * Takes one bucket, `successes` of `n` rows, into an e-process against "the rate always lies in [usual.low,
 * usual.high]".
 *
 * e = Σ_k w_k·Λ_k: likelihood ratios of a rate that leaves the range at bucket j and then lies 0.1, 0.2, 0.4, 0.8 or
 * 1.6 above `high`, or below `low`, in log-odds; the ten alternatives weigh 1/10 each, the possible beginnings j T(j -
 * 1) - T(j) with T(j) = 1/(1 + ln(1 + j)), and no change yet T(t). Against a rate inside the range each ratio is at
 * most 1 on average whatever was seen before, so by Ville's inequality the chance that e ever reaches 1/alpha, over any
 * number of looks, is at most alpha. No asymptotics: it holds for buckets of one row.
 *
 * At e >= 1/alpha there is a change, and the process starts anew with all of alpha. `since` is where the best
 * alternative's cumulative ratio last left 0. Give the reference's Wilson interval as the usual range, not its bare
 * rate, which is not known exactly; or widen it by a margin that does not matter.
 *
 * Simulated at alpha = 0.01 with buckets of 100 rows, 2,000 runs of 1,000 buckets: 0.6, 0.2 and 0.1 % ever alarm with
 * 2, 10 and 30 % errors and a known rate, at most 0.1 % with the 99 % Wilson interval of 20,000 rows. Errors from 10 to
 * 15 % after 50 quiet buckets are found after 1,100 rows (median; 1,800 in 95 %), 1,350 (2,600) with the interval, and
 * placed 2.9 buckets off (mean).
 *
 * Misleads: alpha is for a lifetime, so the later a change comes, the more evidence it needs (about ln j); the
 * guarantee needs rows that are independent given the past; and a wide range hides small changes, of which a rate
 * within it is none. Shifts far beyond 1.6 are found, if a little later than could be.
 *
 * A bucket without rows changes nothing but `last`. Pure: the old state is left alone. Throws a RangeError unless 0 <=
 * successes <= n are whole, 0 < low <= high < 1 and 0 < alpha < 1, and for a position not after the last. Memory and
 * cost: constant.
 */
export function rateChangeStep(
  state: RateChangeState,
  { at, n, successes }: { at: number; n: number; successes: number },
  usual: { low: number; high: number },
  alpha: number,
): { state: RateChangeState; change: DetectedChange | null } {
  requireLater(state.last, at);
  requireInteger("n", n, 0);
  requireInteger("successes", successes, 0);
  if (successes > n) throw new RangeError(`a bucket has ${successes} successes in ${n} rows`);
  requireOpenProbability("the usual rate's low end", usual.low);
  requireOpenProbability("the usual rate's high end", usual.high);
  if (usual.low > usual.high) throw new RangeError(`the usual range is empty: ${usual.low} to ${usual.high}`);
  requireOpenProbability("alpha", alpha);
  if (n === 0) return { state: { ...state, last: at }, change: null };
  const buckets = state.buckets + 1;
  const logBegins = Math.log(Math.log1p(1 / buckets) / (1 + Math.log(buckets)) / (1 + Math.log1p(buckets)));
  const alternatives = state.alternatives.map(({ logWeighted, cumulative, since }, k) => {
    const shift = SHIFTS[k]!;
    const ratio = logRatio(successes, n, shift > 0 ? usual.high : usual.low, shift);
    const next = Math.max(0, cumulative + ratio);
    return {
      logWeighted: ratio + (logWeighted === null ? logBegins : logAdd(logWeighted, logBegins)),
      cumulative: next,
      since: next === 0 ? null : (since ?? at),
    };
  });
  const logs = alternatives.map(({ logWeighted }) => logWeighted - Math.log(SHIFTS.length));
  const logE = logs.reduce(logAdd, -Math.log1p(Math.log1p(buckets)));
  if (logE < -Math.log(alpha)) {
    return { state: { buckets, alternatives, maxLogE: Math.max(state.maxLogE, logE), last: at }, change: null };
  }
  const best = logs.indexOf(Math.max(...logs));
  return {
    state: { ...rateChangeStart(), last: at },
    change: { since: alternatives[best]?.since ?? at, direction: SHIFTS[best]! > 0 ? "up" : "down" },
  };
}
