import type { Constraint, SuggestedConstraint } from "../model/constraint.ts";
import { chaoRichness } from "../stats/richness.ts";
import { rangeReach } from "../stats/range-reach.ts";
import { shareUpperBound } from "../stats/share-upper-bound.ts";
import type { TextFacts } from "../store/baseline-facts.ts";
import { LEAST_ROWS } from "./enough-rows.ts";

/** What the rows of one baseline hold of one feature. */
export type FeatureFacts = {
  readonly feature: string;
  readonly kind: "number" | "text";
  /** Of the baseline, with this feature or without. */
  readonly rows: number;
  readonly missing: number;
  /** Rows that hold something else than a number, or than a text. */
  readonly anotherType: number;
  /** The same by day. */
  readonly days: readonly { readonly rows: number; readonly missing: number }[];
  readonly numbers: {
    readonly rows: number;
    readonly low: number;
    readonly high: number;
    readonly lowDecile: number;
    readonly highDecile: number;
    readonly whole: boolean;
  } | null;
  readonly texts: Omit<TextFacts, "feature"> | null;
};

/** How sure a bound on a share is, and how much room it is given beyond. */
const CONFIDENCE = 0.999;
const HEADROOM = 1.5;
/** A feature that may be missing so often need not be there. */
const OFTEN_MISSING = 0.9;
/** Texts of a feature that are listed at most; beyond, their number is bounded. */
export const MOST_LISTED = 50;
const BOOLEANS: readonly string[] = ["true", "false"];

/**
 * What one baseline suggests of a feature, each with room for what it has not shown:
 * - `missing`, and values of another type: 1.5 times the larger of the Clopper-Pearson bound at 99.9 %, and (of missing) the largest share of
 *   any of the baseline's days with 30 rows or more, since the rows of a day share their cause. The largest of k days alike is exceeded by
 *   the next with chance 1/(k + 1); the rest is the headroom's.
 * - `range`: as far beyond each extreme as that lies beyond the outermost decile (`rangeReach`). Integers stay integers; what was never
 *   negative, or never positive, stays so; ends are rounded outwards to a hundredth of the range.
 * - `values`: all texts, up to 50. New ones may be no rows where every text occurred twice at least; where some occurred once, as many as the
 *   99.9 % bound on the share of those, which is Good's (1953) estimate of the chance that a row holds a text never seen.
 * - `distinct` where there are more: Chao's estimate of how many there are, times 1.5.
 * With fewer than 30 rows only the type is said, and whether the feature is there.
 */
export function suggestConstraint(facts: FeatureFacts): Constraint {
  const { feature, rows, missing, anotherType, days, numbers, texts } = facts;
  const held = rows - missing;
  if (held === 0) return { feature, presence: "optional" };
  const type = { is: typeOf(facts), atMost: anotherType === 0 ? 0 : withRoom(anotherType, held) };
  if (rows < LEAST_ROWS) return { feature, presence: "required", type };
  const worstDay = Math.max(0, ...days.filter((day) => day.rows >= LEAST_ROWS).map((day) => day.missing / day.rows));
  const atMost = withRoom(missing, rows, worstDay);
  return {
    feature,
    type,
    ...(atMost > OFTEN_MISSING ? { presence: "optional" } : { presence: "required", missing: atMost }),
    ...(facts.kind === "number" && numbers !== null && numbers.rows >= LEAST_ROWS ? { range: { ...rangeOf(numbers), atMost: 0 } } : {}),
    ...(facts.kind === "text" && texts !== null && texts.rows >= LEAST_ROWS && type.is === "text" ? listOf(texts) : {}),
  };
}

function typeOf({ kind, texts }: FeatureFacts): "number" | "text" | "boolean" {
  if (kind === "number") return "number";
  return texts !== null && texts.distinct === texts.values.length && texts.values.every((value) => BOOLEANS.includes(value))
    ? "boolean"
    : "text";
}

function withRoom(successes: number, rows: number, least = 0): number {
  return Math.min(1, roundedUp(HEADROOM * Math.max(shareUpperBound(successes, rows, CONFIDENCE) ?? 1, least)));
}

/** To two digits, never down but for what floating point adds. */
function roundedUp(share: number): number {
  const step = 10 ** (Math.floor(Math.log10(share)) - 1);
  return Number((Math.ceil(Number((share / step).toPrecision(12))) * step).toPrecision(2));
}

function rangeOf({ low, high, lowDecile, highDecile, whole }: NonNullable<FeatureFacts["numbers"]>): { min: number; max: number } {
  const farLow = rangeReach(low, lowDecile);
  const farHigh = rangeReach(high, highDecile);
  const min = low >= 0 ? Math.max(0, farLow) : farLow;
  const max = high <= 0 ? Math.min(0, farHigh) : farHigh;
  const span = max - min;
  const step = whole ? 1 : span > 0 ? 10 ** (Math.floor(Math.log10(span)) - 2) : 0;
  // What is not rounded cleanly, for being huge or tiny, stays as it is: never inside what was seen.
  return { min: Math.min(low, outwards(min, step, Math.floor)), max: Math.max(high, outwards(max, step, Math.ceil)) };
}

function outwards(value: number, step: number, round: (value: number) => number): number {
  if (step === 0 || !Number.isFinite(value)) return Number.isFinite(value) ? value : Math.sign(value) * Number.MAX_VALUE;
  const found = Number((round(value / step) * step).toPrecision(12));
  return Number.isFinite(found) ? found : value;
}

function listOf({ rows, distinct, once, twice, values }: NonNullable<FeatureFacts["texts"]>): Pick<Constraint, "values" | "distinct"> {
  if (distinct > MOST_LISTED)
    return { distinct: Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(HEADROOM * chaoRichness(distinct, once, twice))) };
  return { values: { among: values.toSorted(), atMost: once === 0 ? 0 : withRoom(once, rows) } };
}

/** What allows all that either of two allows. Of different types, or where one has too few rows to bound anything, no bound on values is left. */
export function widened(a: Constraint, b: Constraint): Constraint {
  const { feature } = a;
  const optional = a.presence === "optional" || b.presence === "optional";
  const type = a.type === undefined ? b.type : sameType(a.type, b.type ?? a.type);
  const isMixed = type === undefined && a.type !== undefined;
  return {
    feature,
    presence: optional ? "optional" : "required",
    ...(type === undefined ? {} : { type }),
    ...(optional || a.missing === undefined || b.missing === undefined ? {} : { missing: Math.max(a.missing, b.missing) }),
    ...(isMixed || isUnbounded(a) || isUnbounded(b) ? {} : { ...widenedRange(a, b), ...widenedTexts(a, b) }),
  };
}

type Type = NonNullable<Constraint["type"]>;

function sameType(a: Type, b: Type): Type | undefined {
  return a.is === b.is ? { is: a.is, atMost: Math.max(a.atMost, b.atMost) } : undefined;
}

/** It holds values, and nothing is said of them. */
function isUnbounded({ type, range, values, distinct }: Constraint): boolean {
  return type !== undefined && type.is !== "boolean" && (range ?? values ?? distinct) === undefined;
}

function widenedRange(a: Constraint, b: Constraint): Pick<Constraint, "range"> {
  const ranges = [a.range, b.range].filter((range) => range !== undefined);
  const end = (side: "min" | "max", furthest: (...ends: number[]) => number) => {
    const ends = ranges.flatMap((range) => range[side] ?? []);
    return ends.length === ranges.length ? furthest(...ends) : null;
  };
  if (ranges.length === 0) return {};
  return { range: { min: end("min", Math.min), max: end("max", Math.max), atMost: Math.max(...ranges.map(({ atMost }) => atMost)) } };
}

function widenedTexts(a: Constraint, b: Constraint): Pick<Constraint, "values" | "distinct"> {
  const among = [...new Set([...(a.values?.among ?? []), ...(b.values?.among ?? [])])].sort();
  if (a.distinct !== undefined || b.distinct !== undefined || among.length > MOST_LISTED)
    return { distinct: Math.max(among.length, a.distinct ?? 0, b.distinct ?? 0) };
  return among.length === 0 ? {} : { values: { among, atMost: Math.max(a.values?.atMost ?? 0, b.values?.atMost ?? 0) } };
}

/** A feature's suggestion from several baselines: the first that a file of each version makes, widened by the others. */
export function suggestTogether(facts: readonly FeatureFacts[]): SuggestedConstraint | null {
  const [first, ...others] = facts.map(suggestConstraint);
  if (first === undefined) return null;
  return { constraint: others.reduce(widened, first), facts: facts.map(factsOf) };
}

function factsOf({ rows, missing, anotherType, days, numbers, texts, kind }: FeatureFacts): SuggestedConstraint["facts"][number] {
  return {
    rows,
    missing,
    anotherType,
    days: days.length,
    ...(kind === "number" && numbers ? { low: numbers.low, high: numbers.high } : {}),
    ...(kind === "text" && texts ? { distinct: texts.distinct, once: texts.once } : {}),
  };
}
