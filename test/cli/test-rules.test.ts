import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readLoneRules, readSeries } from "../../src/config/read-rule-tests.ts";
import { readFileSync } from "node:fs";
import { DAY } from "../../src/model/time.ts";
import { workplace } from "../config/workplace.ts";
import { ndjson } from "../support/messages.ts";
import { createToyModel } from "../support/toy-model.ts";
import { cli } from "./terminal.ts";

const RULES = `rules:
  - name: drift
    measure: {metric: psi, baseline: training, window: 1d}
    fire: {above: 0.1}
    for: 2
`;
const run = async (tests: string, ...options: string[]) => {
  const directory = workplace({ "r.yaml": RULES, "r.test.yaml": tests });
  return cli(["test-rules", join(directory, "r.test.yaml"), ...options]);
};

describe("the shipped rules", () => {
  test("do what their tests say, and each has one", async () => {
    const { code, out, err } = await cli(["test-rules", "alerts", "--json"]);
    expect(err).toMatch(/^\d+ tests of 8 files: all as expected\.\n$/);
    expect(code).toBe(0);
    const tested = new Set(
      out
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { rule: string }).rule),
    );
    const files = readdirSync("alerts").filter((file) => /^\w+\.yaml$/.test(file));
    const rules = files.flatMap((file) => readLoneRules(join("alerts", file), (path) => readFileSync(path, "utf8")).rules);
    expect([...tested].sort()).toEqual(rules.map(({ name }) => name).sort());
  });
});

describe("what is not as expected is said, with the line", () => {
  test("of states, words, severity, what was told, and alerts that are left out", async () => {
    const { code, out, err } = await run(`tests:
  - name: two days
    rule: drift
    given:
      - {subject: a, value: 0.3x3}
      - {subject: b, value: 0.3x3}
    expect:
      - {at: 1d, alerts: [{subject: a, state: firing}, {subject: b, state: pending}]}
      - {at: 2d, alerts: [{subject: a, state: firing, severity: critical, summary: nothing of the kind}]}
      - {at: 3d, alerts: [{subject: a, state: firing}, {subject: b, state: firing}, {subject: c, state: firing}]}
    told: 5
`);
    expect(code).toBe(1);
    const said = out.replaceAll(/^\S*r\.test\.yaml/gm, "r.test.yaml");
    expect(said).toContain("r.test.yaml:8: two days\n  at 2026-01-06T00:00:00Z: expected a to be firing, it is pending\n");
    expect(said).toContain("r.test.yaml:9: two days\n  at 2026-01-07T00:00:00Z: expected a to be critical, it is warning\n");
    expect(said).toMatch(/expected the words of a to hold "nothing of the kind", they are: a has moved/);
    expect(said).toContain("at 2026-01-07T00:00:00Z: b is firing, and was not expected to be");
    expect(said).toContain("at 2026-01-08T00:00:00Z: expected c to be firing, it is normal");
    expect(said).toContain("r.test.yaml:2: two days\n  expected to tell 5 times, told 2 times");
    expect(err).toBe("1 test of 1 file: 1 not as expected.\n");
  });

  test.each([
    [
      "no rule of that name",
      "tests: [{name: t, rule: dirft, given: [{subject: a, value: 1}], expect: [{at: 1d, alerts: []}]}]",
      "there is no rule named dirft",
    ],
    [
      "no series",
      "tests: [{name: t, rule: drift, given: [{subject: a, value: 1y2}], expect: [{at: 1d, alerts: []}]}]",
      "expected values of windows",
    ],
    ["no subject", "tests: [{name: t, rule: drift, given: [{value: 1}], expect: [{at: 1d, alerts: []}]}]", "of which feature is it?"],
    [
      "nothing given",
      "tests: [{name: t, rule: drift, expect: [{at: 1d, alerts: []}]}]",
      "expected either `given`, or `events` with a `config`",
    ],
    [
      "no time",
      "tests: [{name: t, rule: drift, given: [{subject: a, value: 1}], expect: [{at: soon, alerts: []}]}]",
      "expected a time after the start",
    ],
    ["no rules", "rules: nowhere.yaml\ntests: []", "cannot read the rules nowhere.yaml"],
  ])("%s", async (_name, text, message) => {
    const { code, err } = await run(text);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  test("files that are none", async () => {
    expect((await cli(["test-rules", "nowhere.test.yaml"])).code).toBe(2);
    expect((await cli(["test-rules", workplace({ "r.yaml": RULES })])).err).toContain("There are no tests in");
  });
});

test.each([
  ["0.1 0.2", [0.1, 0.2]],
  ["0.1x3", [0.1, 0.1, 0.1]],
  ["0.1+0.05x3 _ ?x2", [0.1, 0.15, 0.2, "_", "?", "?"]],
  ["1-0.5x3", [1, 0.5, 0]],
  ["-1e-3", [-0.001]],
  ["1x99999", null],
  ["x3", null],
  ["0.1,0.2", null],
])("a series %j is %j", (text, values) => expect(readSeries(text)).toEqual(values));

test("events go through the whole program", async () => {
  const toy = createToyModel();
  const start = Date.UTC(2026, 5, 1);
  const training = Array.from({ length: 20 }, (_, day) => toy.day(start - (20 - day) * DAY).predictions).flat();
  // A day is over once something of the next has come.
  const days = [{}, { shift: 5 }, { shift: 5 }, { rows: 4 }].flatMap((kind, day) => toy.day(start + day * DAY, kind).predictions);
  const directory = workplace({
    "training.ndjson": ndjson(training),
    "events.ndjson": ndjson(days),
    "driftwatch.yaml":
      'store: {path: ./data}\nmodels: {toy: {task: binary, positive: "yes", baselines: {training: {file: training.ndjson}}}}\n',
    "alerts/r.yaml": RULES.replace("metric: psi", "metric: wasserstein"),
    "alerts/r.test.yaml": `tests:
  - name: the third day is the second that has moved
    rule: drift
    model: toy
    config: ../driftwatch.yaml
    events: [../events.ndjson]
    expect:
      - {at: 2026-06-02, alerts: []}
      - {at: 2026-06-03, alerts: [{subject: amount, state: pending}]}
      - {at: 2026-06-04, alerts: [{subject: amount, state: firing, summary: its median was}]}
    told: 1
`,
  });
  const { code, out, err } = await cli(["test-rules", join(directory, "alerts")]);
  expect(out).toBe("");
  expect(err).toContain("1 test of 1 file: all as expected.");
  expect(code).toBe(0);
}, 60_000);
