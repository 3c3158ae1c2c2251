import { denseBins, noCounts, sumOf, type Counts, type OutcomeCounts } from "./counts.ts";
import { binCount, type SubjectGrid } from "./grid.ts";
import { OTHER_CLASS, type LabelledGrid } from "./outcome-grid.ts";

/** The bins of labels: classes, or those of what is predicted. */
export function labelGrid(grid: LabelledGrid, provisional: boolean): SubjectGrid {
  switch (grid.task) {
    case "binary":
      return { kind: "categorical", categories: [grid.positive, OTHER_CLASS], rare: [], provisional };
    case "multiclass":
      return { kind: "categorical", categories: grid.classes, rare: [OTHER_CLASS], provisional };
    case "regression":
      return { kind: "numeric", edges: grid.labelEdges, quantum: grid.scale * 2 ** -40, provisional };
  }
}

/** The labels among some outcomes, counted as the values of a feature are; rows without one are missing. */
export function labelCounts(outcomes: OutcomeCounts, grid: LabelledGrid, bins: SubjectGrid): Counts {
  const counts = {
    ...noCounts(binCount(bins)),
    rows: outcomes.predictions,
    missing: outcomes.predictions - outcomes.labelled,
  };
  if (grid.task === "regression") {
    const actuals = denseBins(outcomes.histograms.get("actuals"), binCount(bins));
    const valueSum = (name: "lowest_labels" | "highest_labels", rows = 0) => sumOf(outcomes, name) * grid.scale + rows * grid.center;
    return {
      ...counts,
      bins: actuals,
      lowSum: valueSum("lowest_labels", actuals[0]),
      highSum: valueSum("highest_labels", actuals.at(-1)),
    };
  }
  const places = grid.task === "binary" ? ["1", "0"] : [...grid.classes, OTHER_CLASS];
  const rows = new Map(
    [...outcomes.cells].map(([actual, byClass]) => [actual, [...byClass.values()].reduce((sum, count) => sum + count, 0)]),
  );
  return { ...counts, bins: counts.bins.map((_, bin) => rows.get(places[bin] ?? "") ?? 0) };
}
