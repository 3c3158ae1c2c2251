import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maturedShare } from "../../src/stats/label-bias.ts";
import { expectedCoverage, labelCoverage, type AgedRows } from "../../src/stats/label-delay.ts";
import { wilsonInterval } from "../../src/stats/proportion.ts";
import { present } from "./goldens.ts";
import { holds, performanceGoldens, seeded, tally, zeros } from "./performance-goldens.ts";

describe("labelCoverage", () => {
  it("is Kaplan and Meier's estimate with Greenwood's error, as statsmodels has them", () => {
    for (const { arrived, waiting, ages, coverage, errors } of performanceGoldens.delays) {
      const found = labelCoverage(arrived, waiting, 0.95);
      for (const [index, age] of ages.entries()) {
        expect(present(found[age]).value).toBeCloseTo(present(coverage[index]), 12);
        const error = errors[index];
        if (typeof error === "number") expect(present(found[age]?.standardError)).toBeCloseTo(error, 12);
      }
    }
  });
  it("is the plain share with Wilson's interval as long as nothing is censored", () => {
    const found = labelCoverage([30, 0, 20], [0, 0, 50], 0.95);
    for (const [age, labels] of [30, 30, 50].entries()) {
      const wilson = present(wilsonInterval(labels, 100, 0.95));
      expect(found[age]?.value).toBeCloseTo(labels / 100, 14);
      expect(present(found[age]?.ci)[0]).toBeCloseTo(wilson[0], 12);
      expect(present(found[age]?.ci)[1]).toBeCloseTo(wilson[1], 12);
    }
  });
  it("never falls with age, and is unknown beyond the oldest row", () => {
    const lists = fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(lists, (pairs) => {
        const found = labelCoverage(
          pairs.map(([arrived]) => arrived),
          pairs.map(([, waiting]) => waiting),
          0.95,
        );
        const oldest = pairs.findLastIndex(([arrived, waiting]) => arrived + waiting > 0);
        let before = 0;
        for (const [age, coverage] of found.entries()) {
          if (age > oldest) expect(coverage).toBeNull();
          else {
            expect(present(coverage).value).toBeGreaterThanOrEqual(before - 1e-12);
            expect(holds(coverage?.ci, present(coverage).value)).toBe(true);
            before = present(coverage).value;
          }
        }
      }),
    );
  });
  it("answers for no, one and two rows", () => {
    expect(labelCoverage([], [], 0.95)).toEqual([]);
    expect(labelCoverage([0, 0], [0, 0], 0.95)).toEqual([null, null]);
    const one = labelCoverage([0, 1], [0, 0], 0.95);
    expect(one[0]).toMatchObject({ value: 0, standardError: 0 });
    expect(one[1]).toMatchObject({ value: 1, standardError: null, ci: wilsonInterval(1, 1, 0.95) });
    expect(labelCoverage([1, 0], [0, 1], 0.95)[1]?.value).toBe(0.5);
    expect(labelCoverage([0], [1], 0.95)).toMatchObject([{ value: 0 }]);
  });
  it("covers the delays' distribution about 95 % of the time", () => {
    const { uniform } = seeded(12);
    const covered = { 1: 0, 6: 0, 12: 0 };
    for (let run = 0; run < 800; run += 1) {
      const [arrived, waiting] = [zeros(16), zeros(16)];
      for (let row = 0; row < 200; row += 1) {
        const age = Math.floor(uniform() * 16);
        const delay = uniform() < 0.8 ? Math.floor(-6 * Math.log(1 - uniform())) : Infinity;
        if (delay <= age) tally(arrived, delay);
        else tally(waiting, age);
      }
      const found = labelCoverage(arrived, waiting, 0.95);
      for (const age of [1, 6, 12] as const) if (holds(found[age]?.ci, 0.8 * (1 - Math.exp(-(age + 1) / 6)))) covered[age] += 1;
    }
    for (const times of Object.values(covered)) {
      expect(times / 800).toBeGreaterThan(0.925);
      expect(times / 800).toBeLessThan(0.975);
    }
  });
  it("refuses nonsense", () => {
    expect(() => labelCoverage([1], [1, 2], 0.95)).toThrow(RangeError);
    expect(() => labelCoverage([0.5], [1], 0.95)).toThrow(RangeError);
    expect(() => labelCoverage([1], [1], 95)).toThrow(RangeError);
  });
});

describe("expectedCoverage", () => {
  it("adds to the labels there are those that rows of their age got yet", () => {
    // Half come at once, half of the rest a bucket later, and no more.
    const curve = labelCoverage([50, 20, 0], [20, 20, 0], 0.95);
    const left = (age: number) => 1 - present(curve[age]).value;
    const rows = [
      { age: 0, labelled: 6, waiting: 4 },
      { age: 1, labelled: 8, waiting: 2 },
      { age: -1, labelled: 0, waiting: 5 },
    ];
    const found = present(expectedCoverage(curve, 1, rows, 0.95));
    expect(found.value).toBeCloseTo((14 + 4 * (1 - left(1) / left(0)) + 5 * (1 - left(1))) / 25, 12);
    const greenwood = (age: number) => (present(curve[age]?.standardError) / left(age)) ** 2;
    const between = greenwood(1) - greenwood(0);
    const never = [left(1) / left(0), left(1)] as const;
    const chance = 4 * never[0] * (1 - never[0]) + 5 * never[1] * (1 - never[1]);
    const learned = ((4 * never[0]) ** 2 + 2 * 4 * never[0] * 5 * never[1]) * between + (5 * never[1]) ** 2 * greenwood(1);
    expect(present(found.standardError)).toBeCloseTo(Math.sqrt(chance + learned) / 25, 12);
  });
  it("is what there is where nothing more is expected, and unknown without rows or beyond the curve", () => {
    const curve = labelCoverage([50, 20], [0, 30], 0.95);
    expect(expectedCoverage(curve, 1, [{ age: 1, labelled: 3, waiting: 1 }], 0.95)).toMatchObject({
      value: 0.75,
      standardError: 0,
      ci: null,
    });
    expect(expectedCoverage(curve, 1, [{ age: 7, labelled: 3, waiting: 1 }], 0.95)?.value).toBe(0.75);
    expect(expectedCoverage(curve, 1, [], 0.95)).toBeNull();
    expect(expectedCoverage(curve, 1, [{ age: 0, labelled: 0, waiting: 0 }], 0.95)).toBeNull();
    expect(expectedCoverage(curve, 2, [{ age: 0, labelled: 1, waiting: 0 }], 0.95)).toBeNull();
    expect(expectedCoverage(labelCoverage([9, 1], [0, 0], 0.95), 1, [{ age: 0, labelled: 1, waiting: 3 }], 0.95)?.value).toBe(1);
    expect(expectedCoverage([], 0, [{ age: 0, labelled: 1, waiting: 0 }], 0.95)).toBeNull();
    expect(() => expectedCoverage(curve, 1, [], 1)).toThrow(RangeError);
  });
  it("covers what the window turns out to have about 95 % of the time", () => {
    const { uniform } = seeded(14);
    let covered = 0;
    for (let run = 0; run < 400; run += 1) {
      const [arrived, waiting] = [zeros(96), zeros(96)];
      const window = Array.from({ length: 24 }, (_, age) => ({ age, labelled: 0, waiting: 0 })) satisfies AgedRows[];
      let inTheEnd = 0;
      for (let row = 0; row < 800; row += 1) {
        const age = Math.floor(uniform() * 96);
        const delay = uniform() < 0.9 ? Math.floor(-6 * Math.log(1 - uniform())) : Infinity;
        if (delay <= age) tally(arrived, delay);
        else tally(waiting, age);
        const one = window[age];
        if (one === undefined) continue;
        if (delay <= age) one.labelled += 1;
        else one.waiting += 1;
        if (delay <= 48) inTheEnd += 1;
      }
      const rows = window.reduce((sum, one) => sum + one.labelled + one.waiting, 0);
      if (holds(expectedCoverage(labelCoverage(arrived, waiting, 0.95), 48, window, 0.95)?.ci, inTheEnd / rows)) covered += 1;
    }
    expect(covered / 400).toBeGreaterThan(0.92);
    expect(covered / 400).toBeLessThan(0.98);
  });
});

describe("maturedShare", () => {
  const positive = (labels: number[], delays: number[]) => ({ successes: labels, failures: labels.map(() => 0), delays });
  const negative = (labels: number[], delays: number[]) => ({ successes: labels.map(() => 0), failures: labels, delays });
  it("weighs each label by how few of its class have come", () => {
    const found = present(maturedShare([positive([5, 10], [50, 50]), negative([90, 90], [100, 0])], 0.95));
    expect(found.value).toBeCloseTo(20 / 200, 12);
    expect(found.uncorrected).toBeCloseTo(15 / 195, 12);
    expect(found.used).toBe(195);
    const squares = (5 * 4 + 10) * 0.81 + 180 * 0.01;
    // A delay of 0 of a positive, one of 100, moves the share among the five rows of age 0.
    const learned = ((5 * 0.9 * 4) ** 2 * 0.25) / 100;
    expect(present(found.standardError)).toBeCloseTo(Math.sqrt(squares + learned) / 200, 12);
  });
  it("is the plain share with Wilson's interval when labels come at once", () => {
    const found = present(maturedShare([positive([5, 10], [9]), negative([20, 65], [7])], 0.95));
    const wilson = present(wilsonInterval(15, 100, 0.95));
    expect(found.value).toBeCloseTo(0.15, 14);
    expect(present(found.ci)[0]).toBeCloseTo(wilson[0], 12);
    expect(present(found.ci)[1]).toBeCloseTo(wilson[1], 12);
  });
  it("leaves out ages at which a class has hardly any labels, for all classes", () => {
    const found = present(maturedShare([positive([1, 10], [5, 95]), negative([80, 90], [100, 0])], 0.95));
    expect(found.used).toBe(100);
    expect(found.value).toBeCloseTo(0.1, 12);
    expect(found.uncorrected).toBeCloseTo(11 / 181, 12);
  });
  it("answers at the edges", () => {
    expect(maturedShare([positive([0], [1]), negative([0], [1])], 0.95)).toBeNull();
    expect(maturedShare([positive([3], []), negative([3], [1])], 0.95)).toBeNull();
    expect(maturedShare([positive([1], [1]), negative([0], [1])], 0.95)).toMatchObject({
      value: 1,
      standardError: 0,
      ci: wilsonInterval(1, 1, 0.95),
    });
    expect(maturedShare([positive([1], [1]), negative([1], [1])], 0.95)?.value).toBe(0.5);
  });
  it("covers the true share about 95 % of the time, where the plain one is far off", () => {
    const { uniform } = seeded(13);
    const delayOf = (slow: boolean) => Math.min(99, Math.floor(-(slow ? 8 : 3) * Math.log(1 - uniform())));
    let [covered, plain] = [0, 0];
    for (let run = 0; run < 500; run += 1) {
      const classes = [0, 1].map(() => ({ successes: zeros(20), failures: zeros(20), delays: zeros(100) }));
      for (let row = 0; row < 1500; row += 1) {
        const slow = uniform() < 0.2;
        const age = Math.floor(uniform() * 20);
        const one = present(classes[slow ? 1 : 0]);
        if (delayOf(slow) <= age) tally(slow ? one.successes : one.failures, age);
        const old = uniform() < 0.2;
        tally(present(classes[old ? 1 : 0]).delays, delayOf(old));
      }
      const found = present(maturedShare(classes, 0.95));
      if (holds(found.ci, 0.2)) covered += 1;
      plain += found.uncorrected / 500;
    }
    expect(plain).toBeLessThan(0.165);
    expect(covered / 500).toBeGreaterThan(0.925);
    expect(covered / 500).toBeLessThan(0.98);
  });
  it("refuses nonsense", () => {
    expect(() => maturedShare([], 0.95)).toThrow(RangeError);
    expect(() => maturedShare([{ successes: [1], failures: [1, 2], delays: [1] }], 0.95)).toThrow(RangeError);
    expect(() => maturedShare([{ successes: [1.5], failures: [1], delays: [1] }], 0.95)).toThrow(RangeError);
    expect(() => maturedShare([{ successes: [1], failures: [1], delays: [1] }], 1)).toThrow(RangeError);
  });
});
