import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readRuleTests } from "../../src/config/read-rule-tests.ts";
import { load, loaded, workplace } from "../config/workplace.ts";

const page = readFileSync("docs/rules.md", "utf8");
const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? "");
const MODEL = `models:
  m: {task: binary, positive: "yes", baselines: {training: {window: 30d}, recent: {window: 14d}}}
`;

test.each(blocks.filter((block) => !block.startsWith("tests:")))("docs/rules.md: a file of rules can say\n%s", (block) => {
  const config = loaded(load(MODEL, { "alerts/r.yaml": block }));
  expect(config.rules.length + (config.maintenance?.length ?? 0)).toBe(1);
});

test("docs/rules.md: a file of tests can say this", () => {
  const tests = blocks.filter((block) => block.startsWith("tests:"));
  expect(tests).toHaveLength(1);
  const directory = workplace({ "drift.test.yaml": tests[0] ?? "", "drift.yaml": readFileSync("alerts/drift.yaml", "utf8") });
  const read = readRuleTests(join(directory, "drift.test.yaml"), (path) => readFileSync(path, "utf8"));
  expect(read.problems).toEqual([]);
  expect(read.tests).toHaveLength(1);
});
