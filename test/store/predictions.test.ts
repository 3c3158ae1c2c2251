import { describe, expect, it } from "vitest";
import { precedenceNumber, predictionPrecedence } from "../../src/ingest/identity.ts";
import { createLayouts } from "../../src/store/layouts.ts";
import {
  countPredictions,
  createPredictionEncoder,
  groupsOf,
  insertPredictions,
  newestPredictionTime,
  SETTLED_FEATURES,
  SETTLED_PREDICTIONS,
  type PredictionRow,
} from "../../src/store/predictions.ts";
import { prediction, predictionOf, useStore } from "../ingest/examples.ts";

const store = useStore();
const rowOf = (change: object) => {
  const event = predictionOf({ ...prediction, ...change });
  return { prediction: event, precedence: predictionPrecedence(event) };
};

function insert(rows: readonly PredictionRow[]): Promise<void> {
  const layouts = createLayouts();
  return insertPredictions(store(), createPredictionEncoder(layouts)(rows), layouts);
}

describe("predictions", () => {
  it("come back as they were stored, hostile names, NUL and early times included", async () => {
    const text = JSON.stringify({
      ...prediction,
      id: "nul\0 ' \\ id",
      model: "classes",
      time: 949_363_200_123,
      score: null,
      scores: { a: 0.25 },
    }).replace('"x":1.5', '"__proto__":-0.1,"constructor":1e-300,"v":[1,2]');
    const event = predictionOf(text);
    await insert([{ prediction: event, precedence: predictionPrecedence(event) }]);
    const rows = await store().query(
      `SELECT id, toUnixTimestamp64Milli(p.time) AS ms, number_names AS names, numbers AS amounts, categories[indexOf(category_names, 'c')] AS c, embeddings['v'] AS v, score, scores['a'] AS a, toString(p.precedence) AS precedence
       FROM ${SETTLED_FEATURES} AS p WHERE model = {model:String}`,
      { model: "classes" },
    );
    expect(rows).toEqual([
      {
        id: "nul\0 ' \\ id",
        ms: 949_363_200_123,
        // The places of what is no number hold NaN, which JSON writes as null.
        names: ["__proto__", "constructor", "v", "c"],
        amounts: [-0.1, 1e-300, null, null],
        c: "red",
        v: [1, 2],
        score: null,
        a: 0.25,
        precedence: String(precedenceNumber(predictionPrecedence(event))),
      },
    ]);
  });

  it("repeat without counting twice, merged or not", async () => {
    for (const id of ["a", "b", "a", "a"]) await insert([rowOf({ model: "numbers", prediction: 1, score: null, id })]);
    expect(await countPredictions(store(), "numbers")).toBe(2);
    await store().execute("OPTIMIZE TABLE predictions FINAL");
    expect(await countPredictions(store(), "numbers")).toBe(2);
    expect(await newestPredictionTime(store(), "numbers")).toBe(Date.parse(prediction.time));
  });

  it("of a stretch of time are found by reading that stretch alone", async () => {
    const day = Date.UTC(2020, 0, 1);
    await insert(Array.from({ length: 40_000 }, (_, index) => rowOf({ id: `h${index}`, model: "ranks", time: day + index * 30_000 })));
    const plan = await store().query<{ explain: string }>(
      `EXPLAIN indexes = 1 SELECT count() FROM ${SETTLED_PREDICTIONS} WHERE model = {model:String}
         AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})`,
      { model: "ranks", from: day + 3_600_000, to: day + 7_200_000 },
    );
    expect(plan.map((line) => line.explain).join(" ")).toMatch(/PrimaryKey.*Granules: [12]\/\d+/);
  });

  it("are none of a model without any", async () => {
    expect(await newestPredictionTime(store(), "nobody")).toBeNull();
    expect(await countPredictions(store(), "nobody")).toBe(0);
  });

  it("of 150 months go in as three inserts", async () => {
    const rows = Array.from({ length: 450 }, (_, index) =>
      rowOf({ id: `m${index}`, model: "binary", time: Date.UTC(2005, index % 150, 3) }),
    );
    const layouts = createLayouts();
    const blocks = createPredictionEncoder(layouts)(rows);
    const groups = [...groupsOf(blocks)];
    expect(groups.map((group) => group.reduce((sum, block) => sum + block.rows, 0))).toEqual([150, 150, 150]);
    await insertPredictions(store(), blocks, layouts);
    expect(await countPredictions(store(), "binary")).toBe(450);
  });
});
