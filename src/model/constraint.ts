import type { Millis } from "./time.ts";

/** What somebody says a feature has to be, whatever a baseline holds. Shares are of rows, and what may be broken by none is 0. */
export type Constraint = {
  readonly feature: string;
  /** Of the rows that hold anything. */
  readonly type?: { readonly is: "number" | "text" | "boolean"; readonly atMost: number };
  /** Whether rows have to hold it at all. */
  readonly presence: "required" | "optional";
  /** The largest share of rows that may hold nothing. */
  readonly missing?: number;
  /** Ends included; null where there is none. Of the rows that hold a number. */
  readonly range?: { readonly min: number | null; readonly max: number | null; readonly atMost: number };
  /** All texts there may be. Of the rows that hold a text. */
  readonly values?: { readonly among: readonly string[]; readonly atMost: number };
  /** How many different texts a window may hold. */
  readonly distinct?: number;
};

export const CONSTRAINT_KINDS = ["presence", "missing", "type", "range", "values", "distinct"] as const;

/** What one constraint makes of one window: rows that break it, among those it is about. */
export type ConstraintFinding = {
  readonly constraint: (typeof CONSTRAINT_KINDS)[number];
  readonly broken: number;
  readonly rows: number;
  /** The share that may break it. */
  readonly limit: number;
  /** How likely so many are by chance, if their share is the limit. */
  readonly pValue: number;
  /** Whether the bins of the window say so, or its rows had to be read again. */
  readonly from: "counts" | "rows";
  /** The ends of a range, the rows below and above it, and the extremes of the window. */
  readonly min?: number;
  readonly max?: number;
  readonly below?: number;
  readonly above?: number;
  readonly low?: number;
  readonly high?: number;
  /** Texts there should not be, most frequent first. */
  readonly values?: readonly { readonly value: string; readonly rows: number }[];
  /** Different texts of the window, and how many there may be. */
  readonly distinct?: number;
  readonly atMost?: number;
};

/** A constraint that a baseline suggests, and what it rests on: an entry for each file, in the order of `Suggestion.sources`. */
export type SuggestedConstraint = {
  readonly constraint: Constraint;
  readonly facts: readonly {
    readonly rows: number;
    readonly missing: number;
    readonly anotherType: number;
    readonly days: number;
    readonly low?: number;
    readonly high?: number;
    readonly distinct?: number;
    readonly once?: number;
  }[];
};

/** What a baseline suggests of all features of a model. */
export type Suggestion = {
  readonly baseline: string;
  readonly sources: readonly {
    /** Empty for all. */
    readonly version: string;
    readonly source: string;
    readonly rows: number;
    readonly from: Millis;
    readonly to: Millis;
  }[];
  readonly features: readonly SuggestedConstraint[];
};

/** A constraint as it is written in a configuration. */
export function writtenConstraint({ type, presence, missing, range, values, distinct }: Constraint) {
  const room = (atMost: number) => (atMost === 0 ? {} : { at_most: atMost });
  return {
    ...(type === undefined ? {} : { type: type.atMost === 0 ? type.is : { is: type.is, at_most: type.atMost } }),
    presence,
    ...(missing === undefined ? {} : { missing: { at_most: missing } }),
    ...(range === undefined
      ? {}
      : {
          range: {
            ...(range.min === null ? {} : { min: range.min }),
            ...(range.max === null ? {} : { max: range.max }),
            ...room(range.atMost),
          },
        }),
    ...(values === undefined ? {} : { values: values.atMost === 0 ? values.among : { among: values.among, ...room(values.atMost) } }),
    ...(distinct === undefined ? {} : { distinct: { at_most: distinct } }),
  };
}
