import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { suggestionYaml } from "../../src/cli/suggest.ts";
import { constraintsJsonSchema, jsonSchema } from "../../src/config/json-schema.ts";
import { writtenConstraint, type Constraint } from "../../src/model/constraint.ts";
import { HOSTILE_NAMES } from "../support/hostile-text.ts";
import { load, loaded, problemsOf } from "./workplace.ts";

const model = (constraints: string) =>
  `models:\n  m:\n    task: regression\n    baselines: {training: {window: 7d}}\n    constraints: ${constraints}\n`;
const constraintsOf = (yaml: string, files: Readonly<Record<string, string>> = {}) =>
  loaded(load(yaml, files)).models.get("m")?.constraints;

test("constraints stand below the model, or in a file of their own", () => {
  const written = `{temp: {type: number, missing: {at_most: 0.02}, range: {min: -20, max: 120}}, carrier: {values: [DL, AA], presence: optional}, code: {type: {is: text, at_most: 0.1}, distinct: {at_most: 3}}, colour: {values: {among: ["7"], at_most: 0.01}}}`;
  const expected: Constraint[] = [
    { feature: "temp", presence: "required", type: { is: "number", atMost: 0 }, missing: 0.02, range: { min: -20, max: 120, atMost: 0 } },
    { feature: "carrier", presence: "optional", values: { among: ["DL", "AA"], atMost: 0 } },
    { feature: "code", presence: "required", type: { is: "text", atMost: 0.1 }, distinct: 3 },
    { feature: "colour", presence: "required", values: { among: ["7"], atMost: 0.01 } },
  ];
  expect(constraintsOf(model(written))).toEqual(expected);
  expect(constraintsOf(model("own.yaml"), { "own.yaml": `constraints: ${written}\n` })).toEqual(expected);
  expect(loaded(load("models: {m: {task: regression}}\n")).models.get("m")).not.toHaveProperty("constraints");
  expect(JSON.stringify(jsonSchema())).toContain('"presence"');
  expect(JSON.stringify(constraintsJsonSchema())).toContain('"presence"');
});

test.each([
  ["no mapping", "7", "models.m.constraints", /a mapping of features, or the name of a file/, /baseline suggest/],
  ["a file that is not there", "gone.yaml", "models.m.constraints", /no such file/, /directory of the configuration/],
  ["an unknown key", "{a: {rang: {min: 0}}}", "models.m.constraints.a.rang", /unknown key/, /did you mean `range`/],
  ["an unknown type", "{a: {type: numbr}}", "models.m.constraints.a.type", /number, text, boolean/, /./],
  ["a share above 1", "{a: {missing: {at_most: 2}}}", "models.m.constraints.a.missing.at_most", /between 0 and 1/, /0\.02/],
  ["a share that is missing", "{a: {missing: {}}}", "models.m.constraints.a.missing.at_most", /required/, /0\.02/],
  ["a range without ends", "{a: {range: {}}}", "models.m.constraints.a.range", /`min`, `max` or both/, /as in/],
  ["a range that falls", "{a: {range: {min: 2, max: 1}}}", "models.m.constraints.a.range", /`min` is above `max`/, /as in/],
  ["a range of a text", "{a: {type: text, range: {min: 2}}}", "models.m.constraints.a.range", /a text has no range/, /type: number/],
  ["texts of a number", "{a: {type: number, values: [a]}}", "models.m.constraints.a.values", /no list of values/, /range/],
  ["texts of a boolean", '{a: {type: boolean, values: ["true"]}}', "models.m.constraints.a.values", /true or false/, /remove/],
  ["both", "{a: {range: {min: 0}, values: [a]}}", "models.m.constraints.a.range", /is a number, and has no `values`/, /keep one/],
  ["a number in the list", "{a: {values: [7]}}", "models.m.constraints.a.values[0]", /expected a text/, /in quotes/],
  ["no texts", "{a: {values: []}}", "models.m.constraints.a.values", /at least one value/, /remove the key/],
  ["no different texts", "{a: {distinct: {at_most: 0}}}", "models.m.constraints.a.distinct.at_most", /./, /./],
  [
    "optional, and not too often missing",
    "{a: {presence: optional, missing: {at_most: 0.1}}}",
    "models.m.constraints.a.missing",
    /may be missing in every row/,
    /keep one/,
  ],
])("%s is told with its place and what to do", (_name, written, path, message, hint) => {
  expect(problemsOf(load(model(written)))).toMatchObject([
    { path, line: 5, message: expect.stringMatching(message), hint: expect.stringMatching(hint) },
  ]);
});

test.each([
  ["constraint: {}\n", "constraint", 1, /unknown key/],
  ["[]\n", "", 1, /expected a mapping/],
  ["constraints:\n  a:\n    range: {max: x}\n", "constraints.a.range.max", 3, /expected a number/],
])("what is wrong in a file is told with the file's own line: %s", (text, path, line, message) => {
  const [problem] = problemsOf(load(model("own.yaml"), { "own.yaml": text }));
  expect(problem).toMatchObject({ file: expect.stringMatching(/own\.yaml$/), path, line, message: expect.stringMatching(message) });
});

test("constraints that no rule looks at are warned of", () => {
  const warnings = (rules: string) => {
    const result = load(model("{a: {type: number}}"), { "alerts/r.yaml": rules });
    return result.ok ? result.warnings : [];
  };
  expect(warnings("rules: []\n")).toMatchObject([
    {
      path: "models.m.constraints",
      line: 5,
      message: "no rule tells when these are broken",
      hint: expect.stringContaining("baseline: training"),
    },
  ]);
  const rule = "rules: [{name: r, measure: {metric: constraint_violations, baseline: training, window: 1d}, fire: {above: 0}}]\n";
  expect(warnings(rule)).toEqual([]);
});

test("rules on constraints are about features of all rows", () => {
  const rule = (measure: string) => ({
    "alerts/r.yaml": `rules: [{name: r, models: [m], measure: {metric: constraint_violations, baseline: training, window: 1d${measure}}, fire: {above: 0}}]\n`,
  });
  const yaml = `${model("{a: {type: number}}")}    segments: [b]\n`;
  expect(loaded(load(yaml, rule(""))).rules).toMatchObject([{ measure: { of: "features" } }]);
  expect(problemsOf(load(yaml, rule(", segments: each")))).toMatchObject([
    { path: "rules[0].measure.segments", message: "constraints are of all rows together" },
  ]);
});

describe("what is suggested", () => {
  const source = { version: null, source: "file", rows: 100, from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" };
  const facts = { rows: 100, missing: 0, another_type: 0, days: 3, distinct: 2 };
  const yamlOf = (constraints: readonly Constraint[], name = "training") =>
    suggestionYaml({
      model: "m",
      baseline: name,
      sources: [{ ...source, source: name }],
      features: constraints.map((one) => ({ feature: one.feature, constraint: writtenConstraint(one), facts: [facts] })),
    });
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(...HOSTILE_NAMES),
    fc.constantFrom("${HOME}", "$${x}", "yes", "1.10", "null", "- a", "# b", "a: b", "a\r# b", "~"),
  );
  const share = fc.constantFrom(0, 0.00045, 0.02, 1);
  const end = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const constraint: fc.Arbitrary<Constraint> = fc.oneof(
    fc.record({
      feature: texts,
      presence: fc.constant("required" as const),
      type: fc.record({ is: fc.constant("number" as const), atMost: share }),
      missing: share,
      range: fc.tuple(end, end, share).map(([a, b, atMost]) => ({ min: Math.min(a, b) + 0, max: Math.max(a, b) + 0, atMost })),
    }),
    fc.record({
      feature: texts,
      presence: fc.constant("optional" as const),
      values: fc.record({ among: fc.uniqueArray(texts, { minLength: 1, maxLength: 6 }), atMost: share }),
    }),
    fc.record({ feature: texts, presence: fc.constant("required" as const), distinct: fc.integer({ min: 1, max: 1e9 }) }),
  );

  test("is read back as it was, whatever names and texts hold", () => {
    fc.assert(
      fc.property(fc.uniqueArray(constraint, { maxLength: 5, selector: ({ feature }) => feature }), texts, (constraints, name) => {
        const read = constraintsOf(model("own.yaml"), { "own.yaml": yamlOf(constraints, name) });
        expect(read ?? []).toEqual(constraints.filter(({ feature }) => feature !== "" && feature !== "__proto__"));
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  test("says what it left out", () => {
    expect(yamlOf([{ feature: "", presence: "required" }])).toMatch(/^# A feature without a name, or called __proto__, has no key/m);
  });
});
