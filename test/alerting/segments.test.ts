import { describe, expect, it } from "vitest";
import { isAbout } from "../../src/alerting/judge.ts";
import type { Rule } from "../../src/model/rule.ts";
import { exampleMeasurement, exampleRule } from "./examples.ts";

const groups = new Map([
  ["carrier=DL", "carrier"],
  ["carrier=AA", "carrier"],
  ["long-haul", "long-haul"],
]);
const rule = (segments?: Rule["measure"]["segments"]): Rule => {
  const example = exampleRule();
  return { ...example, measure: { ...example.measure, ...(segments === undefined ? {} : { segments }) } };
};

describe("a rule is about", () => {
  it.each([
    ["all rows together, unless it says otherwise", undefined, [null]],
    ["each segment and not the whole", "each" as const, ["carrier=DL", "carrier=AA", "long-haul"]],
    ["those it names", ["carrier=DL", "long-haul"], ["carrier=DL", "long-haul"]],
    ["all of an entry it names", ["carrier"], ["carrier=DL", "carrier=AA"]],
    ["none where there is none of that name", ["dest"], []],
  ])("%s", (_name, segments, about) => {
    const found = [null, "carrier=DL", "carrier=AA", "long-haul"].filter((segment) =>
      isAbout(rule(segments), exampleMeasurement({ segment }), groups),
    );
    expect(found).toEqual(about);
  });
});
