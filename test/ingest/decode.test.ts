import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, decodeBaselineRow } from "../../src/ingest/decode.ts";
import { isDeeperThan } from "../../src/ingest/json.ts";
import { often } from "../support/soak.ts";
import { byName } from "../support/by-name.ts";
import { decodeValue, label, labelOf, message, models, NOW, prediction, predictionOf } from "./examples.ts";

const context = { models, now: NOW, liveClock: true };

describe("decode", () => {
  it("reads the prediction of the documentation", () => {
    const event = predictionOf({
      ...prediction,
      features: { dep_delay: -2, temp: 42.8, carrier: "DL", precip: null, wet: true, vector: [1, 2.5] },
      scores: { late: 0.2, on_time: 0.8 },
      score: 0.0413,
      latency_ms: 3.1,
      status: "ok",
      role: "champion",
      entity: "user-17",
      weight: 2,
      telemetry: { gpu_util: 0.41 },
    });
    expect(byName(event)).toEqual({
      type: "prediction",
      id: "a",
      model: "binary",
      version: "v1",
      time: Date.UTC(2024, 4, 1, 10, 20),
      numbers: new Map([
        ["dep_delay", -2],
        ["temp", 42.8],
      ]),
      categories: new Map([
        ["carrier", "DL"],
        ["wet", "true"],
      ]),
      embeddings: new Map([["vector", [1, 2.5]]]),
      missing: ["precip"],
      unparsable: [],
      predictedClass: "late",
      predictedNumber: null,
      score: 0.0413,
      scores: new Map([
        ["late", 0.2],
        ["on_time", 0.8],
      ]),
      latencyMs: 3.1,
      status: "ok",
      role: "champion",
      entity: "user-17",
      weight: 2,
      telemetry: new Map([["gpu_util", 0.41]]),
    });
  });

  it("reads labels, their time and revision optional", () => {
    expect(labelOf(label)).toEqual({
      type: "label",
      id: "a",
      model: "binary",
      time: Date.UTC(2024, 4, 1, 12),
      label: "late",
      labelNumber: null,
      revision: 0,
    });
    expect(labelOf({ ...label, time: null, revision: 7 })).toMatchObject({ time: null, revision: 7 });
    expect(labelOf({ ...label, model: "classes", label: 3 })).toMatchObject({ label: "3", labelNumber: null });
    expect(labelOf({ ...label, model: "numbers", label: 3.5 })).toMatchObject({ label: "3.5", labelNumber: 3.5 });
  });

  it("reads what was relevant of a list: an item, several, or their gains", () => {
    const of = (value: unknown) => labelOf({ ...label, model: "ranks", label: value });
    expect(of("x")).toMatchObject({ label: "x", labelNumber: null });
    expect(of(7)).toMatchObject({ label: "7", labelNumber: 7 });
    expect(of("{x}").label).toBe('["{x}"]');
    expect(of(["x", 2, "x"]).label).toBe('["x","2","x"]');
    expect(of([]).label).toBe("[]");
    expect(of({ x: 3, y: 0, z: null, " ": 0.5 }).label).toBe('{"x":3,"y":0," ":0.5}');
    expect(of(JSON.parse('{"__proto__":1}')).label).toBe('{"__proto__":1}');
    expect(of({ "\ud800": 1 }).label).toBe('{"\ufffd":1}');
  });

  it("reads predictions by the model's task", () => {
    const { prediction: _, score: __, ...bare } = prediction;
    expect(predictionOf({ ...bare, prediction: true }).predictedClass).toBe("true");
    expect(predictionOf({ ...bare, model: "classes", prediction: 4 }).predictedClass).toBe("4");
    expect(predictionOf({ ...bare, model: "numbers", prediction: 4.5 })).toMatchObject({ predictedClass: null, predictedNumber: 4.5 });
    expect(predictionOf({ ...bare, model: "ranks", prediction: ["x", 2] }).predictedClass).toBe('["x","2"]');
    expect(predictionOf({ ...bare, model: "ranks", prediction: 7 }).predictedClass).toBe("7");
    // One item that looks like a list is kept as a list of it.
    expect(predictionOf({ ...bare, model: "ranks", prediction: '["x"]' }).predictedClass).toBe('["[\\"x\\"]"]');
    expect(predictionOf({ ...bare, model: "ranks", prediction: ["a".repeat(1_024), "\ud800"] }).predictedClass).toContain("\ufffd");
    expect(predictionOf({ ...bare, scores: { late: 0.3, on_time: 0.7 } })).toMatchObject({ predictedClass: null, score: 0.3 });
    expect(predictionOf({ ...bare, status: "error" })).toMatchObject({ status: "error", predictedClass: null, score: null });
  });

  it.each<[string, unknown, string, RegExp]>([
    ["a tombstone", null, "empty", /tombstone/],
    ["nothing", "", "empty", /empty/],
    ["half an object", '{"type":', "invalid_json", /not valid JSON/],
    ["NaN", '{"type":NaN}', "invalid_json", /not valid JSON/],
    ["a list", [prediction], "not_an_object", /array/],
    ["a text", '"x"', "not_an_object", /string/],
    ["another type", { ...prediction, type: "metric" }, "unknown_type", /"metric"/],
    ["no type", { ...prediction, type: undefined }, "missing_field", /^type is missing/],
    ["no version", { ...prediction, version: null }, "missing_field", /^version/],
    ["no time", { ...prediction, time: undefined }, "missing_field", /^time/],
    ["no answer", { ...prediction, prediction: null, score: null }, "missing_field", /status "error"/],
    ["another model", { ...prediction, model: "nobody" }, "unregistered_model", /"nobody"/],
    ["a model called __proto__", { ...prediction, model: "__proto__" }, "unregistered_model", /__proto__/],
    ["a number for an id", { ...prediction, id: 7 }, "invalid_field", /^id is the number 7; expected a text/],
    ["a long id", { ...prediction, id: "x".repeat(513) }, "invalid_field", /^id .*513 characters/],
    ["a score above one", { ...prediction, score: 1.01 }, "invalid_field", /^score is the number 1.01/],
    [
      "an infinite score",
      '{"type":"prediction","id":"a","model":"binary","version":"v","time":"2024-05-01","score":1e999}',
      "invalid_field",
      /^score is the number Infinity/,
    ],
    ["a text for a number", { ...prediction, model: "numbers", prediction: "4" }, "invalid_field", /^prediction is the text "4"/],
    [
      "a weight below 0",
      { ...prediction, weight: -1 },
      "invalid_field",
      /^weight is the number -1; expected a number from 0 to 1000000000/,
    ],
    ["a weight beyond all sums", { ...prediction, weight: 1e300 }, "invalid_field", /^weight .*; expected a number from 0 to 1000000000/],
    ["a probability of two", { ...prediction, scores: { a: 2 } }, "invalid_field", /^scores.a/],
    ["features in a list", { ...prediction, features: [1] }, "invalid_field", /^features is a list of 1/],
    ["a long feature name", { ...prediction, features: { ["n".repeat(257)]: 1 } }, "invalid_field", /257 characters/],
    ["a time without an offset", { ...prediction, time: "2024-05-01T10:00:00" }, "invalid_field", /RFC 3339/],
    ["seconds", { ...prediction, time: 1714558800 }, "invalid_field", /looks like seconds/],
    ["microseconds", { ...prediction, time: 1714558800000000 }, "invalid_field", /looks like microseconds/],
    ["half a millisecond", { ...prediction, time: 1714558800000.5 }, "invalid_field", /^time/],
    ["1970", { ...prediction, time: "1970-01-01" }, "before_horizon", /1970/],
    ["9999", { ...prediction, time: "9999-12-31" }, "in_the_future", /9999/],
    ["six minutes ahead", { ...prediction, time: NOW + 6 * 60_000 }, "in_the_future", /later than/],
    ["a label without an id", { ...label, id: undefined }, "missing_field", /^id/],
    ["a label without a label", { ...label, label: null }, "missing_field", /^label/],
    ["a label that is an object", { ...label, label: {} }, "invalid_field", /^label is an object/],
    ["a list in a list", { ...prediction, model: "ranks", prediction: ["a", ["b"]] }, "invalid_field", /^prediction\[1\] is a list of 1/],
    ["an object for an item", { ...prediction, model: "ranks", prediction: [{ a: 1 }] }, "invalid_field", /^prediction\[0\] is an object/],
    ["an object for a list", { ...prediction, model: "ranks", prediction: { a: 1 } }, "invalid_field", /^prediction is an object/],
    ["null for an item", { ...label, model: "ranks", label: ["a", null] }, "invalid_field", /^label\[1\] is null/],
    [
      "an infinite item",
      '{"type":"label","id":"a","model":"ranks","label":[1e999]}',
      "invalid_field",
      /^label\[0\] is the number Infinity/,
    ],
    ["a long list", { ...prediction, model: "ranks", prediction: new Array(1_001).fill(0) }, "invalid_field", /at most 1000 items/],
    [
      "long items",
      { ...label, model: "ranks", label: new Array(65).fill("x".repeat(1_024)) },
      "invalid_field",
      /at most 65536 characters together/,
    ],
    ["a long item", { ...label, model: "ranks", label: { ["x".repeat(1_025)]: 1 } }, "invalid_field", /1025 characters/],
    [
      "a gain below 0",
      { ...label, model: "ranks", label: { a: -1 } },
      "invalid_field",
      /^the gain of label\[0\] is the number -1; expected a number from 0/,
    ],
    ["a text for a gain", { ...label, model: "ranks", label: { a: "1" } }, "invalid_field", /^the gain of label\[0\] is the text "1"/],
    ["a list for a gain", { ...label, model: "ranks", label: { a: [1] } }, "invalid_field", /^the gain of label\[0\] is a list of 1/],
    ["gains for a class", { ...label, label: { a: 1 } }, "invalid_field", /^label is an object/],
    ["a revision below 0", { ...label, revision: -1 }, "invalid_field", /^revision/],
    ["a revision beyond 32 bits", { ...label, revision: 2 ** 32 }, "invalid_field", /^revision/],
  ])("refuses %s", (_, value, reason, text) => {
    const decoded = decodeValue(value);
    expect(decoded).toMatchObject({ ok: false, reason });
    expect((decoded as { message: string }).message).toMatch(text);
  });

  it("lets a replay's events be ahead of the wall clock, until 2100", () => {
    expect(decodeValue({ ...prediction, time: "2050-01-01" }, { liveClock: false }).ok).toBe(true);
    expect(decodeValue({ ...prediction, time: "2100-01-02" }, { liveClock: false })).toMatchObject({ reason: "in_the_future" });
  });

  it("names a prediction without an id by its place, where it has one", () => {
    let derived = 0;
    const notice = { derivedId: () => derived++ };
    const { id: _, ...nameless } = prediction;
    expect(decode(message(nameless), { ...context, notice })).toMatchObject({ event: { id: "events/3/41" } });
    expect(derived).toBe(1);
    expect(decode(message(nameless, { source: "http" }), context)).toMatchObject({ ok: false, reason: "missing_field" });
  });

  it("tells of unknown fields and takes the event", () => {
    const names: string[] = [];
    expect(decodeValue({ ...prediction, extra: 1, revision: 2 }, { notice: { unknownField: (name) => names.push(name) } }).ok).toBe(true);
    expect(names).toEqual(["extra", "revision"]);
  });

  it("R31 refuses what is too large before it parses, and takes the limits it is given", () => {
    const huge = message("x".repeat(10_000_000));
    expect(decode(huge, context)).toMatchObject({ reason: "too_large" });
    expect(decodeValue(prediction, { limits: { bytes: 10 } })).toMatchObject({ reason: "too_large" });
  });

  it("R32 refuses 200,000 levels before the parser could run out of stack", () => {
    for (const text of ["[".repeat(200_000) + "]".repeat(200_000), '{"a":'.repeat(200_000)])
      expect(decode(message(text), context)).toMatchObject({ reason: "too_deep" });
  });

  it("does not take brackets within texts for depth", () => {
    expect(isDeeperThan(Buffer.from(JSON.stringify({ a: '[[[["\\[[[' })), 2)).toBe(false);
    expect(isDeeperThan(Buffer.from("[[[]]]"), 2)).toBe(true);
    expect(isDeeperThan(Buffer.from("[[],[],[]]"), 2)).toBe(false);
  });

  it("R33 never guesses at a number", { timeout: often(30_000, 300_000) }, () => {
    const value = fc.oneof(
      fc.double(),
      fc.integer(),
      fc
        .constantFrom(
          "NaN",
          "1e999",
          "-1e999",
          "1e-999",
          "9223372036854775808",
          "-0",
          "0.1",
          "null",
          "true",
          '"7"',
          "[]",
          "[1,null]",
          "[1e39]",
          "[1,2]",
          "{}",
        )
        .map((raw) => ({ raw })),
    );
    fc.assert(
      fc.property(value, (feature) => {
        const raw = typeof feature === "object" ? feature.raw : Number.isFinite(feature) ? String(feature) : "1e999";
        const text = `{"type":"prediction","id":"a","model":"binary","version":"v","time":"2024-05-01","score":0.5,"features":{"f":${raw}}}`;
        const decoded = decodeValue(text);
        if (raw === "NaN") {
          expect(decoded).toMatchObject({ reason: "invalid_json" });
          return;
        }
        if (!decoded.ok || decoded.event.type !== "prediction") throw new Error(text);
        const event = byName(decoded.event);
        const parsed: unknown = JSON.parse(raw);
        const kinds = [
          event.numbers.has("f"),
          event.categories.has("f"),
          event.embeddings.has("f"),
          event.missing.includes("f"),
          event.unparsable.includes("f"),
        ];
        expect(kinds.filter(Boolean)).toHaveLength(1);
        if (typeof parsed === "number" && Number.isFinite(parsed)) expect(event.numbers.get("f")).toBe(parsed);
        else expect(event.numbers.has("f")).toBe(false);
        if (["1e999", "-1e999", "[]", "[1,null]", "[1e39]", "{}"].includes(raw)) expect(event.unparsable).toEqual(["f"]);
      }),
      { numRuns: often(5_000, 100_000) },
    );
  });

  it("R36 holds hostile texts as plain data", () => {
    let replaced = 0;
    const text = JSON.stringify(prediction).replace(
      /"features":\{[^}]*\}/,
      '"features":{"__proto__":{"x":1},"constructor":2,"\\ud800":1,"\\ud801":"b","nul":"a\\u0000b","half":"\\udfff!","long":"' +
        "y".repeat(1025) +
        '"}',
    );
    const decoded = decodeValue(text, { notice: { replacedText: () => replaced++ } });
    if (!decoded.ok || decoded.event.type !== "prediction") throw new Error(JSON.stringify(decoded));
    const { numbers, categories, unparsable } = byName(decoded.event);
    expect([...numbers]).toEqual([
      ["constructor", 2],
      ["\ufffd", 1],
    ]);
    expect([...categories]).toEqual([
      ["nul", "a\0b"],
      ["half", "\ufffd!"],
    ]);
    expect(unparsable).toEqual(["__proto__", "long"]);
    expect(replaced).toBe(3);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it("R37 takes 2,000 features and no more", () => {
    const features = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, index]));
    expect(predictionOf({ ...prediction, features: features(2_000) }).features.numbers.length).toBe(2_000);
    expect(decodeValue({ ...prediction, features: features(2_001) })).toMatchObject({ reason: "too_many_features" });
  });

  it("refuses bytes that are no UTF-8, and skips a byte order mark", () => {
    expect(decode({ ...message("x"), bytes: Uint8Array.of(0x7b, 0xff, 0x7d) }, context)).toMatchObject({
      reason: "invalid_json",
      message: "The message is not UTF-8 text.",
    });
    expect(decodeValue(`\ufeff${JSON.stringify(prediction)}`).ok).toBe(true);
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
          fc.object().map((object) => Buffer.from(JSON.stringify({ ...prediction, ...object }))),
        ),
        (bytes) => {
          expect(decode({ ...message("x"), bytes }, context)).toHaveProperty("ok");
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("decodeBaselineRow", () => {
  it("reads a prediction with its label, or without", () => {
    expect(decodeBaselineRow(message({ ...prediction, label: "on_time" }), context)).toMatchObject({
      ok: true,
      row: { prediction: { id: "a" }, label: { id: "a", model: "binary", label: "on_time", time: null } },
    });
    expect(decodeBaselineRow(message(prediction), context)).toMatchObject({ ok: true, row: { label: null } });
    expect(decodeBaselineRow(message(label), context)).toMatchObject({ ok: false, reason: "unknown_type" });
    expect(decodeBaselineRow(message({ ...prediction, label: [] }), context)).toMatchObject({ ok: false, reason: "invalid_field" });
    expect(decodeBaselineRow(message(""), context)).toMatchObject({ ok: false, reason: "empty" });
  });
});
