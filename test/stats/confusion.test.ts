import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accuracy, f1, precision, recall, type Confusion } from "../../src/stats/confusion.ts";
import { wilsonInterval } from "../../src/stats/proportion.ts";
import { present } from "./goldens.ts";

const table: Confusion = { tp: 40, fp: 10, fn: 20, tn: 130 };
const none: Confusion = { tp: 0, fp: 0, fn: 0, tn: 0 };
const tables = fc.record({ tp: fc.nat(500), fp: fc.nat(500), fn: fc.nat(500), tn: fc.nat(500) });

describe("rates of a confusion table", () => {
  it("are the textbook ratios with Wilson's intervals", () => {
    expect(accuracy(table, 0.95)).toEqual({ value: 0.85, ci: wilsonInterval(170, 200, 0.95) });
    expect(precision(table, 0.95)).toEqual({ value: 0.8, ci: wilsonInterval(40, 50, 0.95) });
    expect(recall(table, 0.95)).toEqual({ value: 40 / 60, ci: wilsonInterval(40, 60, 0.95) });
    expect(present(f1(table, 0.95)).value).toBeCloseTo((2 * 0.8 * (2 / 3)) / (0.8 + 2 / 3), 15);
  });
  it("do not exist at 0/0", () => {
    for (const rate of [accuracy, precision, recall, f1]) expect(rate(none, 0.95)).toBeNull();
    expect(precision({ ...none, fn: 3, tn: 9 }, 0.95)).toBeNull();
    expect(recall({ ...none, fp: 3, tn: 9 }, 0.95)).toBeNull();
    expect(f1({ ...none, tn: 9 }, 0.95)).toBeNull();
    expect(accuracy({ ...none, tn: 9 }, 0.95)?.value).toBe(1);
  });
  it("are 0, not null, where something was at stake and all of it wrong", () => {
    expect(f1({ ...none, fp: 1 }, 0.95)?.value).toBe(0);
    expect(recall({ ...none, fn: 2 }, 0.95)?.value).toBe(0);
  });
  it("lie inside their intervals, inside [0, 1], with some width", () => {
    fc.assert(
      fc.property(tables, (confusion) => {
        for (const rate of [accuracy, precision, recall, f1]) {
          const found = rate(confusion, 0.95);
          if (found === null) continue;
          expect(found.ci[0]).toBeGreaterThanOrEqual(0);
          expect(found.ci[0]).toBeLessThanOrEqual(found.value + 1e-12);
          expect(found.ci[1]).toBeGreaterThanOrEqual(found.value - 1e-12);
          expect(found.ci[1]).toBeLessThanOrEqual(1);
          expect(found.ci[1] - found.ci[0]).toBeGreaterThan(0);
        }
      }),
    );
  });
  it("F1's interval tends to the delta method's", () => {
    const large: Confusion = { tp: 60_000, fp: 20_000, fn: 20_000, tn: 5 };
    const { value, ci } = present(f1(large, 0.95));
    const jaccard = 0.6;
    const reach = 1.959964 * (2 / (1 + jaccard) ** 2) * Math.sqrt((jaccard * (1 - jaccard)) / 100_000);
    expect(ci[0]).toBeCloseTo(value - reach, 4);
    expect(ci[1]).toBeCloseTo(value + reach, 4);
  });
  it("refuse nonsense", () => {
    expect(() => accuracy({ ...none, tp: -1 }, 0.95)).toThrow(RangeError);
    expect(() => f1({ ...none, tp: 1.5 }, 0.95)).toThrow(RangeError);
    expect(() => recall(table, 1)).toThrow(RangeError);
  });
});
