import { describe, expect, it } from "vitest";
import { labelPrecedence } from "../../src/ingest/identity.ts";
import { insertLabels, labelRow, newestLabelTime } from "../../src/store/labels.ts";
import { label, labelOf, useStore } from "../ingest/examples.ts";

const store = useStore();
const MINUTE = Date.UTC(2024, 5, 1);

describe("labels", () => {
  it("come back as they were stored", async () => {
    for (const event of [
      labelOf({ ...label, id: "n", model: "numbers", label: -2.5, time: null, revision: 2 ** 32 - 1 }),
      labelOf({ ...label, id: "early", model: "numbers", label: 0, time: "2000-01-02T03:04:05.678Z" }),
    ]) {
      await insertLabels(store(), [labelRow(event, labelPrecedence(event))], MINUTE);
      const [row] = await store().query<Record<string, unknown>>(
        "SELECT id, label, label_number AS labelNumber, toUnixTimestamp64Milli(l.time) AS time, revision, toUnixTimestamp(arrived) * 1000 AS minute FROM label_inbox AS l FINAL WHERE id = {id:String}",
        { id: event.id },
      );
      expect({ type: "label", model: "numbers", ...row }).toEqual({ ...event, minute: MINUTE });
    }
    expect(await newestLabelTime(store(), "numbers")).toBe(Date.parse("2000-01-02T03:04:05.678Z"));
    expect(await newestLabelTime(store(), "nobody")).toBeNull();
  });
});
