import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changeByPart, type PartSums } from "../../src/stats/change-by-part.ts";
import { totalVariation } from "../../src/stats/total-variation.ts";

type Golden = {
  reference: PartSums[];
  current: PartSums[];
  directions: number[] | null;
  change: number;
  parts: [mix: number, within: number][];
};
const goldens = (JSON.parse(readFileSync(new URL("segment-goldens.json", import.meta.url), "utf8")) as { changeByPart: Golden[] })
  .changeByPart;
const of = (rows: number, ...sums: number[]): PartSums => ({ rows, sums });

test.each(goldens)("agrees with fractions of single rows, case %#", ({ reference, current, directions, change, parts }) => {
  const found = changeByPart(reference, current, directions ?? undefined);
  expect(found?.change).toBeCloseTo(change, 13);
  expect(found?.parts.length).toBe(parts.length);
  for (const [index, [mix, within]] of parts.entries()) {
    expect(found?.parts[index]?.mix).toBeCloseTo(mix, 13);
    expect(found?.parts[index]?.within).toBeCloseTo(within, 13);
  }
});

describe("a change of means", () => {
  test("of one part only is all its own", () => {
    const found = changeByPart([of(100, 90), of(100, 80)], [of(100, 90), of(100, 60)], [1]);
    expect(found?.change).toBeCloseTo(-0.1, 14);
    expect(found?.parts.map(({ mix, within }) => [mix, within].map((one) => Number(one.toFixed(12)) + 0))).toEqual([
      [0, 0],
      [0, -0.1],
    ]);
  });

  test("by mix alone: a bad part that grows, and a good one that shrinks", () => {
    const found = changeByPart([of(100, 100), of(100, 0)], [of(50, 50), of(150, 0)], [1]);
    expect(found?.change).toBeCloseTo(-0.25, 14);
    for (const part of found?.parts ?? []) {
      expect(part.within).toBe(0);
      expect(part.mix).toBeLessThan(0);
    }
  });

  test("without rows on a side is none; of a part that is new it is all mix", () => {
    expect(changeByPart([of(0, 0)], [of(5, 1)])).toBeNull();
    expect(changeByPart([of(5, 1)], [of(0, 0)])).toBeNull();
    expect(changeByPart([], [])).toBeNull();
    const found = changeByPart([of(10, 5), of(0, 0), of(0, 0)], [of(10, 5), of(10, 0), of(0, 0)], [1]);
    expect(found?.parts[1]).toMatchObject({ within: 0, mix: -0.1875 });
    expect(found?.parts[2]).toEqual({ mix: 0, within: 0, total: 0 });
  });

  test("of nonsense is refused", () => {
    expect(() => changeByPart([of(-1, 0)], [of(1, 0)])).toThrow(RangeError);
    expect(() => changeByPart([of(1, Number.NaN)], [of(1, 0)])).toThrow(RangeError);
    expect(() => changeByPart([of(1, 0)], [of(1, 0), of(1, 0)])).toThrow(RangeError);
    expect(() => changeByPart([of(1, 0)], [of(1, 0, 0)])).toThrow(RangeError);
    expect(() => changeByPart([of(1, 0)], [of(1, 0)], [1, 1])).toThrow(RangeError);
  });

  const sides = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 2, max: 6 })).chain(([parts, bins]) => {
    const side = fc
      .array(fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: bins, maxLength: bins }), { minLength: parts, maxLength: parts })
      .filter((list) => list.flat().some((count) => count > 0))
      .map((list) => list.map((sums): PartSums => ({ rows: sums.reduce((sum, count) => sum + count, 0), sums })));
    return fc.tuple(side, side);
  });

  test("is the sum of what its parts add, and of a distribution the total variation distance", () => {
    fc.assert(
      fc.property(sides, ([reference, current]) => {
        const found = changeByPart(reference, current);
        expect(found?.parts.reduce((sum, { total }) => sum + total, 0)).toBeCloseTo(found?.change ?? Number.NaN, 12);
        const bins = (side: readonly PartSums[]) =>
          (side[0]?.sums ?? []).map((_, bin) => side.reduce((sum, { sums }) => sum + (sums[bin] ?? 0), 0));
        expect(found?.change).toBeCloseTo(totalVariation(bins(reference), bins(current))?.value ?? Number.NaN, 12);
      }),
    );
  });

  test("turned round has the opposite sign, part by part", () => {
    fc.assert(
      fc.property(sides, ([reference, current]) => {
        const along = (reference[0]?.sums ?? []).map((_, index) => index + 1);
        const [there, back] = [changeByPart(reference, current, along), changeByPart(current, reference, along)];
        for (const [index, part] of (there?.parts ?? []).entries())
          expect(part.total).toBeCloseTo(-(back?.parts[index]?.total ?? Number.NaN), 12);
      }),
    );
  });

  test("with two parts taken together adds the same for all others", () => {
    fc.assert(
      fc.property(sides, ([reference, current]) => {
        if (reference.length < 3) return;
        const join = (side: readonly PartSums[]): PartSums[] => {
          const [a, b, ...rest] = side as [PartSums, PartSums, ...PartSums[]];
          return [{ rows: a.rows + b.rows, sums: a.sums.map((sum, index) => sum + (b.sums[index] ?? 0)) }, ...rest];
        };
        const [apart, together] = [changeByPart(reference, current), changeByPart(join(reference), join(current))];
        for (let index = 2; index < reference.length; index += 1)
          expect(together?.parts[index - 1]?.total).toBeCloseTo(apart?.parts[index]?.total ?? Number.NaN, 12);
      }),
    );
  });
});
