import { expect, it } from "vitest";
import { whyBehind } from "../../src/ingest/behind.ts";
import { HOUR, MINUTE } from "../../src/model/time.ts";

const NOW = Date.UTC(2026, 0, 10, 12);
const partition = (drained: boolean) => ({ key: "t/0", committed: null, highWatermark: null, drained });
const why = (changes: { watermark?: number | null; drained?: boolean; error?: string | null; bucket?: number }) => {
  const { watermark = NOW - 3 * HOUR, drained = false, error = null, bucket = HOUR } = changes;
  return whyBehind({
    sources: [{ name: "kafka", error, partitions: [partition(drained)] }],
    watermark,
    lateness: 10 * MINUTE,
    bucket,
    now: NOW,
  });
};

it.each([
  ["a backlog that is old", {}, "Ingestion is behind: events up to 2026-01-10T09:00:00Z have been read."],
  ["a backlog that is young", { watermark: NOW - HOUR }, null],
  ["old events, and nothing that waits", { drained: true }, null],
  ["a source that cannot be read", { drained: true, error: "no broker" }, "Events cannot be read from kafka."],
  ["a backlog of which nothing is known yet", { watermark: null }, null],
  ["small buckets: a quarter of an hour, and no more", { bucket: MINUTE, watermark: NOW - 25 * MINUTE }, null],
  [
    "small buckets, and more than that",
    { bucket: MINUTE, watermark: NOW - 26 * MINUTE },
    "Ingestion is behind: events up to 2026-01-10T11:34:00Z have been read.",
  ],
])("%s", (_what, changes, expected) => {
  expect(why(changes)).toBe(expected);
});

it("nothing is behind where nothing is read from", () => {
  expect(whyBehind({ sources: [], watermark: 0, lateness: 0, bucket: HOUR, now: NOW })).toBeNull();
});
