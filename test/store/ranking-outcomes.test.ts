import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addOutcomes, type OutcomeCounts } from "../../src/model/counts.ts";
import { METRICS_AT_CUTOFFS, type CutoffName } from "../../src/model/metric.ts";
import type { OutcomeGrid } from "../../src/model/outcome-grid.ts";
import { HOUR } from "../../src/model/time.ts";
import { rankedWeight, valueOf } from "../../src/monitor/performance-values.ts";
import { insertBaselineRows } from "../../src/store/baselines.ts";
import { countOutcomes, readOutcomeCounts } from "../../src/store/outcome-counts.ts";
import type { Store } from "../../src/store/store.ts";
import { decodeBaselineRow } from "../../src/ingest/decode.ts";
import { openTemporaryStore } from "../alerting/examples.ts";
import { message, models, NOW } from "../ingest/examples.ts";

const START = Date.UTC(2024, 0, 1);

let store: Store;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
});
afterAll(() => remove());

type Row = { readonly prediction: unknown; readonly label?: unknown; readonly weight?: number };

/** Rows as they are sent, each a version by itself, so that the counts of each can be looked at. */
async function counted(name: string, cutoffs: readonly number[], rows: readonly Row[]): Promise<OutcomeCounts[]> {
  const decoded = rows.map((row, index) => {
    const event = { type: "prediction", id: `${index}`, model: "ranks", version: `${index}`, time: START + index, ...row };
    const found = decodeBaselineRow(message(event), { models, now: NOW, liveClock: false });
    if (!found.ok) throw new Error(found.message);
    return found.row;
  });
  const grid: OutcomeGrid = { task: "ranking", cutoffs };
  const where = { model: "ranks", baseline: name };
  await insertBaselineRows(store, name, decoded, () => "0");
  await countOutcomes(store, where, grid, HOUR, [], 1);
  const [step] = await readOutcomeCounts(store, where, { from: START, to: START + HOUR }, HOUR, HOUR);
  return rows.map((_, index) => {
    const found = step?.byVersion.get(`${index}`);
    if (!found) throw new Error(`Row ${index} was not counted.`);
    return found;
  });
}

const valuesOf = (outcomes: OutcomeCounts, cutoff: number) =>
  Object.fromEntries(
    METRICS_AT_CUTOFFS.map((metric) => [
      metric,
      valueOf(`${metric}@${cutoff}`, outcomes, { grid: { task: "ranking", cutoffs: [cutoff] }, value: null })?.value ?? null,
    ]),
  ) as Record<CutoffName, number | null>;

it("every list is worth what scikit-learn says", async () => {
  const oracle = JSON.parse(readFileSync(new URL("../oracle/ranking-oracle.json", import.meta.url), "utf8")) as {
    readonly cutoffs: readonly number[];
    readonly rows: readonly (Row & { readonly worth: Readonly<Record<string, Record<CutoffName, number> | null>> })[];
  };
  const found = await counted(
    "oracle",
    oracle.cutoffs,
    oracle.rows.map(({ prediction, label }) => ({ prediction, label: label ?? undefined })),
  );
  for (const [index, { worth, label }] of oracle.rows.entries()) {
    const one = found[index] ?? addOutcomes([]);
    expect(one).toMatchObject({ predictions: 1, labelled: label === null ? 0 : 1 });
    for (const cutoff of oracle.cutoffs) {
      const values = valuesOf(one, cutoff);
      for (const metric of METRICS_AT_CUTOFFS) {
        const expected = worth[cutoff]?.[metric] ?? null;
        if (expected === null) expect(values[metric], `${metric} of row ${index}`).toBeNull();
        else expect(values[metric], `${metric} of row ${index}`).toBeCloseTo(expected, 11);
      }
    }
  }
});

const item = fc.oneof(
  fc.constantFrom("a", "b", "c", "d", "e", 1, 2, "1", "", "[", "{", '["a"]', '{"a":1}', "__proto__", "a\u0000b", '"', "\\"),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const gain = fc.oneof(fc.constantFrom(0, 5e-324, 1e9, 1), fc.double({ min: 0, max: 1e9, noNaN: true }));
const row = fc.record({
  prediction: fc.oneof(item, fc.array(item, { maxLength: 12 })),
  label: fc.oneof(item, fc.array(item, { maxLength: 6 }), fc.dictionary(item.map(String), gain, { maxKeys: 6 }), fc.constant(undefined)),
});

it("whatever is ranked and relevant, values lie between 0 and 1, agree with each other, and add up in any order", async () => {
  const rows = fc.sample(row, { numRuns: 400, seed: 7 });
  const found = await counted("any", [1, 3, 10], rows);
  for (const [index, one] of found.entries()) {
    for (const cutoff of [1, 3, 10]) {
      const { precision, recall, hit_rate: hit, mrr, map, ndcg, ...rest } = valuesOf(one, cutoff);
      expect(rest).toEqual({});
      const all = [precision, recall, hit, mrr, map, ndcg];
      if (rankedWeight(one).sum === 0) {
        expect(all, `row ${index}`).toEqual(all.map(() => null));
        continue;
      }
      for (const value of all)
        expect(value, `row ${index}: ${JSON.stringify(rows[index])}`).toSatisfy((v: number) => v >= 0 && v <= 1 + 1e-11);
      // One hit is a hit by every measure, and none by none; a gain may be next to nothing beside another.
      expect(
        [precision, recall, mrr, map].map((value) => (value ?? 0) > 0),
        `row ${index}`,
      ).toEqual(new Array(4).fill(hit === 1));
      if (hit === 0) expect(ndcg).toBe(0);
    }
    // Deeper finds no less.
    const [shallow, deep] = [valuesOf(one, 3), valuesOf(one, 10)];
    for (const metric of ["recall", "hit_rate", "mrr"] as const) expect(deep[metric] ?? 0).toBeGreaterThanOrEqual(shallow[metric] ?? 0);
  }
  const whole = addOutcomes(found);
  const [first, second] = [addOutcomes(found.slice(0, 130)), addOutcomes(found.slice(130).reverse())];
  expect(addOutcomes([second, first])).toEqual(
    expect.objectContaining({ predictions: whole.predictions, labelled: whole.labelled, sums: whole.sums, histograms: whole.histograms }),
  );
  expect(whole.labelled - rankedWeight(whole).sum).toBeGreaterThan(5);
  expect(valuesOf(whole, 10).ndcg).toBeGreaterThan(0);
});

it("a list that has what is relevant first, best first, is worth 1; one without any of it 0; an item listed twice is one hit", async () => {
  const gains = { a: 3, b: 2, c: 0.5, d: 0 };
  const [perfect, swapped, nothing, one, twice, empty] = await counted(
    "known",
    [3],
    [
      { prediction: ["a", "b", "c", "x"], label: gains },
      { prediction: ["b", "a", "c"], label: gains },
      { prediction: ["x", "y", "d"], label: gains },
      { prediction: 7, label: ["7", 7] },
      { prediction: ["a", "a", "x", "b"], label: ["a", "b"] },
      { prediction: [], label: "a" },
    ],
  );
  const values = (outcomes = addOutcomes([])) => valuesOf(outcomes, 3);
  expect(values(perfect)).toEqual({ precision: 1, recall: 1, hit_rate: 1, mrr: 1, map: 1, ndcg: 1 });
  expect(values(swapped)).toMatchObject({ precision: 1, map: 1 });
  expect(values(swapped).ndcg).toBeLessThan(1);
  expect(values(nothing)).toEqual({ precision: 0, recall: 0, hit_rate: 0, mrr: 0, map: 0, ndcg: 0 });
  expect(values(one)).toMatchObject({ recall: 1, mrr: 1, ndcg: 1 });
  expect(values(one).precision).toBeCloseTo(1 / 3, 11);
  expect(values(twice)).toMatchObject({ recall: 0.5, mrr: 1 });
  expect(values(twice).precision).toBeCloseTo(1 / 3, 11);
  expect(values(twice).map).toBeCloseTo(1 / 2, 11);
  expect(values(empty)).toMatchObject({ recall: 0, ndcg: 0 });
});

it("no row, one and two: no value, a value without an interval, one with", async () => {
  const grid: OutcomeGrid = { task: "ranking", cutoffs: [2] };
  const rows = await counted(
    "few",
    [2],
    [{ prediction: ["a", "b"], label: "a" }, { prediction: ["a", "b"], label: "b" }, { prediction: ["a"] }],
  );
  const ndcg = (parts: readonly OutcomeCounts[]) => valueOf("ndcg@2", addOutcomes(parts), { grid, value: null });
  expect(ndcg([])).toBeNull();
  expect(ndcg(rows.slice(2))).toBeNull();
  expect(ndcg(rows.slice(0, 1))).toEqual({ value: 1, ci: null, variance: null });
  const two = ndcg(rows);
  expect(two?.value).toBeCloseTo((1 + 1 / Math.log2(3)) / 2, 11);
  expect(two?.ci?.[0]).toBe(0);
  expect(two?.ci?.[1]).toBe(1);
  expect(two?.variance).toBeCloseTo(((1 - 1 / Math.log2(3)) / 2) ** 2, 11);
  expect(valueOf("hit_rate@2", addOutcomes(rows), { grid, value: null })).toMatchObject({ value: 1, share: { successes: 2, trials: 2 } });
});
