import type { Grid, NumericGrid } from "./grid.ts";
import { cutoffsOf } from "./performance.ts";
import type { ModelSettings } from "./settings.ts";

/** What the outcomes of a model are counted on: its classes, or the bins of its predictions. */
export type OutcomeGrid =
  | { readonly task: "binary"; readonly positive: string }
  /** The classes that have a name of their own; all others are one, `OTHER_CLASS`. */
  | { readonly task: "multiclass"; readonly classes: readonly string[] }
  | {
      readonly task: "regression";
      /** Predictions by size: bin `k` begins at edge `k`, the first holds what is smaller as well. */
      readonly edges: readonly number[];
      /** Actual values by size, in bins that end at these edges, as those of a numeric grid do. */
      readonly labelEdges: readonly number[];
      /** Sums are taken of (value - center)/scale, so that 40 bits behind the point are enough whatever the unit. */
      readonly center: number;
      readonly scale: number;
    }
  /** Lists, looked at so many items deep. */
  | { readonly task: "ranking"; readonly cutoffs: readonly number[] };

/** Outcomes that have a value by themselves, whose labels can drift. */
export type LabelledGrid = Exclude<OutcomeGrid, { readonly task: "ranking" }>;

export const OTHER_CLASS = "(other)";
/** A prediction of another class than the actual one, neither of which has a name of its own. */
export const ANOTHER_CLASS = "(another)";
const MOST_CLASSES = 50;
/** With more classes than this their scores are not counted class by class. */
const MOST_SCORED_CLASSES = 10;
const PREDICTION_BINS = 50;
const LABEL_BINS = 256;

/** Null where the model's outcomes are not counted: no reference says what it predicts. */
export function outcomeGridOf(model: Pick<ModelSettings, "task" | "positive" | "cutoffs">, grid: Grid): OutcomeGrid | null {
  if (model.task === "ranking") return { task: "ranking", cutoffs: cutoffsOf(model) };
  if (model.task === "binary") return model.positive === null ? null : { task: "binary", positive: model.positive };
  const predictions = grid.subjects.find(({ key }) => key.subject === "prediction")?.grid;
  if (model.task === "multiclass")
    return predictions?.kind === "categorical" ? { task: "multiclass", classes: predictions.categories.slice(0, MOST_CLASSES) } : null;
  return predictions?.kind === "numeric" ? regressionGrid(predictions) : null;
}

function regressionGrid({ edges }: NumericGrid): OutcomeGrid {
  const at = (share: number) => edges[Math.min(edges.length - 1, Math.floor(share * edges.length))] ?? 0;
  const spread = at(0.9) / 2 - at(0.1) / 2;
  const size = spread > 0 ? spread : Math.max(Math.abs(at(0.5)), 1);
  const chosen = new Set(Array.from({ length: PREDICTION_BINS }, (_, index) => at(index / PREDICTION_BINS)));
  const step = Math.max(1, (edges.length - 1) / (LABEL_BINS - 2));
  const labelEdges = [
    ...new Set(Array.from({ length: LABEL_BINS - 1 }, (_, index) => Math.min(edges.length - 1, Math.round(index * step)))),
  ];
  return {
    task: "regression",
    edges: [...chosen],
    labelEdges: labelEdges.map((index) => edges[index] ?? 0),
    center: at(0.5),
    // Neither beyond what numbers there are, nor so small that what 40 bits of it are worth is 0.
    scale: 2 ** Math.min(1023, Math.max(-1000, Math.round(Math.log2(size)))),
  };
}

/** The classes whose scores are counted one by one, the last standing for all without a name; none where there are too many. */
export function scoredClasses(classes: readonly string[]): readonly string[] {
  return classes.length > MOST_SCORED_CLASSES ? [] : [...classes, OTHER_CLASS];
}
