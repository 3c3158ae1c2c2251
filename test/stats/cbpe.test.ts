import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aucFromBins, scoreBin, SCORE_BINS } from "../../src/stats/auc.ts";
import { expectedMulticlassPerformance } from "../../src/stats/cbpe-multiclass.ts";
import { expectedPerformance, type Expectation } from "../../src/stats/cbpe.ts";
import { multiclassPerformance } from "../../src/stats/multiclass.ts";
import { compareRealised } from "../../src/stats/realised-estimate.ts";
import { unweighted } from "../../src/stats/weighted-rows.ts";
import { present } from "./goldens.ts";
import { holds, logistic, seeded, tally, zeros } from "./performance-goldens.ts";

const MIDDLES = Array.from({ length: SCORE_BINS }, (_, bin) =>
  bin === 0 ? 0 : bin === SCORE_BINS - 1 ? 1 : logistic(-16 + 0.032 * (bin - 0.5)),
);
const rows = (positives: number[], negatives: number[]) => ({ positives: unweighted(positives), negatives: unweighted(negatives) });
const METRICS = ["accuracy", "precision", "recall", "f1", "auc", "logLoss"] as const;
const share = (value: number, of: number) => ({ value, standardError: Math.sqrt((value * (1 - value)) / of), ci: null });

/** A badly calibrated score: the log-odds are `skill` of what it says, less 0.3. */
function draw(random: ReturnType<typeof seeded>, reference: number, current: number, shift: number, skill = 0.8) {
  const empty = () => zeros(SCORE_BINS);
  const known = { positives: empty(), negatives: empty() };
  const called = { positives: empty(), negatives: empty() };
  const turnedOut = { positives: empty(), negatives: empty() };
  let [tp, fp, fn, tn, loss] = [0, 0, 0, 0, 0];
  for (let row = 0; row < reference; row += 1) {
    const logOdds = 1.5 * random.normal();
    const positive = random.uniform() < logistic(0.8 * logOdds - 0.3);
    tally(positive ? known.positives : known.negatives, scoreBin(logistic(logOdds)));
  }
  for (let row = 0; row < current; row += 1) {
    const logOdds = shift + 1.5 * random.normal();
    const bin = scoreBin(logistic(logOdds));
    const positive = random.uniform() < logistic(skill * logOdds - 0.3);
    tally(logOdds >= 0 ? called.positives : called.negatives, bin);
    tally(positive ? turnedOut.positives : turnedOut.negatives, bin);
    if (positive) {
      if (logOdds >= 0) tp += 1;
      else fn += 1;
    } else if (logOdds >= 0) fp += 1;
    else tn += 1;
    loss -= Math.log(positive ? logistic(logOdds) : 1 - logistic(logOdds));
  }
  const realised = {
    accuracy: (tp + tn) / current,
    precision: tp / (tp + fp),
    recall: tp / (tp + fn),
    f1: (2 * tp) / (2 * tp + fp + fn),
    auc: present(aucFromBins(turnedOut.positives, turnedOut.negatives, 0.95)).value,
    logLoss: loss / current,
  };
  const expected = present(
    expectedPerformance(rows(known.positives, known.negatives), rows(called.positives, called.negatives), MIDDLES, 0.95),
  );
  return { expected, realised };
}

describe("expectedPerformance", () => {
  it("is the table of calibrated scores", () => {
    const found = present(expectedPerformance(rows([10, 30], [90, 70]), rows([0, 50], [100, 0]), [0.2, 0.6], 0.95));
    const [tp, fp, fn, tn] = [15, 35, 10, 90];
    expect(found.accuracy.value).toBeCloseTo((tp + tn) / 150, 12);
    expect(present(found.precision).value).toBeCloseTo(tp / (tp + fp), 12);
    expect(present(found.recall).value).toBeCloseTo(tp / (tp + fn), 12);
    expect(present(found.f1).value).toBeCloseTo((2 * tp) / (2 * tp + fp + fn), 12);
    expect(present(found.auc).value).toBeCloseTo((tp * tn + (tp * fp + fn * tn) / 2) / (25 * 125), 12);
    const loss = -(fn * Math.log(0.2) + tn * Math.log(0.8) + tp * Math.log(0.6) + fp * Math.log(0.4)) / 150;
    expect(found.logLoss.value).toBeCloseTo(loss, 12);
    expect(found.accuracy.outcomeVariance).toBeCloseTo((100 * 0.09 + 50 * 0.21) / 150 ** 2, 12);
    expect(found.accuracy.calibrationVariance).toBeCloseTo(((100 / 150) ** 2 * 0.09 + (50 / 150) ** 2 * 0.21) / 100, 4);
    const ofLoss = (100 * 0.09 * Math.log(4) ** 2 + 50 * 0.21 * Math.log(1.5) ** 2) / 150 ** 2;
    expect(found.logLoss.outcomeVariance).toBeCloseTo(ofLoss, 12);
    expect(found.borrowed).toBe(0);
  });
  it("says how many rows have scores that the reference has not", () => {
    expect(expectedPerformance(rows([10, 0], [90, 0]), rows([0, 3], [1, 0]), [0.2, 0.6], 0.95)?.borrowed).toBe(0.75);
  });
  it("expects of the reference's own rows what they realised, whatever they are", () => {
    const bins = fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(bins, fc.nat(12), (pairs, cut) => {
        const [positives, negatives] = [pairs.map(([p]) => p), pairs.map(([, n]) => n)];
        const all = pairs.map(([p, n]) => p + n);
        const called = rows(
          all.map((count, bin) => (bin >= cut ? count : 0)),
          all.map((count, bin) => (bin >= cut ? 0 : count)),
        );
        const found = expectedPerformance(
          rows(positives, negatives),
          called,
          pairs.map(() => 0.3),
          0.95,
        );
        if (found === null) return;
        const right = pairs.reduce((sum, [p, n], bin) => sum + (bin >= cut ? p : n), 0);
        expect(found.accuracy.value).toBeCloseTo(right / all.reduce((sum, count) => sum + count, 0), 9);
        for (const metric of METRICS) {
          const { ci, value } = found[metric] ?? { ci: null, value: 0 };
          expect(value).toBeGreaterThanOrEqual(0);
          if (ci !== null) expect(holds(ci, value)).toBe(true);
        }
      }),
    );
  });
  it("answers at the edges", () => {
    expect(expectedPerformance(rows([0], [0]), rows([1], [1]), [0.5], 0.95)).toBeNull();
    expect(expectedPerformance(rows([1], [1]), rows([0], [0]), [0.5], 0.95)).toBeNull();
    expect(expectedPerformance(rows([], []), rows([], []), [], 0.95)).toBeNull();
    expect(expectedPerformance(rows([5], [5]), rows([0], [7]), [0.5], 0.95)).toMatchObject({ precision: null, accuracy: { value: 0.5 } });
    const one = present(expectedPerformance(rows([0], [1]), rows([0], [7]), [0.5], 0.95));
    expect(one).toMatchObject({ recall: null, f1: null, auc: null, accuracy: { value: 1, ci: null } });
    expect(expectedPerformance(rows([1], [1]), rows([1], [0]), [0.5], 0.95)?.auc?.value).toBe(0.5);
  });
  it.each([
    [5000, 500, 0],
    [5000, 5000, 0],
    [2000, 20_000, 0],
    [5000, 5000, 0.7],
  ])("covers what is realised: %i reference rows, %i current ones, shifted by %f", (reference, current, shift) => {
    const random = seeded(8);
    const covered = Object.fromEntries(METRICS.map((metric) => [metric, 0]));
    const runs = current > 5000 ? 20 : 40;
    let missed = 0;
    for (let run = 0; run < runs; run += 1) {
      const { expected, realised } = draw(random, reference, current, shift);
      for (const metric of METRICS) {
        if (holds(expected[metric]?.ci, realised[metric])) covered[metric] = (covered[metric] ?? 0) + 1;
      }
      const { value, outcomeVariance } = expected.accuracy;
      if (Math.abs(realised.accuracy - value) > 1.96 * Math.sqrt(outcomeVariance)) missed += 1;
    }
    for (const times of Object.values(covered)) expect(times / runs).toBeGreaterThan(0.84);
    // Without the calibration's own error nearly half would be missed where the reference is the smaller side.
    if (current > 5 * reference) expect(missed / runs).toBeGreaterThan(0.3);
  });
  it("refuses nonsense", () => {
    expect(() => expectedPerformance(rows([1], [1]), rows([1], [1]), [0.5, 0.6], 0.95)).toThrow(RangeError);
    expect(() => expectedPerformance(rows([1, 2], [1, 2]), rows([1], [1]), [0.5], 0.95)).toThrow(RangeError);
    expect(() => expectedPerformance(rows([1], [1]), rows([1], [1]), [1.5], 0.95)).toThrow(RangeError);
    expect(() => expectedPerformance(rows([1], [1]), rows([1], [1]), [0.5], 95)).toThrow(RangeError);
  });
});

describe("compareRealised", () => {
  const estimated: Expectation = { value: 0.8, outcomeVariance: 4e-4, calibrationVariance: 5e-4, ci: [0.74, 0.86] };
  it("weighs the difference by the errors that it can have", () => {
    const same = present(compareRealised(share(0.7, 100), estimated, "same", 0.95));
    expect(same.difference).toBeCloseTo(-0.1, 12);
    expect(same.ci[1]).toBeCloseTo(-0.1 + 1.959964 * 0.03, 6);
    expect(same.verdict).toBe("realised_lower");
    expect(compareRealised(share(0.72, 100), estimated, "other", 0.95)?.verdict).toBe("agree");
    expect(compareRealised(share(0.72, 100), estimated, "same", 0.95)?.verdict).toBe("realised_lower");
    expect(compareRealised(share(0.9, 100), estimated, "same", 0.95)?.verdict).toBe("realised_higher");
    expect(compareRealised(share(0.8, 100), estimated, "same", 0.95)).toMatchObject({ verdict: "agree", pValue: 1 });
  });
  it("has no answer where the error is unknown or none", () => {
    expect(compareRealised({ value: 0.8, standardError: null, ci: null }, estimated, "other", 0.95)).toBeNull();
    const exact = { ...estimated, outcomeVariance: 0, calibrationVariance: 0 };
    expect(compareRealised(share(0.8, 100), exact, "same", 0.95)).toBeNull();
    expect(() => compareRealised(share(0.8, 100), estimated, "same", 5)).toThrow(RangeError);
  });
  it("seldom sees a disagreement where there is none, and sees concept drift", () => {
    const random = seeded(9);
    let [alarms, found] = [0, 0];
    for (let run = 0; run < 60; run += 1) {
      const still = draw(random, 2000, 2000, 0);
      const drifted = draw(random, 2000, 2000, 0, 0.4);
      const verdict = ({ expected, realised }: typeof still) =>
        compareRealised(share(realised.accuracy, 2000), expected.accuracy, "same", 0.95)?.verdict;
      if (verdict(still) !== "agree") alarms += 1;
      if (verdict(drifted) === "realised_lower") found += 1;
    }
    expect(alarms / 60).toBeLessThan(0.12);
    expect(found / 60).toBeGreaterThan(0.9);
  });
});

describe("expectedMulticlassPerformance", () => {
  it("divides what is not a hit among the other classes, to the number of rows", () => {
    const known = (rates: number[]) =>
      rows(
        rates.map((rate) => 100 * rate),
        rates.map((rate) => 100 * (1 - rate)),
      );
    const counts = (list: number[]) => unweighted(list);
    const found = present(
      expectedMulticlassPerformance(
        [known([0.1, 0.8]), known([0.2, 0.7]), known([0.1, 0.6])],
        [
          [counts([0, 10]), counts([10, 0]), counts([10, 0])],
          [counts([20, 0]), counts([0, 20]), counts([20, 0])],
          [counts([5, 0]), counts([5, 0]), counts([0, 5])],
        ],
        0.95,
      ),
    );
    const expected = [
      [8, 3, (5 * 0.4) / 3],
      [4 / 3, 14, (5 * 0.8) / 3],
      [2 / 3, 3, 3],
    ];
    for (const [k, row] of expected.entries()) for (const [j, cell] of row.entries()) expect(found.confusion[k]?.[j]).toBeCloseTo(cell, 10);
    expect(found.accuracy.value).toBeCloseTo(25 / 35, 12);
    expect(found.accuracy.outcomeVariance).toBeCloseTo((10 * 0.16 + 20 * 0.21 + 5 * 0.24) / 35 ** 2, 12);
    const table = present(multiclassPerformance({ sums: found.confusion, squares: found.confusion }, 0.95));
    for (const metric of ["balancedAccuracy", "macroPrecision", "macroF1", "mcc", "kappa"] as const) {
      expect(present(found[metric]).value).toBeCloseTo(present(table[metric]).value, 10);
    }
  });
  it("knows what an error of each learned rate does to a metric", () => {
    const rates = [
      [0.1, 0.8],
      [0.2, 0.7],
      [0.15, 0.6],
    ];
    const known = rates.map((list) =>
      rows(
        list.map((rate) => 100 * rate),
        list.map((rate) => 100 * (1 - rate)),
      ),
    );
    const current = [
      [unweighted([0, 10]), unweighted([10, 0]), unweighted([10, 0])],
      [unweighted([20, 0]), unweighted([0, 20]), unweighted([15, 5])],
      [unweighted([5, 0]), unweighted([5, 0]), unweighted([0, 5])],
    ];
    const found = present(expectedMulticlassPerformance(known, current, 0.95));
    const step = 1e-6;
    for (const metric of ["accuracy", "macroF1", "mcc"] as const) {
      let variance = 0;
      for (const [k, list] of rates.entries()) {
        for (const [bin, rate] of list.entries()) {
          const nudged = list.map((value, index) => (index === bin ? value + step : value));
          const reference = known.map((one, index) =>
            index === k
              ? rows(
                  nudged.map((value) => 100 * value),
                  nudged.map((value) => 100 * (1 - value)),
                )
              : one,
          );
          const moved = present(expectedMulticlassPerformance(reference, current, 0.95)?.[metric]).value;
          const cautious = (100 * rate + 0.5) / 101;
          variance += ((((moved - present(found[metric]).value) / step) ** 2 * cautious) / 100) * (1 - cautious);
        }
      }
      expect(present(found[metric]).calibrationVariance).toAgreeWith(variance, 1e-4, metric);
    }
  });
  it("of two classes agrees with the binary estimate", () => {
    const [positives, negatives] = [
      [5, 20, 45],
      [55, 30, 15],
    ];
    const [high, low] = [
      [0, 0, 300],
      [150, 90, 0],
    ];
    const binary = present(expectedPerformance(rows(positives ?? [], negatives ?? []), rows(high ?? [], low ?? []), [0.1, 0.4, 0.8], 0.95));
    const flip = (list: number[] | undefined) => (list ?? []).toReversed();
    const found = present(
      expectedMulticlassPerformance(
        [rows(flip(negatives), flip(positives)), rows(positives ?? [], negatives ?? [])],
        [
          [unweighted(flip(low)), unweighted(low ?? [])],
          [unweighted(flip(high)), unweighted(high ?? [])],
        ],
        0.95,
      ),
    );
    expect(found.accuracy.value).toBeCloseTo(binary.accuracy.value, 10);
    expect(found.accuracy.outcomeVariance).toBeCloseTo(binary.accuracy.outcomeVariance, 12);
    expect(found.accuracy.calibrationVariance).toAgreeWith(binary.accuracy.calibrationVariance, 0.02);
  });
  it("covers what is realised", () => {
    const { uniform, normal } = seeded(10);
    const softmax = (list: number[]) => {
      const powers = list.map(Math.exp);
      const sum = powers.reduce((total, power) => total + power, 0);
      return powers.map((power) => power / sum);
    };
    const row = () => {
      const logits = [1.5 * normal(), 1.5 * normal(), 1.5 * normal() - 0.5];
      const said = softmax(logits);
      const truth = softmax(logits.map((logit, k) => 0.7 * logit + (k === 1 ? 0.2 : 0)));
      const drawn = uniform();
      const actual = drawn < (truth[0] ?? 0) ? 0 : drawn < (truth[0] ?? 0) + (truth[1] ?? 0) ? 1 : 2;
      return { said, actual, predicted: said.indexOf(Math.max(...said)) };
    };
    const classes = [0, 1, 2];
    const covered = { accuracy: 0, macroF1: 0, mcc: 0 };
    for (let run = 0; run < 30; run += 1) {
      const known = classes.map(() => ({ positives: zeros(SCORE_BINS), negatives: zeros(SCORE_BINS) }));
      const current = classes.map(() => classes.map(() => zeros(SCORE_BINS)));
      const realised = classes.map(() => zeros(3));
      for (let index = 0; index < 2000; index += 1) {
        const { said, actual } = row();
        for (const k of classes) tally(present(known[k])[k === actual ? "positives" : "negatives"], scoreBin(said[k] ?? 0));
        const now = row();
        for (const k of classes) tally(present(current[now.predicted]?.[k]), scoreBin(now.said[k] ?? 0));
        tally(present(realised[now.actual]), now.predicted);
      }
      const expected = present(
        expectedMulticlassPerformance(
          known.map(({ positives, negatives }) => rows(positives, negatives)),
          current.map((byClass) => byClass.map(unweighted)),
          0.95,
        ),
      );
      const found = present(multiclassPerformance({ sums: realised, squares: realised }, 0.95));
      for (const metric of ["accuracy", "macroF1", "mcc"] as const) {
        if (holds(expected[metric]?.ci, present(found[metric]).value)) covered[metric] += 1;
      }
    }
    for (const times of Object.values(covered)) expect(times / 30).toBeGreaterThan(0.84);
  });
  it("answers at the edges and refuses nonsense", () => {
    const none = unweighted([0]);
    const some = rows([1], [1]);
    expect(
      expectedMulticlassPerformance(
        [some, some],
        [
          [none, none],
          [none, none],
        ],
        0.95,
      ),
    ).toBeNull();
    const full = unweighted([3]);
    expect(
      expectedMulticlassPerformance(
        [some, rows([0], [0])],
        [
          [full, full],
          [none, none],
        ],
        0.95,
      ),
    ).toBeNull();
    expect(
      expectedMulticlassPerformance(
        [some, some],
        [
          [full, full],
          [none, none],
        ],
        0.95,
      ),
    ).toMatchObject({ mcc: null, accuracy: { value: 0.5 } });
    expect(() => expectedMulticlassPerformance([some], [[full]], 0.95)).toThrow(RangeError);
    expect(() => expectedMulticlassPerformance([some, some], [[full, full]], 0.95)).toThrow(RangeError);
    expect(() => expectedMulticlassPerformance([some, some], [[full], [full]], 0.95)).toThrow(RangeError);
    expect(() =>
      expectedMulticlassPerformance(
        [some, some],
        [
          [full, none],
          [none, none],
        ],
        0.95,
      ),
    ).toThrow(RangeError);
  });
});
