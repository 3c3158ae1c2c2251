import { expect, test } from "vitest";
import { brokenWords } from "../../src/alerting/constraint-words.ts";
import type { ConstraintFinding } from "../../src/model/constraint.ts";

const finding = (changes: Partial<ConstraintFinding>): ConstraintFinding => ({
  constraint: "range",
  broken: 3,
  rows: 60,
  limit: 0,
  pValue: 0,
  from: "counts",
  ...changes,
});

test.each<[string, Partial<ConstraintFinding>, string]>([
  ["presence", { constraint: "presence", broken: 60 }, "amount is required, and no row holds it"],
  ["missing", { constraint: "missing", limit: 0.02 }, "amount is missing in 5% of rows, where 2% may be"],
  [
    "type",
    { constraint: "type", values: [{ value: "maybe", rows: 3 }] },
    "5% of the values of amount are of another type than it has to have, where none may be: maybe in 3 rows",
  ],
  [
    "both ends",
    { min: -1, max: 2.5, below: 1, above: 2, low: -7, high: 1e6 },
    "5% of the values of amount lie outside -1 to 2.5, where none may: 1 row below, down to -7, and 2 rows above, up to 1,000,000",
  ],
  [
    "one end",
    { min: 0, below: 3, above: 0, low: -7 },
    "5% of the values of amount lie outside what is at least 0, where none may: 3 rows below, down to -7",
  ],
  ["the other", { max: 0, limit: 0.01, above: 3 }, "5% of the values of amount lie outside what is at most 0, where 1% may: 3 rows above"],
  [
    "texts, and what stands in them",
    { constraint: "values", values: ["a\u001b[31m", "b", "c", "d"].map((value) => ({ value, rows: 1 })) },
    "5% of the values of amount are none of those there may be, where none may be: “a\ufffd[31m” in 1 row, b in 1 row, c in 1 row and others",
  ],
  ["too many of them", { constraint: "distinct", distinct: 13, atMost: 12 }, "amount holds 13 different values, where 12 may be"],
])("what is wrong by a constraint is a sentence: %s", (_name, changes, words) => {
  expect(brokenWords("amount", [finding(changes), finding({ constraint: "missing" })])).toBe(words);
});

test("nothing is made up where nothing is known", () => {
  expect(brokenWords("amount", [])).toBe("amount breaks what was said of it");
});
