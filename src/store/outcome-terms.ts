import type { OutcomeHistogram, OutcomeSum } from "../model/counts.ts";
import { classScoreBinSql, classScorePlaceSql } from "../model/class-scores.ts";
import { ANOTHER_CLASS, OTHER_CLASS, scoredClasses, type OutcomeGrid } from "../model/outcome-grid.ts";
import type { QueryParams } from "./store.ts";

/**
 * What is counted and summed of the outcomes of one task, in SQL. Nothing in here comes from outside: classes and edges
 * travel as parameters.
 */
export type OutcomeTerms = {
  readonly params: QueryParams;
  /** Which rows carry a prediction. */
  readonly judged: string;
  /** Columns of every row, from those of a prediction, `known`, `label` and `label_number`. They begin with `labelled`. */
  readonly row: readonly (readonly [name: string, sql: string])[];
  /** The row's classes and bin; a bin of `NO_BIN` is none. */
  readonly actual: string;
  readonly predicted: string;
  readonly bin: string;
  /** The bin of what turned out true, by which labelled rows are `actuals`; null where that is no number. */
  readonly labelBin: string | null;
  /** Which groups of rows a histogram counts, by `labelled`, `actual`, `predicted` and `bin`. */
  readonly histograms: readonly (readonly [OutcomeHistogram, when: string])[];
  /** Which labelled groups of rows count among `delays`; the rest are `other_delays`. */
  readonly first: string;
  /** Where a row counts in `class-scores.ts`; nowhere in most tasks. */
  readonly classScores: string;
  /** What is summed of labelled rows that have a bin, at that or at a fixed place. */
  readonly sums: readonly (readonly [OutcomeSum, sql: string, at: "bin" | number])[];
};

/** Where what is summed over all rows stands. */
const WHOLE = 0;
export const NO_BIN = 4_095;
/** Of rows whose label does not say when it became known. */
export const NO_DELAY = 65_535;
export const NOWHERE = "CAST([], 'Array(UInt16)')";
/** Scores are clipped to [eps, 1 - eps] in the log loss, eps that of a 64-bit float, as scikit-learn does. */
const EPSILON = "2.220446049250313e-16";

/** The bins of `scoreBin` in `stats/auc.ts`, said again in SQL. */
const scoreBin = (score: string) =>
  `multiIf(${score} <= 0, 0, ${score} >= 1, 1001, toUInt16(1 + greatest(0, least(999, floor((log(${score} / (1 - ${score})) + 16) / 32 * 1000)))))`;

const clipped = (probability: string) => `greatest(${EPSILON}, least(1 - ${EPSILON}, ${probability}))`;

export function outcomeTerms(grid: OutcomeGrid): OutcomeTerms {
  switch (grid.task) {
    case "binary":
      return binaryTerms(grid.positive);
    case "multiclass":
      return multiclassTerms(grid.classes);
    case "regression":
      return regressionTerms(grid);
    case "ranking":
      return rankingTerms(grid.cutoffs);
  }
}

/** Without a predicted class, a score of at least one half predicts the positive. */
function binaryTerms(positive: string): OutcomeTerms {
  const isActual = "label = {positive:String}";
  const isPredicted = "if(isNotNull(predicted_class), assumeNotNull(predicted_class) = {positive:String}, assumeNotNull(score) >= 0.5)";
  return {
    params: { positive },
    judged: "isNotNull(predicted_class) OR isNotNull(score)",
    row: [
      ["labelled", "known"],
      ["p", "assumeNotNull(score)"],
      ["y", isActual],
      ["given", clipped("if(y, p, 1 - p)")],
    ],
    actual: `if(${isActual}, '1', '0')`,
    predicted: `if(${isPredicted}, '1', '0')`,
    bin: `if(isNull(score), ${NO_BIN}, ${scoreBin("p")})`,
    labelBin: null,
    first: "actual = '1'",
    classScores: NOWHERE,
    histograms: [
      ["positives", "labelled AND actual = '1'"],
      ["negatives", "labelled AND actual = '0'"],
      ["predicted_positives", "predicted = '1'"],
      ["predicted_negatives", "predicted = '0'"],
    ],
    sums: [
      ["log_loss", "-log(given)", WHOLE],
      ["log_loss_squared", "pow(log(given), 2)", WHOLE],
      ["brier", "pow(p - y, 2)", WHOLE],
      ["brier_squared", "pow(p - y, 4)", WHOLE],
      ["score", "p", "bin"],
    ],
  };
}

/** Without a predicted class, the one of the largest probability is predicted (the first by name of several). */
function multiclassTerms(classes: readonly string[]): OutcomeTerms {
  const scored = scoredClasses(classes);
  const named = (sql: string) => `if(has({classes:Array(String)}, ${sql}), ${sql}, '${OTHER_CLASS}')`;
  return {
    params: { classes },
    judged: "isNotNull(predicted_class) OR notEmpty(scores)",
    row: [
      ["labelled", "known"],
      ["ranked", "arraySort(entry -> (-entry.2, entry.1), CAST(scores, 'Array(Tuple(String, Float64))'))"],
      ["class", "if(isNotNull(predicted_class), assumeNotNull(predicted_class), ranked[1].1)"],
      // A class that was given no probability was given none: 0.
      ["confidence", "scores[class]"],
      ["given", "scores[label]"],
      ["log_given", `log(${clipped("given")})`],
      ["brier_row", "arraySum(entry -> entry.2 * entry.2, ranked) - 2 * given + 1"],
      ...(scored.length === 0 ? [] : classScoreColumns(named)),
    ],
    actual: named("label"),
    predicted: `if(known AND class != label AND NOT has({classes:Array(String)}, class) AND NOT has({classes:Array(String)}, label), '${ANOTHER_CLASS}', ${named("class")})`,
    bin: `if(empty(scores), ${NO_BIN}, ${scoreBin("confidence")})`,
    labelBin: null,
    first: "actual = predicted",
    classScores: scored.length === 0 ? NOWHERE : `if(empty(scores), ${NOWHERE}, class_scores)`,
    histograms: [
      ["right", "labelled AND actual = predicted"],
      ["wrong", "labelled AND actual != predicted"],
    ],
    sums: [
      ["log_loss", "-log_given", WHOLE],
      ["log_loss_squared", "pow(log_given, 2)", WHOLE],
      ["brier", "brier_row", WHOLE],
      ["brier_squared", "pow(brier_row, 2)", WHOLE],
      ["score", "confidence", "bin"],
    ],
  };
}

/** The class that is predicted, the one that is, and where the scores of all classes stand; classes without a name share one score. */
function classScoreColumns(named: (sql: string) => string): OutcomeTerms["row"] {
  const index = (sql: string) => `toUInt16(indexOf(arrayPushBack({classes:Array(String)}, '${OTHER_CLASS}'), ${sql}) - 1)`;
  const places = (rows: Parameters<typeof classScorePlaceSql>[0], predicted: string) =>
    `arrayMap((bin_of_class, k) -> toUInt16(${classScorePlaceSql(rows, predicted, "(k - 1)")} + bin_of_class), class_bins, arrayEnumerate(class_bins))`;
  return [
    ["named_scores", "arrayMap(name -> scores[name], {classes:Array(String)})"],
    [
      "class_bins",
      `arrayMap(s -> toUInt16(${classScoreBinSql("s")}), arrayPushBack(named_scores, greatest(0, 1 - arraySum(named_scores))))`,
    ],
    ["predicted_index", index(named("class"))],
    ["actual_index", index(named("label"))],
    [
      "class_scores",
      `if(known, arrayConcat(${places("labelled", "predicted_index")}, [toUInt16(${classScorePlaceSql("are", "0", "actual_index")} + class_bins[actual_index + 1])]),
        ${places("unlabelled", "predicted_index")})`,
    ],
  ];
}

/** A label that is no number is none. */
function regressionTerms({ edges, labelEdges, center, scale }: Extract<OutcomeGrid, { task: "regression" }>): OutcomeTerms {
  return {
    params: { edges, labelEdges, center, scale },
    judged: "isNotNull(predicted_number)",
    row: [
      ["labelled", "known AND isNotNull(label_number)"],
      ["e", "(assumeNotNull(predicted_number) - assumeNotNull(label_number)) / {scale:Float64}"],
      ["d", "(assumeNotNull(label_number) - {center:Float64}) / {scale:Float64}"],
      ["size", "abs(assumeNotNull(label_number)) / {scale:Float64}"],
      ["edge_below", "roundDown(assumeNotNull(label_number), {labelEdges:Array(Float64)})"],
    ],
    actual: "''",
    predicted: "''",
    bin: "toUInt16(indexOf({edges:Array(Float64)}, roundDown(assumeNotNull(predicted_number), {edges:Array(Float64)})) - 1)",
    // Right-closed: a value that is an edge is in the bin that ends there.
    labelBin:
      "toUInt16(if(NOT labelled OR assumeNotNull(label_number) <= {labelEdges:Array(Float64)}[1], 0, indexOf({labelEdges:Array(Float64)}, edge_below) - (edge_below = assumeNotNull(label_number))))",
    first: "1",
    classScores: NOWHERE,
    histograms: [
      ["predictions", "1"],
      ["labelled", "labelled"],
    ],
    sums: [
      ["absolute_error", "abs(e)", "bin"],
      ["squared_error", "e * e", "bin"],
      ["error", "e", WHOLE],
      ["error_4", "pow(e, 4)", WHOLE],
      ["actual", "d", WHOLE],
      ["actual_2", "d * d", WHOLE],
      ["actual_3", "pow(d, 3)", WHOLE],
      ["actual_4", "pow(d, 4)", WHOLE],
      ["size", "size", WHOLE],
      ["absolute_error_size", "abs(e) * size", WHOLE],
      ["squared_error_actual", "e * e * d", WHOLE],
      ["squared_error_actual_2", "e * e * d * d", WHOLE],
      ["signed_squared_error", "e * abs(e)", WHOLE],
      ["lowest_labels", "if(label_bin = 0, d, 0)", WHOLE],
      ["highest_labels", `if(label_bin = ${labelEdges.length}, d, 0)`, WHOLE],
    ],
  };
}

/**
 * Of lists. A text that begins with `[` or `{` is JSON, any other is one item: `model/ranked.ts`. Rows whose label names
 * nothing relevant have no bin. An item that is listed twice is found at its first place. Gains are taken as shares of the
 * largest, which changes no ratio, so that nothing overflows.
 */
function rankingTerms(cutoffs: readonly number[]): OutcomeTerms {
  const listed = (sql: string) => `if(startsWith(${sql}, '['), JSONExtract(${sql}, 'Array(String)'), [${sql}])`;
  return {
    params: {},
    judged: "isNotNull(predicted_class)",
    row: [
      ["labelled", "known"],
      ["items", listed("assumeNotNull(predicted_class)")],
      [
        "relevant",
        `multiIf(NOT known, [], startsWith(label, '{'), arrayFilter(one -> one.2 > 0, JSONExtractKeysAndValues(label, 'Float64')),
          arrayMap(item -> (item, toFloat64(1)), arrayDistinct(${listed("label")})))`,
      ],
      ["largest", "arrayMax(arrayMap(one -> one.2, relevant))"],
      ["gains", "arrayMap(one -> one.2 / largest, relevant)"],
      ["best", "arrayReverseSort(gains)"],
      // Numbered by what they are, listed ones first: a relevant item has the number of its place, or one beyond the list. A
      // look-up of each in the list would hold the list as often as there are relevant items.
      [
        "found_at",
        `arraySlice(arrayEnumerateDense(arrayConcat(items, arrayMap(one -> one.1, relevant)),
          arrayConcat(arrayEnumerateUniq(items), arrayWithConstant(length(relevant), toUInt32(1)))), length(items) + 1)`,
      ],
      ["hits", "arraySort(arrayFilter(hit -> hit.1 <= length(items), arrayZip(found_at, gains)))"],
      ...cutoffs.flatMap((cutoff): OutcomeTerms["row"][number][] => [
        [`within_${cutoff}`, `arrayFilter(hit -> hit.1 <= ${cutoff}, hits)`],
        [`ideal_${cutoff}`, `arraySlice(best, 1, ${cutoff})`],
      ]),
    ],
    actual: "''",
    predicted: "''",
    bin: `if(known AND empty(relevant), ${NO_BIN}, 0)`,
    labelBin: null,
    first: "1",
    classScores: NOWHERE,
    histograms: [["labelled", "labelled"]],
    sums: cutoffs.flatMap((cutoff): OutcomeTerms["sums"][number][] => {
      const found = `within_${cutoff}`;
      const squared = (name: OutcomeSum, square: OutcomeSum, sql: string): OutcomeTerms["sums"][number][] => [
        [name, sql, cutoff],
        [square, `pow(${sql}, 2)`, cutoff],
      ];
      return [
        ["hit_rate", `notEmpty(${found})`, cutoff],
        ...squared("precision", "precision_squared", `length(${found}) / ${cutoff}`),
        ...squared("recall", "recall_squared", `length(${found}) / greatest(1, length(relevant))`),
        ...squared("mrr", "mrr_squared", `if(notEmpty(${found}), 1 / ${found}[1].1, 0)`),
        ...squared(
          "map",
          "map_squared",
          `arraySum((hit, nth) -> nth / hit.1, ${found}, arrayEnumerate(${found})) / greatest(1, length(ideal_${cutoff}))`,
        ),
        ...squared(
          "ndcg",
          "ndcg_squared",
          `arraySum(hit -> hit.2 / log2(hit.1 + 1), ${found}) / greatest(1, arraySum((gain, place) -> gain / log2(place + 1), ideal_${cutoff}, arrayEnumerate(ideal_${cutoff})))`,
        ),
      ];
    }),
  };
}
