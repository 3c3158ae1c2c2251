import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentHash, labelPrecedence, precedenceNumber, predictionPrecedence } from "../../src/ingest/identity.ts";
import { label, labelOf, prediction, predictionOf } from "./examples.ts";

describe("contentHash", () => {
  it("is the same for any order of names, and for null as for nothing", () => {
    const one = predictionOf({ ...prediction, features: { a: 1, b: "x", c: null }, scores: { late: 0.5, on_time: 0.5 } });
    const two = predictionOf({ scores: { on_time: 0.5, late: 0.5 }, ...prediction, features: { b: "x", a: 1 } });
    expect(contentHash(one)).toBe(contentHash(two));
  });

  it("differs where content does", () => {
    const base = contentHash(predictionOf(prediction));
    for (const change of [
      { score: 0.5 },
      { prediction: "on_time" },
      { version: "v2" },
      { features: { x: "1.5", c: "red" } },
      { entity: "e" },
      { weight: 2 },
      { telemetry: { t: 1 } },
    ]) {
      expect(contentHash(predictionOf({ ...prediction, ...change }))).not.toBe(base);
    }
    expect(contentHash(labelOf(label))).not.toBe(contentHash(labelOf({ ...label, label: "on_time" })));
  });
});

describe("precedence", () => {
  it("puts the smallest time of predictions first, and fits 128 bits", () => {
    const times = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2024, 0, 1) });
    fc.assert(
      fc.property(times, times, (a, b) => {
        const [one, two] = [a, b].map((time) => precedenceNumber(predictionPrecedence(predictionOf({ ...prediction, time }))));
        expect(one! < 1n << 128n && one! > 0n).toBe(true);
        expect(one === two ? 0 : one! > two! ? -1 : 1).toBe(Math.sign(a - b));
      }),
    );
  });

  it("puts the newest revision of labels first, then the newest time, no time last", () => {
    const order = [
      { ...label, time: null },
      { ...label, time: "2000-01-01" },
      { ...label, time: "2024-05-01" },
      { ...label, time: null, revision: 1 },
      { ...label, time: "2024-05-01", revision: 1 },
      { ...label, time: "2000-01-01", revision: 2 ** 32 - 1 },
    ].map((value) => BigInt(labelPrecedence(labelOf(value))));
    expect(order).toEqual([...order].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(order).size).toBe(order.length);
    expect(order.at(-1)! < 1n << 128n).toBe(true);
  });
});
