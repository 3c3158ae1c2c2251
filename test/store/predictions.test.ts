import { describe, expect, it } from "vitest";
import { predictionPrecedence } from "../../src/ingest/identity.ts";
import {
  countPredictions,
  findPredictionRows,
  findPredictionTimes,
  insertPredictions,
  newestPredictionTime,
  predictionRow,
  splitByMonths,
} from "../../src/store/predictions.ts";
import { prediction, predictionOf, useStore } from "../ingest/examples.ts";

const store = useStore();
const rowOf = (change: object) => {
  const event = predictionOf({ ...prediction, ...change });
  return predictionRow(event, predictionPrecedence(event));
};

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
    await insertPredictions(store(), [predictionRow(event, predictionPrecedence(event))]);
    const rows = await store().query(
      `SELECT id, toUnixTimestamp64Milli(p.time) AS ms, mapKeys(numbers) AS names, mapValues(numbers) AS amounts, categories['c'] AS c, embeddings['v'] AS v, score, scores['a'] AS a, toString(p.precedence) AS precedence
       FROM predictions AS p FINAL WHERE model = 'classes'`,
    );
    expect(rows).toEqual([
      {
        id: "nul\0 ' \\ id",
        ms: 949_363_200_123,
        names: ["__proto__", "constructor"],
        amounts: [-0.1, 1e-300],
        c: "red",
        v: [1, 2],
        score: null,
        a: 0.25,
        precedence: predictionPrecedence(event),
      },
    ]);
    expect(await findPredictionTimes(store(), "classes", ["nul\0 ' \\ id", "other"])).toEqual([
      { id: "nul\0 ' \\ id", time: 949_363_200_123 },
    ]);
  });

  it("count each id once, and keep the smallest time across months, through time filters too", async () => {
    const times = ["2024-03-10", "2024-01-10", "2024-02-10", "2024-01-10"];
    for (const time of times) await insertPredictions(store(), [rowOf({ model: "numbers", prediction: 1, score: null, time })]);
    expect(await countPredictions(store(), "numbers")).toBe(1);
    expect(await findPredictionTimes(store(), "numbers", ["a"])).toEqual([{ id: "a", time: Date.UTC(2024, 0, 10) }]);
    const within = (from: string, to: string) =>
      store().query(
        "SELECT id FROM predictions FINAL WHERE model = 'numbers' AND time >= parseDateTimeBestEffort({from:String}) AND time < parseDateTimeBestEffort({to:String})",
        { from, to },
      );
    expect(await within("2024-01-01", "2024-02-01")).toHaveLength(1);
    expect(await within("2024-02-01", "2024-03-01")).toEqual([]);
    expect(await within("2024-03-01", "2024-04-01")).toEqual([]);
    expect(await newestPredictionTime(store(), "numbers")).toBe(Date.UTC(2024, 0, 10));
    expect(new Set((await findPredictionRows(store(), "numbers", ["a"])).map(({ time }) => time)).size).toBe(3);
  });

  it("are none of a model without any", async () => {
    expect(await newestPredictionTime(store(), "nobody")).toBeNull();
    expect(await countPredictions(store(), "nobody")).toBe(0);
    expect(await findPredictionTimes(store(), "nobody", [])).toEqual([]);
  });

  it("of 150 months go in as three inserts", async () => {
    const rows = Array.from({ length: 450 }, (_, index) =>
      rowOf({ id: `m${index}`, model: "binary", time: Date.UTC(2005, index % 150, 3) }),
    );
    const groups = splitByMonths(rows, 50);
    expect(groups.map((group) => group.length)).toEqual([150, 150, 150]);
    await insertPredictions(store(), rows);
    expect(await countPredictions(store(), "binary")).toBe(450);
  });

  it("are found by more ids than one question takes", async () => {
    const ids = Array.from({ length: 7_000 }, (_, index) => `${"long-".repeat(20)}${index}`);
    await insertPredictions(
      store(),
      ids.map((id) => rowOf({ id, model: "ranks" })),
    );
    expect(await findPredictionTimes(store(), "ranks", ids)).toHaveLength(7_000);
  });
});
