import { afterAll, beforeAll, expect, it } from "vitest";
import { deeperQuery } from "../../src/alerting/deeper-query.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { insertMeasurements } from "../../src/store/measurements.ts";
import type { Store } from "../../src/store/store.ts";
import { HOSTILE_NAMES } from "../support/hostile-text.ts";
import { DAY_0, exampleMeasurement, openTemporaryStore } from "./examples.ts";

let store: Store;
let remove: () => Promise<void>;
beforeAll(async () => ({ store, remove } = await openTemporaryStore()) && undefined, 60_000);
afterAll(() => remove());

const names = [...HOSTILE_NAMES, "' OR 1 = 1 --", "\\' OR 1 = 1 --", "a\u2028b", "a\u200bb", "a\rb", "\u001b[31m"];

it("the query of an alert finds its measurement, and that alone, whatever things are called", async () => {
  const measurements = names.flatMap((name, index): Measurement[] => [
    exampleMeasurement({ model: name, version: name, segment: name === "" ? null : name, feature: name, baseline: name, value: index }),
    exampleMeasurement({
      model: name,
      version: name,
      feature: null,
      subject: "performance",
      metric: "accuracy",
      baseline: name,
      value: index,
    }),
    exampleMeasurement({ model: name, version: name, feature: name, metric: "missing_rate", baseline: name, value: index }),
  ]);
  await insertMeasurements(store, measurements, DAY_0);
  for (const measurement of measurements) {
    const sql = deeperQuery(measurement);
    expect(sql).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    const found = await store.query<{ value: number }>(sql);
    expect([sql, found.map(({ value }) => value)]).toEqual([sql, [measurement.value]]);
  }
});
