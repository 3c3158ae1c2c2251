import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, type DecodeContext } from "../../src/ingest/decode.ts";
import { createNameLists } from "../../src/ingest/features.ts";
import { createTemplates, type Templates } from "../../src/ingest/templates.ts";
import { label, message, models, NOW, prediction } from "./examples.ts";

const context: DecodeContext = { models, now: NOW, liveClock: true };

/** Counts how often a template sufficed. */
function counted() {
  const templates = createTemplates();
  const counts = { read: 0, learnt: 0 };
  const counting: Templates = {
    read(bytes, about) {
      const event = templates.read(bytes, about);
      if (event) counts.read++;
      return event;
    },
    learn(bytes, event) {
      counts.learnt++;
      templates.learn(bytes, event);
    },
  };
  return { counts, templates: counting };
}

const spaced = (value: unknown) => JSON.stringify(value).replaceAll('":', '": ').replaceAll(',"', ', "');

describe("templates", () => {
  it("read the second event and those after it, whatever spaces their sender writes", () => {
    for (const write of [JSON.stringify, spaced, (value: unknown) => `\n${JSON.stringify(value, null, 2)}\r\n\t`]) {
      const { counts, templates } = counted();
      for (let index = 0; index < 20; index++) {
        const event = { ...prediction, id: `id ${index}`, features: { x: index / 3, c: index % 2 ? "red" : null, y: -1e-7 * index } };
        const text = write(event);
        expect(decode(message(text), { ...context, templates, lists: createNameLists() })).toEqual(decode(message(text), context));
      }
      expect(counts).toEqual({ read: 19, learnt: 1 });
    }
  });

  it("answer as the general way does, whatever comes after what", () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.integer().map(String),
      fc
        .tuple(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), fc.integer({ min: 0, max: 25 }))
        .map(([whole, places]) => (whole / 10 ** places).toFixed(places)),
      fc.constantFrom(
        "-0",
        "0.0",
        "-0.0",
        "1e5",
        "1E+2",
        "2.50",
        "0.1e-7",
        "1e999",
        "-1e400",
        "9007199254740993",
        "123456789012345678",
        "0.30000000000000004",
        "1".repeat(60),
      ),
    );
    const text = fc.oneof(
      fc.constantFrom(
        '""',
        '"a"',
        '"red"',
        '"\\u0041"',
        '"\\ud800"',
        '"é"',
        '"\u{1f600}日本"',
        '"a\\"b"',
        '"\\\\"',
        '"\u007f"',
        `"${"y".repeat(1_025)}"`,
        `"${"y".repeat(1_024)}"`,
        '"2024-05-01T10:20:00Z"',
      ),
      fc.string({ maxLength: 8 }).map((value) => JSON.stringify(value)),
      fc.string({ unit: "binary", maxLength: 4 }).map((value) => JSON.stringify(value)),
    );
    const other = fc.constantFrom("null", "true", "false", "[]", "[1,2]", "{}", '{"a":1}', " 1", "1 ");
    const broken = fc.constantFrom("nul", "True", "", "01", "1.", ".5", "-", "+1", "1e", "0x1", '"a', '"a\tb"', '"\u0000"');
    const value = fc.oneof(
      { weight: 4, arbitrary: number },
      { weight: 3, arbitrary: text },
      { weight: 1, arbitrary: other },
      { weight: 1, arbitrary: broken },
    );
    const time = fc.oneof(
      fc.date({ min: new Date("1969-01-01"), max: new Date("2101-01-01"), noInvalidDate: true }).map((date) => JSON.stringify(date)),
      fc.constantFrom(
        '"2024-02-30T00:00:00Z"',
        '"2024-02-29T23:59:59Z"',
        '"2023-02-29T00:00:00Z"',
        '"2024-05-01"',
        '"2024-05-01T10:20:00+02:00"',
        '"2024-05-01 10:20:00Z"',
        '"2024-05-01T24:00:00Z"',
        '"2024-05-01T10:60:00Z"',
        '"2024-13-01T10:00:00Z"',
        '"2024-05-01T10:20:00.123456Z"',
        "1714558800000",
        "1714558800",
        "1714558800000.5",
        "null",
      ),
    );
    const usual = {
      type: '"prediction"',
      id: '"a"',
      model: '"binary"',
      version: '"v1"',
      time: '"2024-05-01T10:20:00Z"',
      prediction: '"late"',
      score: "0.75",
    };
    const more = { latency_ms: "3.5", status: '"ok"', role: '"champion"', entity: '"e"', weight: "2" };
    const names = fc.oneof(fc.constantFrom("a", "b", "1", "0", "é", '"', "__proto__"), fc.string({ maxLength: 3 }));
    // What an event holds beside the usual; then what else stands in the place of some of it, event after event.
    const sender = fc.record({
      model: fc.oneof(
        { weight: 6, arbitrary: fc.constant('"binary"') },
        fc.constantFrom('"classes"', '"numbers"', '"ranks"', '"nobody"', "1"),
      ),
      more: fc.subarray(Object.entries(more)).map((entries) => Object.fromEntries(entries) as Record<string, string>),
      odd: fc.oneof(
        { weight: 8, arbitrary: fc.constant({}) },
        fc.constantFrom({ scores: '{"late":0.5}' }, { scores: "null" }, { extra: "1" }),
      ),
      features: fc.array(names, { maxLength: 4 }),
      values: fc.array(
        fc.record({
          features: fc.array(
            fc.oneof(
              { weight: 30, arbitrary: number },
              { weight: 10, arbitrary: text },
              { weight: 2, arbitrary: other },
              { weight: 1, arbitrary: broken },
            ),
            {
              minLength: 4,
              maxLength: 4,
            },
          ),
          members: fc.oneof(
            { weight: 3, arbitrary: fc.constant({}) },
            ...[
              { id: text },
              { time },
              { prediction: value },
              { score: fc.oneof(fc.constantFrom("0", "1", "0.5", "null", "1.5", "-0.1", "-0"), value) },
              { latency_ms: fc.oneof(fc.constantFrom("1.5", "-1", "0", "null"), value) },
              {
                status: fc.oneof(fc.constantFrom('"error"', '""', '"ok"'), value),
                score: fc.constant("null"),
                prediction: fc.constant("null"),
              },
              { role: value },
              { entity: value },
              { version: value },
              { weight: fc.oneof(fc.constantFrom("2", "-1", "0"), value) },
              { type: fc.constantFrom('"label"', '"other"', "1") },
            ].map((one) => fc.record(one as Record<string, fc.Arbitrary<string>>)),
          ),
        }),
        { minLength: 2, maxLength: 5 },
      ),
    });
    const members = (entries: readonly (readonly [string, string])[], gap: string): string =>
      `{${entries.map(([name, member]) => `${JSON.stringify(name)}:${gap}${member}`).join(`,${gap}`)}}`;
    let read = 0;
    fc.assert(
      fc.property(sender, fc.constantFrom("", " "), fc.constantFrom("", "", "", "\n", "\n", " x", "}"), (from, gap, tail) => {
        const { counts, templates } = counted();
        const lists = createNameLists();
        for (const values of from.values) {
          const features = members(
            from.features.map((name, place) => [name, values.features[place] ?? "0"]),
            gap,
          );
          const sent = Object.entries({ ...usual, model: from.model, ...from.more, ...from.odd }).map(
            ([name, member]) => [name, (values.members as Record<string, string>)[name] ?? member] as const,
          );
          const bytes = members([...sent, ["features", features]], gap) + tail;
          const expected = decode(message(bytes), context);
          expect(decode(message(bytes), { ...context, templates, lists }), bytes).toEqual(expected);
        }
        read += counts.read;
      }),
      { numRuns: 4_000 },
    );
    expect(read).toBeGreaterThan(500);
  });

  it("refuse bytes that are no text as the general way does", () => {
    const { counts, templates } = counted();
    const take = (value: Buffer) => {
      const bytes = Buffer.concat([
        Buffer.from(
          '{"type":"prediction","id":"a","model":"binary","version":"v","time":"2024-05-01T10:20:00Z","score":0.5,"features":{"c":"',
        ),
        value,
        Buffer.from('"}}'),
      ]);
      const answer = decode({ ...message(""), bytes }, { ...context, templates });
      expect(answer).toEqual(decode({ ...message(""), bytes }, context));
      return answer.ok;
    };
    const texts = [[0x61], [0xc3, 0xa9], [0xff], [0xc3], [0xed, 0xa0, 0x80], [0xef, 0xbb, 0xbf], [0xf0, 0x9f, 0x98, 0x80]];
    expect(texts.map((bytes) => take(Buffer.from(bytes)))).toEqual([true, true, false, false, false, true, true]);
    expect(counts.read).toBe(3);
  });

  it("are of one model each, and of no label", () => {
    const { counts, templates } = counted();
    const take = (value: unknown) => decode(message(value), { ...context, templates });
    for (let index = 0; index < 10; index++) {
      take({ ...prediction, id: `a${index}` });
      take({ ...prediction, id: `b${index}`, model: "numbers", prediction: 1.5, score: null });
      expect(take({ ...label, id: `c${index}` })).toMatchObject({ event: { type: "label" } });
    }
    expect(counts).toEqual({ read: 18, learnt: 2 });
  });

  it("are made again once a sender's events are alike, however many were not", () => {
    const { counts, templates } = counted();
    const take = (features: object, id: string) => decode(message({ ...prediction, id, features }), { ...context, templates });
    for (let index = 0; index < 2_000; index++) take({ [`f${index}`]: 1 }, "a");
    expect(counts).toEqual({ read: 0, learnt: 2_000 });
    for (let index = 0; index < 100; index++) take({ x: index }, `b${index}`);
    expect(counts.read).toBeGreaterThan(30);
  });
});
