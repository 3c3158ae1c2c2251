/** Summaries of a square confusion table, each with its slopes in the cells. */

/** A function of the cells of a table. It does not change when all cells are multiplied by one factor. */
export interface TableMetric {
  readonly value: number;
  /** By how much the value changes per row more in a cell. Over all cells Σ cell·slope is 0. */
  readonly slope: (actual: number, predicted: number) => number;
  /** How many classes enter an average; for the others all of them. */
  readonly classes: number;
}

/** The sums of a table that all metrics are made of. */
export interface TableMargins {
  readonly total: number;
  readonly hits: readonly number[];
  /** Row sums: how often a class occurs. */
  readonly actual: readonly number[];
  /** Column sums: how often a class is predicted. */
  readonly predicted: readonly number[];
}

/** The margins of a square table, rows by actual class, columns by predicted class. Cost: K². */
export function tableMargins(cells: readonly (readonly number[])[]): TableMargins {
  const hits = cells.map((row, k) => row[k]!);
  const actual = cells.map((row) => row.reduce((sum, cell) => sum + cell, 0));
  const predicted = cells.map((_, k) => cells.reduce((sum, row) => sum + row[k]!, 0));
  return { hits, actual, predicted, total: actual.reduce((sum, rows) => sum + rows, 0) };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The share of rows on the diagonal. Null without rows. Cost: linear in K; a slope is constant. */
export function tableAccuracy({ total, hits }: TableMargins): TableMetric | null {
  if (total === 0) return null;
  const value = sum(hits) / total;
  return { value, classes: hits.length, slope: (actual, predicted) => ((actual === predicted ? 1 : 0) - value) / total };
}

/** How an average weighs classes: all alike, or by how often they occur. */
type ClassWeights = "macro" | "weighted";

/**
 * Averages a ratio of classes, hits·factor/(a·actual + b·predicted), over the classes for which it is defined.
 * `byActual` and `byPredicted` are a and b: (1, 0) recall, (0, 1) precision, (1, 1) with factor 2 F1.
 */
function averageRatio(margins: TableMargins, weights: ClassWeights, byActual: 0 | 1, byPredicted: 0 | 1): TableMetric | null {
  const { hits, actual, predicted } = margins;
  const factor = byActual + byPredicted;
  const bases = hits.map((_, k) => byActual * actual[k]! + byPredicted * predicted[k]!);
  const ratios = hits.map((hit, k) => (bases[k] === 0 ? 0 : (factor * hit) / bases[k]!));
  const weighs = bases.map((base, k) => (base === 0 ? 0 : weights === "macro" ? 1 : actual[k]!));
  const whole = sum(weighs);
  if (whole === 0) return null;
  const value = sum(ratios.map((ratio, k) => ratio * weighs[k]!)) / whole;
  const perRow = bases.map((base, k) => (base === 0 ? 0 : weighs[k]! / base));
  const slope = (i: number, j: number) => {
    const hit = i === j ? factor * perRow[i]! : 0;
    const diluted = byActual * ratios[i]! * perRow[i]! + byPredicted * ratios[j]! * perRow[j]!;
    const shifted = weights === "weighted" && bases[i]! > 0 ? ratios[i]! - value : 0;
    return (hit - diluted + shifted) / whole;
  };
  return { value, slope, classes: bases.filter((base) => base > 0).length };
}

/** hits/predicted, averaged over the classes that were predicted. Null when none was. Cost: linear in K. */
export function averagePrecisionOfClasses(margins: TableMargins, weights: ClassWeights): TableMetric | null {
  return averageRatio(margins, weights, 0, 1);
}

/** hits/actual, averaged over the classes that occur. Null when none does. Cost: linear in K. */
export function averageRecallOfClasses(margins: TableMargins, weights: ClassWeights): TableMetric | null {
  return averageRatio(margins, weights, 1, 0);
}

/** 2·hits/(actual + predicted), averaged over the classes that occur or were predicted. Cost: linear in K. */
export function averageF1OfClasses(margins: TableMargins, weights: ClassWeights): TableMetric | null {
  return averageRatio(margins, weights, 1, 1);
}

/** Σ actual·predicted over classes, and N·Σ hits less that: what κ and MCC share. */
function agreement({ total, hits, actual, predicted }: TableMargins) {
  const chance = sum(actual.map((rows, k) => rows * predicted[k]!));
  const allHits = sum(hits);
  const excess = total * allHits - chance;
  const excessSlope = (i: number, j: number) => allHits + (i === j ? total : 0) - predicted[i]! - actual[j]!;
  return { chance, excess, excessSlope };
}

/**
 * Matthews' correlation of actual and predicted class (Gorodkin's R_K), U/√(X·Y) with U = N·Σ hits - Σ
 * actual·predicted, X = N² - Σ actual², Y = N² - Σ predicted². Null when one class only occurs, or one only is
 * predicted. Cost: linear in K.
 */
export function matthewsCorrelation(margins: TableMargins): TableMetric | null {
  const { total, actual, predicted } = margins;
  const spreadActual = spread(total, actual);
  const spreadPredicted = spread(total, predicted);
  if (spreadActual === 0 || spreadPredicted === 0) return null;
  const { excess, excessSlope } = agreement(margins);
  const scale = Math.sqrt(spreadActual * spreadPredicted);
  const value = Math.max(-1, Math.min(1, excess / scale));
  const slope = (i: number, j: number) =>
    excessSlope(i, j) / scale - value * ((total - actual[i]!) / spreadActual + (total - predicted[j]!) / spreadPredicted);
  return { value, slope, classes: actual.length };
}

/** N² - Σ rows², as Σ rows·(N - rows), which is 0 exactly when all rows are of one class. */
function spread(total: number, rows: readonly number[]): number {
  return rows.filter((some) => some > 0).length < 2 ? 0 : sum(rows.map((some) => some * (total - some)));
}

/**
 * Cohen's κ: the agreement beyond that of independent answers with the same margins, over the largest possible, (N·Σ
 * hits - E)/(N² - E) with E = Σ actual·predicted. Null when one class is all there is on both sides. Cost: linear in K.
 */
export function cohensKappa(margins: TableMargins): TableMetric | null {
  const { total, actual, predicted } = margins;
  const { chance, excess, excessSlope } = agreement(margins);
  const alone = actual.some((rows, k) => rows === total && predicted[k] === total);
  if (alone) return null;
  const scale = total * total - chance;
  const value = excess / scale;
  const slope = (i: number, j: number) => (excessSlope(i, j) - value * (2 * total - predicted[i]! - actual[j]!)) / scale;
  return { value, slope, classes: actual.length };
}
