import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelPrecedence } from "../../src/ingest/identity.ts";
import { countLabels, findLabel, insertLabels, labelRow } from "../../src/store/labels.ts";
import { label, labelOf, useStore } from "../ingest/examples.ts";

const store = useStore();

describe("labels", () => {
  it("keep the newest revision, then the newest time, in any order of arrival", async () => {
    const versions = [
      { ...label, label: "never timed", time: null },
      { ...label, label: "early", time: "2000-05-01" },
      { ...label, label: "late", time: "2024-05-02" },
      { ...label, label: "revised, untimed", time: null, revision: 2 },
      { ...label, label: "revised", time: "2024-05-01", revision: 2 },
    ];
    const orders = fc.sample(fc.shuffledSubarray(versions, { minLength: 2, maxLength: 5 }), { numRuns: 40, seed: 7 });
    const expected = orders.map((order) => versions.findLast((version) => order.includes(version))?.label);
    const longest = Math.max(...orders.map((order) => order.length));
    for (let step = 0; step < longest; step++) {
      const rows = orders.flatMap((order, index) => (order[step] ? [labelOf({ ...order[step], id: `id${index}` })] : []));
      await insertLabels(
        store(),
        rows.map((event) => labelRow(event, labelPrecedence(event))),
      );
    }
    const kept = await Promise.all(orders.map(async (_, index) => (await findLabel(store(), "binary", `id${index}`))?.label));
    expect(kept).toEqual(expected);
    expect(await countLabels(store(), "binary")).toBe(orders.length);
  });

  it("come back as they were stored", async () => {
    for (const event of [
      labelOf({ ...label, id: "n", model: "numbers", label: -2.5, time: null, revision: 2 ** 32 - 1 }),
      labelOf({ ...label, id: "early", model: "numbers", label: 0, time: "2000-01-02T03:04:05.678Z" }),
    ]) {
      await insertLabels(store(), [labelRow(event, labelPrecedence(event))]);
      expect(await findLabel(store(), "numbers", event.id)).toEqual(event);
    }
    expect(await findLabel(store(), "numbers", "nobody")).toBeNull();
  });
});
