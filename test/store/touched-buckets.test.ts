import { describe, expect, it } from "vitest";
import { HOUR } from "../../src/model/time.ts";
import { createSequence, markCounted, readTouched, touchBuckets } from "../../src/store/touched-buckets.ts";
import { useStore } from "../ingest/examples.ts";

const store = useStore();
const mark = (bucket: number, kind: "features" | "outcomes" = "features", model = "m") => ({ model, kind, bucket: bucket * HOUR });

describe("touched buckets", () => {
  it("are due until counted as of the touch that was read", async () => {
    const sequence = await createSequence(store(), () => 0);
    await touchBuckets(store(), [mark(2), mark(1), mark(1, "outcomes"), mark(1, "features", "other")], sequence());
    await touchBuckets(store(), [], sequence());
    const due = await readTouched(store(), "m");
    expect(due.map(({ kind, bucket }) => [kind, bucket / HOUR])).toEqual([
      ["features", 1],
      ["outcomes", 1],
      ["features", 2],
    ]);
    expect(await readTouched(store())).toHaveLength(4);

    await touchBuckets(store(), [mark(2)], sequence());
    await markCounted(store(), due);
    expect((await readTouched(store(), "m")).map(({ bucket }) => bucket / HOUR)).toEqual([2]);
    await markCounted(store(), await readTouched(store(), "m"));
    expect(await readTouched(store(), "m")).toEqual([]);
  });

  it("stay in order when the program starts again with its clock set back", async () => {
    const now = Date.UTC(2026, 0, 1);
    const before = await createSequence(store(), () => now);
    const last = [before(), before(), before()].at(-1)!;
    await touchBuckets(store(), [mark(9)], last);
    const due = await readTouched(store(), "m");
    expect(due).toEqual([{ ...mark(9), touched: last }]);
    await markCounted(store(), due);

    const after = await createSequence(store(), () => now - HOUR);
    const next = after();
    expect(next).toBeGreaterThan(last);
    expect(after()).toBeGreaterThan(next);
    await touchBuckets(store(), [mark(9)], next);
    expect(await readTouched(store(), "m")).toHaveLength(1);
  });
});
