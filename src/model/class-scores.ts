/**
 * Scores of several classes, counted class by class: every row stands once for each class k whose score it has, under the class j
 * that it was predicted as. Places of rows are those of (rows, j, k, bin).
 */

/** Rows without a label, `labelled` ones, and those that `are` of class k (j is 0 then). */
const ROWS = ["unlabelled", "labelled", "are"] as const;
export type ClassScoreRows = (typeof ROWS)[number];

/** Classes with their own scores, and one for all others. */
const MOST = 11;
/** Exact 0, exact 1, and between them bins of a quarter in log-odds, up to 8 either way. */
export const CLASS_SCORE_BINS = 66;

/** The place of the first bin. */
export function classScorePlace(rows: ClassScoreRows, predicted: number, scored: number): number {
  return ((ROWS.indexOf(rows) * MOST + predicted) * MOST + scored) * CLASS_SCORE_BINS;
}

/** The same of numbers in SQL. */
export const classScorePlaceSql = (rows: ClassScoreRows, predicted: string, scored: string): string =>
  `(${ROWS.indexOf(rows) * MOST} + ${predicted}) * ${MOST * CLASS_SCORE_BINS} + ${scored} * ${CLASS_SCORE_BINS}`;

export const classScoreBinSql = (score: string): string =>
  `multiIf(${score} <= 0, 0, ${score} >= 1, ${CLASS_SCORE_BINS - 1}, toUInt16(1 + greatest(0, least(${CLASS_SCORE_BINS - 3}, floor((log(${score} / (1 - ${score})) + 8) * 4)))))`;
