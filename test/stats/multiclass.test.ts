import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { multiclassPerformance, type ConfusionTable, type MulticlassPerformance } from "../../src/stats/multiclass.ts";
import { f1, precision, recall } from "../../src/stats/confusion.ts";
import { present } from "./goldens.ts";
import { holds, performanceGoldens, seeded } from "./performance-goldens.ts";

const plain = (cells: number[][]): ConfusionTable => ({ sums: cells, squares: cells });
const AVERAGES = ["balancedAccuracy", "macroPrecision", "macroF1", "weightedPrecision", "weightedF1"] as const;
const tables = fc
  .integer({ min: 2, max: 5 })
  .chain((size) => fc.array(fc.array(fc.nat(60), { minLength: size, maxLength: size }), { minLength: size, maxLength: size }));

function transposed(cells: readonly (readonly number[])[]): number[][] {
  return cells.map((_, k) => cells.map((row) => row[k] ?? 0));
}

describe("agreement with scikit-learn and statsmodels", () => {
  it("of every ratio and average, 0/0 as null", () => {
    for (const golden of performanceGoldens.multiclass) {
      const found = present(multiclassPerformance({ sums: golden.sums, squares: golden.squares }, 0.95));
      for (const [k, [precisionOf, recallOf, f1Of, support]] of golden.classes.entries()) {
        const one = present(found.classes[k]);
        for (const [mine, theirs] of [
          [one.precision, precisionOf],
          [one.recall, recallOf],
          [one.f1, f1Of],
        ] as const) {
          if (theirs === null) expect(mine).toBeNull();
          else expect(present(mine).value).toBeCloseTo(theirs, 12);
        }
        expect(one.support).toBeCloseTo(support, 9);
      }
      expect(found.accuracy.value).toBeCloseTo(golden.accuracy, 12);
      for (const name of AVERAGES) expect(present(found[name]).value).toBeCloseTo(golden[name], 12);
      expect(present(found.mcc).value).toBeCloseTo(golden.mcc, 12);
      expect(present(found.kappa).value).toBeCloseTo(golden.kappa, 12);
    }
  });
  it("of the error of kappa and the interval of accuracy", () => {
    let compared = 0;
    for (const { sums, squares, kappaError, accuracyCi } of performanceGoldens.multiclass) {
      if (kappaError === null || accuracyCi === null) continue;
      compared += 1;
      const found = present(multiclassPerformance({ sums, squares }, 0.95));
      expect(present(present(found.kappa).standardError)).toAgreeWith(kappaError, 1e-9);
      expect(present(found.accuracy.ci)[0]).toBeCloseTo(accuracyCi[0], 12);
      expect(present(found.accuracy.ci)[1]).toBeCloseTo(accuracyCi[1], 12);
    }
    expect(compared).toBeGreaterThan(8);
  });
});

describe("multiclassPerformance", () => {
  it("of two classes is what confusion.ts says of the positive one", () => {
    const one = present(
      present(
        multiclassPerformance(
          plain([
            [130, 10],
            [20, 40],
          ]),
          0.95,
        ),
      ).classes[1],
    );
    const table = { tp: 40, fp: 10, fn: 20, tn: 130 };
    for (const [mine, theirs] of [
      [one.precision, precision(table, 0.95)],
      [one.recall, recall(table, 0.95)],
      [one.f1, f1(table, 0.95)],
    ] as const) {
      expect(present(mine).value).toBeCloseTo(present(theirs).value, 14);
      expect(present(present(mine).ci)[0]).toBeCloseTo(present(theirs).ci[0], 12);
      expect(present(present(mine).ci)[1]).toBeCloseTo(present(theirs).ci[1], 12);
    }
  });
  it("has no answer without rows, and few for one", () => {
    expect(
      multiclassPerformance(
        plain([
          [0, 0],
          [0, 0],
        ]),
        0.95,
      ),
    ).toBeNull();
    expect(multiclassPerformance(plain([]), 0.95)).toBeNull();
    const right = present(
      multiclassPerformance(
        plain([
          [1, 0],
          [0, 0],
        ]),
        0.95,
      ),
    );
    expect(right).toMatchObject({ mcc: null, kappa: null, accuracy: { value: 1 }, macroF1: { value: 1, classes: 1 } });
    expect(right.classes[1]).toMatchObject({ precision: null, recall: null, f1: null, support: 0 });
    const wrong = present(
      multiclassPerformance(
        plain([
          [0, 1],
          [0, 0],
        ]),
        0.95,
      ),
    );
    expect(wrong).toMatchObject({ mcc: null, kappa: { value: 0 }, accuracy: { value: 0 }, macroF1: { value: 0, classes: 2 } });
  });
  it("answers for two rows and for a constant prediction", () => {
    expect(
      multiclassPerformance(
        plain([
          [1, 0],
          [0, 1],
        ]),
        0.95,
      ),
    ).toMatchObject({ mcc: { value: 1 }, kappa: { value: 1 } });
    const constant = present(
      multiclassPerformance(
        plain([
          [90, 0],
          [10, 0],
        ]),
        0.95,
      ),
    );
    expect(constant).toMatchObject({ mcc: null, kappa: { value: 0 }, macroPrecision: { value: 0.9, classes: 1 } });
    expect(constant.balancedAccuracy.value).toBe(0.5);
  });
  it("does not take a perfect table for certain", () => {
    const perfect = present(
      multiclassPerformance(
        plain([
          [20, 0, 0],
          [0, 20, 0],
          [0, 0, 20],
        ]),
        0.95,
      ),
    );
    for (const estimate of [perfect.mcc, perfect.kappa, perfect.macroF1]) {
      expect(present(estimate).value).toBe(1);
      expect(present(present(estimate).ci)[0]).toBeLessThan(0.97);
    }
  });
  it("keeps values within bounds and intervals, and does not depend on the order of classes", () => {
    fc.assert(
      fc.property(tables, (cells) => {
        const found = multiclassPerformance(plain(cells), 0.95);
        if (found === null) return;
        const reversed = present(multiclassPerformance(plain(cells.map((row) => row.toReversed()).toReversed()), 0.95));
        for (const name of [...AVERAGES, "mcc", "kappa", "accuracy"] as const) {
          const [one, other] = [found[name], reversed[name]];
          if (one === null) {
            expect(other).toBeNull();
            continue;
          }
          expect(one.value).toBeCloseTo(present(other).value, 12);
          expect(Math.abs(one.value)).toBeLessThanOrEqual(1);
          if (one.ci === null) continue;
          expect(one.ci[0]).toBeLessThanOrEqual(one.value + 1e-12);
          expect(one.ci[1]).toBeGreaterThanOrEqual(one.value - 1e-12);
          expect(Math.max(Math.abs(one.ci[0]), Math.abs(one.ci[1]))).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
  it("is symmetric where it should be: MCC, kappa and macro F1 do not know which side is the truth", () => {
    fc.assert(
      fc.property(tables, (cells) => {
        const forward = multiclassPerformance(plain(cells), 0.95);
        if (forward === null) return;
        const backward = present(multiclassPerformance(plain(transposed(cells)), 0.95));
        for (const name of ["mcc", "kappa", "macroF1"] as const) {
          if (forward[name] === null) expect(backward[name]).toBeNull();
          else expect(present(backward[name]).value).toBeCloseTo(present(forward[name]).value, 12);
        }
      }),
    );
  });
  it("does not change when all weights are multiplied", () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 2, max: 9 }), (cells, factor) => {
        const one = multiclassPerformance(plain(cells), 0.95);
        if (one === null) return;
        const scaled = (power: number) => cells.map((row) => row.map((cell) => cell * factor ** power));
        const many = present(multiclassPerformance({ sums: scaled(1), squares: scaled(2) }, 0.95));
        for (const name of [...AVERAGES, "mcc", "kappa", "accuracy"] as const) expectSame(one[name], many[name]);
      }),
    );
  });
  it("has the slopes it says: its standard errors are those of many small changes", () => {
    const cells = [
      [40, 6, 3],
      [9, 25, 7],
      [2, 8, 11],
    ];
    const at = (bumped: number[][]) => present(multiclassPerformance(plain(bumped), 0.95));
    const step = 1e-6;
    for (const name of [...AVERAGES, "mcc", "kappa"] as const) {
      let variance = 0;
      for (const [i, row] of cells.entries()) {
        for (const [j, cell] of row.entries()) {
          const bumped = cells.map((list, k) => list.map((value, l) => (k === i && l === j ? value + step : value)));
          variance += cell * ((present(at(bumped)[name]).value - present(at(cells)[name]).value) / step) ** 2;
        }
      }
      expect(present(at(cells)[name]?.standardError)).toAgreeWith(Math.sqrt(variance), 1e-5, name);
    }
  });
  it("covers about 95 % of the time", () => {
    const { uniform } = seeded(2);
    const shares = [0.5, 0.3, 0.2];
    // A hit with probability 0.8, else a class by the others' shares.
    const truth = shares.map((share, i) => shares.map((other, j) => 1e9 * share * (i === j ? 0.8 : (0.2 * other) / (1 - share))));
    const exact = present(multiclassPerformance(plain(truth), 0.95));
    const cumulative = truth.flat().map((_, index, all) => all.slice(0, index + 1).reduce((sum, cell) => sum + cell, 0) / 1e9);
    const covered = { mcc: 0, kappa: 0, macroF1: 0, balancedAccuracy: 0 };
    for (let run = 0; run < 800; run += 1) {
      const cells = shares.map(() => [0, 0, 0]);
      for (let row = 0; row < 100; row += 1) {
        const drawn = uniform();
        const cell = Math.min(
          8,
          cumulative.findIndex((limit) => drawn < limit),
        );
        const list = present(cells[Math.floor(cell / 3)]);
        list[cell % 3] = (list[cell % 3] ?? 0) + 1;
      }
      const found = present(multiclassPerformance(plain(cells), 0.95));
      for (const name of ["mcc", "kappa", "macroF1", "balancedAccuracy"] as const) {
        if (holds(found[name]?.ci, present(exact[name]).value)) covered[name] += 1;
      }
    }
    for (const times of Object.values(covered)) {
      expect(times).toBeGreaterThan(735);
      expect(times).toBeLessThan(785);
    }
  });
  it("refuses nonsense", () => {
    expect(() => multiclassPerformance(plain([[1, 2]]), 0.95)).toThrow(RangeError);
    expect(() =>
      multiclassPerformance(
        plain([
          [1, -2],
          [0, 1],
        ]),
        0.95,
      ),
    ).toThrow(RangeError);
    expect(() =>
      multiclassPerformance(
        {
          sums: [
            [1, 0],
            [0, 1],
          ],
          squares: [
            [1, 0],
            [0, 0],
          ],
        },
        0.95,
      ),
    ).toThrow(RangeError);
    expect(() =>
      multiclassPerformance(
        {
          sums: [
            [1, 0],
            [0, 1],
          ],
          squares: [[1, 0]],
        },
        0.95,
      ),
    ).toThrow(RangeError);
    expect(() =>
      multiclassPerformance(
        plain([
          [1, 0],
          [0, 1],
        ]),
        1,
      ),
    ).toThrow(RangeError);
  });
});

function expectSame(one: MulticlassPerformance["mcc"], other: MulticlassPerformance["mcc"]): void {
  if (one === null) {
    expect(other).toBeNull();
    return;
  }
  expect(present(other).value).toBeCloseTo(one.value, 10);
  expect(present(other?.standardError)).toBeCloseTo(present(one.standardError), 10);
  if (one.ci !== null) expect(present(other?.ci)[0]).toBeCloseTo(one.ci[0], 9);
}
