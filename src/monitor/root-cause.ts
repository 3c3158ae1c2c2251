import type { Counts } from "../model/counts.ts";
import { subjectId, type Grid, type SubjectGrid } from "../model/grid.ts";
import { isTelling, type Cause, type Explained, type Measurement } from "../model/measurement.ts";
import { explainedChange, type BinnedMeans } from "../stats/explained-change.ts";
import type { BinEffects } from "../store/bin-effects.ts";
import { emptyCounts, joinBins, psiBins, type JoinedBins } from "./subject-bins.ts";

/** The share of rows beyond which what a feature's move could do to errors counts as not known. */
const MOST_UNKNOWN = 0.1;
/** Causes told of one measurement. */
const MOST_CAUSES = 5;

/** What each feature's values went with in one baseline, on the bins of its PSI, missing values apart. */
export type EffectsOfBaseline = {
  /** Units of scores and errors: what one of the outcome grid is in the model's own. */
  readonly scale: number;
  readonly features: readonly {
    readonly feature: string;
    readonly id: string;
    readonly grid: SubjectGrid;
    readonly bins: JoinedBins;
    readonly score: BinnedMeans;
    readonly error: BinnedMeans;
  }[];
};

/** What one feature's move could do, by itself. */
export type Explains = { readonly feature: string; readonly score: Explained | null; readonly error: Explained | null };

/** Joined once for a baseline: a thousand bins would each know too little. */
export function effectsOf(
  grid: Grid,
  reference: ReadonlyMap<string, Counts>,
  effects: ReadonlyMap<string, BinEffects>,
  scale: number,
): EffectsOfBaseline {
  const features = grid.subjects.flatMap(({ key, grid: bins }) => {
    const found = key.subject === "feature" ? effects.get(key.feature) : undefined;
    if (!found) return [];
    const id = subjectId(key);
    const joined = psiBins(bins, reference.get(id) ?? emptyCounts(bins));
    const join = ({ rows, sums, squares }: BinnedMeans) => ({
      rows: withMissing(rows, joined),
      sums: withMissing(sums, joined),
      squares: withMissing(squares, joined),
    });
    return [{ feature: key.feature, id, grid: bins, bins: joined, score: join(found.score), error: join(found.error) }];
  });
  return { scale, features };
}

function withMissing(values: readonly number[], bins: JoinedBins): number[] {
  return [...joinBins(values.slice(0, -1), bins), values.at(-1) ?? 0];
}

/** What the move of each feature could do to scores and errors in this window, were it the only one. */
export function explainWindow({ features, scale }: EffectsOfBaseline, current: ReadonlyMap<string, Counts>): Explains[] {
  return features.flatMap(({ feature, id, bins, score, error }) => {
    const counts = current.get(id);
    if (!counts || counts.rows === 0) return [];
    const rows = [...joinBins(counts.bins, bins), counts.missing + counts.unparsable];
    const explained = (means: BinnedMeans): Explained | null => {
      const found = explainedChange(means, rows);
      return found && { change: found.value * scale, standardError: found.standardError * scale, unknown: found.unknown };
    };
    return [{ feature, score: explained(score), error: explained(error) }];
  });
}

/** The measurements with what could explain them: a feature's own with what it could do, the others with the features that could do most. */
export function withCauses(measurements: readonly Measurement[], explains: readonly Explains[]): Measurement[] {
  const byFeature = new Map(explains.map((one) => [one.feature, one]));
  const causes = { score: ranked(explains, "score"), error: ranked(explains, "error") };
  const isKnown = explains.length > 0 && explains.every(({ error }) => error !== null && error.unknown <= MOST_UNKNOWN);
  return measurements.map((one) => {
    if (one.value === null) return one;
    if (one.subject === "feature") {
      const found = byFeature.get(one.feature ?? "");
      return found && (found.score || found.error) && (one.metric === "wasserstein" || one.metric === "psi")
        ? { ...one, detail: { ...one.detail, explains: { score: found.score, error: found.error } } }
        : one;
    }
    const list = one.subject === "performance" ? causes.error : causes.score;
    // That none could is an answer where all were looked at, and nothing where they were not.
    return list.length === 0 && !(one.subject === "performance" && isKnown) ? one : { ...one, detail: { ...one.detail, causes: list } };
  });
}

/** Largest first; what could be noise is left out. */
function ranked(explains: readonly Explains[], what: "score" | "error"): Cause[] {
  return explains
    .flatMap(({ feature, [what]: found }) =>
      found && isTelling(found) ? [{ feature, change: found.change, standardError: found.standardError, unknown: found.unknown }] : [],
    )
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || (a.feature < b.feature ? -1 : 1))
    .slice(0, MOST_CAUSES);
}
