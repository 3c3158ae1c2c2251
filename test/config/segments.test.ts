import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePredicate } from "../../src/config/parse-predicate.ts";
import { jsonSchema } from "../../src/config/json-schema.ts";
import { load, loaded, problemsOf } from "./workplace.ts";

const model = (segments: string) =>
  `models:\n  m:\n    task: regression\n    baselines: {training: {window: 7d}}\n    segments: ${segments}\n`;
const segmentsOf = (written: string) => loaded(load(model(written))).models.get("m")?.segments;
const column = (feature: string, bins: readonly number[] | null = null) => ({ feature, bins });

test("segments by a column, by several, in bins, and by a predicate", () => {
  expect(
    segmentsOf('[carrier, {by: [carrier, dest], top: 50}, {by: distance, bins: [500, 1000]}, {where: "distance > 1000", name: long-haul}]'),
  ).toEqual([
    { kind: "by", columns: [column("carrier")], top: 20 },
    { kind: "by", columns: [column("carrier"), column("dest")], top: 50 },
    { kind: "by", columns: [column("distance", [500, 1000])], top: 20 },
    { kind: "where", name: "long-haul", predicate: { kind: "number", feature: "distance", operator: ">", value: 1000 } },
  ]);
  expect(segmentsOf("[{by: [carrier, distance], bins: {distance: [500]}}]")).toEqual([
    { kind: "by", columns: [column("carrier"), column("distance", [500])], top: 20 },
  ]);
  expect(loaded(load("models: {m: {task: regression}}\n")).models.get("m")).not.toHaveProperty("segments");
  expect(JSON.stringify(jsonSchema())).toContain('"where"');
});

test.each([
  ["no list", "carrier", "models.m.segments", /expected a list/, /\[a, b\]/],
  ["a number", "[7]", "models.m.segments[0]", /a column or a mapping/, /long-haul/],
  ["neither", "[{name: x}]", "models.m.segments[0]", /exactly one of `by` and `where`/, /as in/],
  ["both", '[{by: a, where: "a > 1", name: x}]', "models.m.segments[0]", /exactly one of `by` and `where`/, /as in/],
  ["an unknown key", "[{by: a, tops: 3}]", "models.m.segments[0].tops", /unknown key/, /did you mean `top`/],
  ["no name", '[{where: "a > 1"}]', "models.m.segments[0].name", /required/, /is taken/],
  [
    "a name of another segment",
    '[{where: "a > 1", name: "carrier=DL"}]',
    "models.m.segments[0].name",
    /letters, digits/,
    /`each` is taken/,
  ],
  ["a name that is taken", '[{where: "a > 1", name: each}]', "models.m.segments[0].name", /letters, digits/, /`each` is taken/],
  ["twice the same", "[a, {by: a, top: 3}]", "models.m.segments[1]", /given twice/, /another name/],
  ["a column twice", "[{by: [a, a]}]", "models.m.segments[0].by", /column/, /as in/],
  ["bins of nobody", "[{by: [a, b], bins: [1]}]", "models.m.segments[0].bins", /whose bins/, /bins: \{a:/],
  ["bins of another column", "[{by: a, bins: {b: [1]}}]", "models.m.segments[0].bins.b", /none of the columns/, /a/],
  ["bins that fall", "[{by: a, bins: [2, 1]}]", "models.m.segments[0].bins", /edges must rise/, /500, 1000/],
  ["too many", "[{by: a, top: 200}, {by: b, top: 200}, {by: c, top: 200}]", "models.m.segments", /606 segments, more than 500/, /`top`/],
  [
    "a predicate that ends",
    '[{where: "a >", name: x}]',
    "models.m.segments[0].where",
    /a number or a text at character 4, the text ends/,
    /as in distance/,
  ],
])("%s is told with its place and what to do", (_name, written, path, message, hint) => {
  const problems = problemsOf(load(model(written)));
  expect(problems).toMatchObject([{ path, line: 5, message: expect.stringMatching(message), hint: expect.stringMatching(hint) }]);
});

describe("a predicate", () => {
  const number = (feature: string, operator: string, value: number) => ({ kind: "number", feature, operator, value });
  const text = (feature: string, operator: string, value: string) => ({ kind: "text", feature, operator, value });

  test.each([
    ["distance > 1000", number("distance", ">", 1000)],
    ["a<=-1.5e3", number("a", "<=", -1500)],
    ["a == 1", number("a", "=", 1)],
    ["a <> .5", number("a", "!=", 0.5)],
    ["carrier = DL", text("carrier", "=", "DL")],
    ["carrier != 'D\\'L'", text("carrier", "!=", "D'L")],
    ['carrier = "a\\\\b; DROP TABLE x --"', text("carrier", "=", "a\\b; DROP TABLE x --")],
    ["weekend = true", text("weekend", "=", "true")],
    ["`my feature` is missing", { kind: "missing", feature: "my feature" }],
    ["dest IS NOT missing", { kind: "not", of: { kind: "missing", feature: "dest" } }],
    ["x in [1, a, '2']", { kind: "in", feature: "x", numbers: [1], texts: ["a", "2"] }],
    ["x not in [DL]", { kind: "not", of: { kind: "in", feature: "x", numbers: [], texts: ["DL"] } }],
    [
      "a > 1 or b > 2 and not c > 3",
      {
        kind: "or",
        parts: [number("a", ">", 1), { kind: "and", parts: [number("b", ">", 2), { kind: "not", of: number("c", ">", 3) }] }],
      },
    ],
    [
      "(a > 1 or b > 2) and c > 3",
      { kind: "and", parts: [{ kind: "or", parts: [number("a", ">", 1), number("b", ">", 2)] }, number("c", ">", 3)] },
    ],
    ["flight-time > 3", number("flight-time", ">", 3)],
  ])("%s", (written, predicate) => {
    expect(parsePredicate(written)).toEqual(predicate);
  });

  test.each([
    ["", 1, /name of a feature/],
    ["a", 2, /`=`, `>`, `in` or `is missing`/],
    ["a > b", 3, /compares numbers/],
    ["a > 'x'", 3, /compares numbers/],
    ["a = 1 b = 2", 7, /`and`, `or` or the end/],
    ["(a = 1", 7, /`\)`/],
    ["a in []", 7, /number or a text/],
    ["a in 1", 6, /`\[`/],
    ["a = and", 5, /number or a text/],
    ["a not = 1", 7, /`=`/],
    ["a = 1; DROP TABLE x", 6, /cannot be read/],
    ["a = 'b", 5, /cannot be read/],
    ["1 = a", 1, /name of a feature/],
    ["a = 1e999", 5, /too large/],
    [`${"(".repeat(30)}a = 1${")".repeat(30)}`, 22, /nested/],
    ["x".repeat(1_001), 1_001, /longer than/],
  ])("%s is refused", (written, at, message) => {
    expect(parsePredicate(written)).toMatchObject({ at, message: expect.stringMatching(message), hint: expect.stringMatching(/./) });
  });

  test("is read or refused, whatever the text", () => {
    const words = fc.constantFrom(
      "a",
      "and",
      "or",
      "not",
      "in",
      "is",
      "missing",
      "(",
      ")",
      "[",
      "]",
      ",",
      "=",
      "<",
      "'x'",
      "1",
      "`b`",
      "--",
      ";",
      "\0",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "grapheme" }),
          fc.array(words).map((list) => list.join(" ")),
        ),
        (written) => {
          const found = parsePredicate(written);
          expect("message" in found || "kind" in found).toBe(true);
        },
      ),
    );
  });
});

describe("a rule's segments", () => {
  const rule = (segments: string) =>
    load(
      "models:\n  m:\n    task: regression\n    baselines: {training: {window: 7d}}\n    segments: [carrier, {where: 'a > 1', name: large}]\nalerts: [rules.yaml]\n",
      {
        "rules.yaml": `rules:\n  - name: r\n    models: [m]\n    measure: {metric: psi, baseline: training, window: 1d, segments: ${segments}}\n    fire: {above: 0.1}\n`,
      },
    );

  test.each(["each", "[carrier]", "[carrier=DL]", "[carrier=(missing), large]"])("%s are known", (segments) => {
    expect(problemsOf(rule(segments))).toEqual([]);
  });

  test.each([
    ["all", /expected `each` or a list/, /as in \[carrier=DL/],
    ["[carier]", /m has no segment named carier/, /it has: carrier, large; and those of a column, as in carrier=…/],
    ["[dest=MIA]", /m has no segment named dest=MIA/, /carrier, large/],
  ])("%s are not", (segments, message, hint) => {
    expect(problemsOf(rule(segments))).toMatchObject([
      { line: 4, message: expect.stringMatching(message), hint: expect.stringMatching(hint) },
    ]);
  });

  test("of a model that has none are told", () => {
    const found = load(`${model("[]")}alerts: [rules.yaml]\n`, {
      "rules.yaml":
        "rules:\n  - name: r\n    models: [m]\n    measure: {metric: psi, baseline: training, window: 1d, segments: each}\n    fire: {above: 0.1}\n",
    });
    expect(problemsOf(found)).toMatchObject([{ message: "m has no segments", hint: expect.stringMatching(/segments: \[carrier\]/) }]);
  });
});
