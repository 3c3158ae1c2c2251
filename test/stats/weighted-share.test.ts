import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { f1 } from "../../src/stats/confusion.ts";
import { wilsonInterval } from "../../src/stats/proportion.ts";
import { addWeights, effectiveRows } from "../../src/stats/weighted-rows.ts";
import { f1OfShare, weightedShare, wilsonOfShare } from "../../src/stats/weighted-share.ts";
import { present } from "./goldens.ts";
import { holds, seeded } from "./performance-goldens.ts";

const plain = (rows: number) => ({ sum: rows, square: rows });
const each = (rows: number, weight: number) => ({ sum: rows * weight, square: rows * weight * weight });

describe("effectiveRows", () => {
  it("is Kish's number", () => {
    expect(effectiveRows({ sum: 4, square: 6 })).toBeCloseTo(16 / 6, 15);
    expect(effectiveRows(each(7, 3.5))).toBeCloseTo(7, 12);
    expect(effectiveRows(plain(0))).toBe(0);
    expect(addWeights(plain(2), each(1, 3))).toEqual({ sum: 5, square: 11 });
  });
});

describe("weightedShare", () => {
  it("of equal weights is Wilson's interval, whatever the weight", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), fc.double({ min: 0.01, max: 100, noNaN: true }), (successes, failures, weight) => {
        fc.pre(successes + failures > 0);
        const expected = present(wilsonInterval(successes, successes + failures, 0.95));
        for (const size of [1, weight]) {
          const { value, ci } = present(weightedShare(each(successes, size), each(failures, size), 0.95));
          expect(value).toBeCloseTo(successes / (successes + failures), 12);
          expect(present(ci)[0]).toBeCloseTo(expected[0], 9);
          expect(present(ci)[1]).toBeCloseTo(expected[1], 9);
        }
      }),
    );
  });
  it("is exact at the ends", () => {
    expect(present(weightedShare(plain(0), plain(9), 0.95)?.ci)[0]).toBe(0);
    expect(present(weightedShare(plain(9), plain(0), 0.95)?.ci)[1]).toBe(1);
    expect(wilsonOfShare(0.5, 200, 0.95)[0]).toBeCloseTo(0.4313609, 7);
  });
  it("answers for no, one and two rows", () => {
    expect(weightedShare(plain(0), plain(0), 0.95)).toBeNull();
    expect(weightedShare(plain(1), plain(0), 0.95)).toMatchObject({ value: 1, standardError: 0 });
    expect(weightedShare(plain(1), plain(1), 0.95)?.value).toBe(0.5);
  });
  it("knows that weights may go with success", () => {
    const sampled = present(weightedShare(plain(50), each(50, 10), 0.95));
    expect(sampled.value).toBeCloseTo(1 / 11, 12);
    expect(present(sampled.standardError) ** 2).toBeCloseTo((50 * (10 / 11) ** 2 + 5000 * (1 / 11) ** 2) / 550 ** 2, 12);
  });
  it("covers the share of a sample whose negatives were kept one in ten", () => {
    const { uniform } = seeded(1);
    let covered = 0;
    for (let run = 0; run < 1000; run += 1) {
      let [positives, negatives] = [0, 0];
      for (let row = 0; row < 600; row += 1) {
        const drawn = uniform();
        // A tenth is positive; of the others a tenth is kept.
        if (drawn < 0.1) positives += 1;
        else if (drawn < 0.19) negatives += 1;
      }
      if (holds(weightedShare(plain(positives), each(negatives, 10), 0.95)?.ci, 0.1)) covered += 1;
    }
    expect(covered).toBeGreaterThan(930);
    expect(covered).toBeLessThan(970);
  });
  it("refuses nonsense", () => {
    expect(() => weightedShare(plain(1), plain(1), 95)).toThrow(RangeError);
  });
});

describe("f1OfShare", () => {
  it("is f1's value and interval", () => {
    const expected = present(f1({ tp: 40, fp: 10, fn: 20, tn: 5 }, 0.95));
    const found = present(f1OfShare(plain(40), plain(30), 0.95));
    expect(found.value).toBe(expected.value);
    expect(present(found.ci)[0]).toBeCloseTo(expected.ci[0], 14);
    expect(present(found.ci)[1]).toBeCloseTo(expected.ci[1], 14);
    expect(f1OfShare(plain(0), plain(0), 0.95)).toBeNull();
    expect(f1OfShare(plain(0), plain(3), 0.95)?.value).toBe(0);
  });
});
