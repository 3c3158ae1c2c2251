import { describe, expect, it } from "vitest";
import { createWatermarks } from "../../src/ingest/watermark.ts";
import { MINUTE, SECOND } from "../../src/model/time.ts";

const T = Date.UTC(2024, 0, 1);
const LATE = 10 * MINUTE;
const at = (minutes: number) => T + minutes * MINUTE;
const make = (liveClock: boolean, startedAt?: number) =>
  createWatermarks({
    models: new Map([
      ["m", { lateness: LATE }],
      ["n", { lateness: 0 }],
    ]),
    liveClock,
    ...(startedAt === undefined ? {} : { startedAt }),
  });

describe("a replayed watermark", () => {
  it("is unknown before anything came", () => {
    expect(make(false).watermark("m", T)).toBeNull();
  });

  it("is the smallest of the partitions' newest times, less lateness", () => {
    const marks = make(false);
    marks.observe("p/0", "m", at(100), 0);
    marks.observe("p/1", "m", at(50), 0);
    marks.observe("p/1", "m", at(40), 0);
    expect(marks.watermark("m", 0)).toBe(at(50) - LATE);
    marks.observe("p/1", "m", at(120), 1);
    expect(marks.watermark("m", 1)).toBe(at(100) - LATE);
  });

  it("is held back by a partition that was announced and gave nothing, for a minute", () => {
    const marks = make(false);
    marks.progress("p/0", false, 0);
    marks.progress("p/1", false, 0);
    marks.observe("p/0", "m", at(100), 0);
    expect(marks.watermark("m", 59 * SECOND)).toBeNull();
    marks.observe("p/0", "m", at(101), 59 * SECOND);
    expect(marks.watermark("m", 60 * SECOND)).toBe(at(101) - LATE);
  });

  it("is not held back by drained, idle or forgotten partitions", () => {
    for (const release of ["drain", "idle", "forget"]) {
      const marks = make(false);
      marks.observe("p/0", "m", at(10), 0);
      marks.observe("p/1", "m", at(100), 30 * SECOND);
      expect(marks.watermark("m", 30 * SECOND)).toBe(at(10) - LATE);
      if (release === "drain") marks.progress("p/0", true, 31 * SECOND);
      if (release === "forget") marks.forget("p/0");
      expect(marks.watermark("m", release === "idle" ? 60 * SECOND : 31 * SECOND)).toBe(at(100) - LATE);
    }
  });

  it("takes the newest event of all when no partition holds it back", () => {
    const marks = make(false);
    marks.observe("p/0", "m", at(10), 0);
    marks.observe("p/1", "m", at(100), 0);
    expect(marks.watermark("m", 10 * MINUTE)).toBe(at(100) - LATE);
  });

  it("is each model's own", () => {
    const marks = make(false);
    marks.observe("p/0", "m", at(10), 0);
    marks.observe("p/0", "n", at(20), 0);
    expect([marks.watermark("m", 0), marks.watermark("n", 0)]).toEqual([at(10) - LATE, at(20)]);
  });

  it("never goes back", () => {
    const marks = make(false);
    marks.observe("p/0", "m", at(100), 0);
    expect(marks.watermark("m", 0)).toBe(at(100) - LATE);
    marks.observe("p/1", "m", at(1), 1);
    expect(marks.watermark("m", 1)).toBe(at(100) - LATE);
  });

  it("is the newest event itself once the input is finished, until more comes", () => {
    const marks = make(false);
    marks.observe("p/0", "m", at(100), 0);
    marks.observe("p/1", "m", at(30), 0);
    marks.finish();
    expect(marks.watermark("m", 0)).toBe(at(100));
    marks.observe("p/0", "m", at(105), 1);
    expect(marks.watermark("m", 1)).toBe(at(100));
  });

  it("goes on from what is stored after a restart", () => {
    const marks = make(false);
    marks.seed("m", at(50));
    marks.seed("n", null);
    expect([marks.watermark("m", 0), marks.watermark("n", 0)]).toEqual([at(50) - LATE, null]);
  });

  it("takes an event without a time for life, not for time", () => {
    const marks = make(false);
    marks.observe("p/0", "m", at(10), 0);
    marks.observe("p/1", "m", at(90), 50 * SECOND);
    marks.observe("p/0", "m", null, 50 * SECOND);
    expect(marks.watermark("m", 70 * SECOND)).toBe(at(10) - LATE);
  });
});

describe("a live watermark", () => {
  it("follows the clock when nothing holds it back, and an event ahead of it", () => {
    const marks = make(true);
    marks.progress("p/0", true, at(0));
    expect(marks.watermark("m", at(5))).toBe(at(5) - LATE);
    marks.observe("http", "m", at(9), at(6));
    marks.progress("http", true, at(6));
    expect(marks.watermark("m", at(6))).toBe(at(9) - LATE);
    expect(marks.watermark("m", at(12))).toBe(at(12) - LATE);
  });

  it("is held back by a backlog", () => {
    const marks = make(true);
    marks.progress("p/0", false, at(0));
    marks.observe("p/0", "m", at(-300), at(0));
    expect(marks.watermark("m", at(0.5))).toBe(at(-300) - LATE);
    marks.progress("p/0", true, at(0.6));
    expect(marks.watermark("m", at(0.6))).toBe(at(0.6) - LATE);
    marks.finish();
    expect(marks.watermark("m", at(1))).toBe(at(1) - LATE);
  });

  it("waits at start until a source told of its partitions, a minute at most", () => {
    const marks = make(true, at(0));
    expect(marks.watermark("m", at(0.5))).toBeNull();
    marks.seed("m", at(-60));
    expect(marks.watermark("m", at(0.5))).toBe(at(-60) - LATE);
    expect(marks.watermark("m", at(1))).toBe(at(1) - LATE);
  });
});
