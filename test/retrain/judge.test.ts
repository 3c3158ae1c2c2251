import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Comparison, MetricComparison } from "../../src/model/comparison.ts";
import type { ModelSettings } from "../../src/model/settings.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { judge, rollBackAdvice } from "../../src/retrain/judge.ts";
import { swapAdvice } from "../../src/retrain/swap.ts";
import { exampleRetraining, exampleRun } from "../support/retraining.ts";

const chosen = { metric: null, margin: 0.01, within: 14 * DAY };

function found(kind: MetricComparison["verdict"]["kind"] | null, status: Comparison["status"] = "ok"): Comparison {
  const metric: MetricComparison = {
    metric: "accuracy",
    better: "higher",
    status: "ok",
    champion: 0.9014,
    challenger: 0.8812,
    rows: { champion: 900, challenger: 900 },
    difference: -0.0202,
    sequence: { low: -0.03, high: -0.01 },
    eValue: 40,
    pValue: 0.02,
    oneLook: null,
    verdict: { kind: kind ?? "not_yet", since: null, holdsNow: true, withinMargin: false },
    furtherRows: { atObserved: null, atMargin: null, atMost: null },
  };
  return {
    model: "flight-delay",
    champion: { version: "q1", predictions: 900, labelled: 900 },
    challenger: { version: "q2", predictions: 900, labelled: 900 },
    status,
    from: 0,
    to: DAY,
    buckets: { length: HOUR, compared: 24, waiting: 0, onlyChampion: 0, onlyChallenger: 0 },
    looks: 24,
    alpha: 0.05,
    margin: 0.01,
    tunedRows: 1_000,
    metrics: kind === null ? [] : [metric],
  };
}

describe("what a comparison says of a new version", () => {
  it.each([
    ["worse", found("worse"), 0, { verdict: "worse", reason: "q2 is worse: accuracy 0.901 with q1, 0.881 with q2." }],
    ["better", found("better"), 0, { verdict: "better", reason: expect.stringMatching(/^q2 is better/) }],
    [
      "no larger difference",
      found("no_larger_difference"),
      0,
      { verdict: "undecided", reason: "q2 and q1 differ by no more than 0.01 in accuracy." },
    ],
    ["not yet, in time", found("not_yet"), 14 * DAY - 1, null],
    ["not yet, out of time", found("not_yet"), 14 * DAY, { verdict: "undecided", reason: "No difference could be told within 14d." }],
    ["never together, in time", found(null, "no_common_buckets"), DAY, null],
    [
      "never together",
      found(null, "no_common_buckets"),
      14 * DAY,
      { verdict: "undecided", reason: "q1 and q2 were never live together within 14d." },
    ],
    ["labels that never came", found(null, "no_labels"), 14 * DAY, { verdict: "undecided", reason: "Too few labels came within 14d." }],
    ["a metric that is neither good nor bad", found("higher"), DAY, null],
  ])("%s", (_name, comparison, age, expected) => {
    expect(judge(comparison, chosen, { now: 100 * DAY + age, since: 100 * DAY })).toEqual(expected);
  });

  it("says how to go back, by the registry where there is one", () => {
    const run = exampleRun({ id: "r", at: 0, version: "q1" });
    const registry = {
      type: "mlflow",
      url: "http://m",
      name: "flight delay",
      alias: "champion",
      login: null,
      version: "{version}",
      every: HOUR,
    } as const;
    expect(rollBackAdvice(run, registry, "6")).toBe('Go back: MlflowClient().set_registered_model_alias("flight delay", "champion", "6")');
    expect(rollBackAdvice(run, registry, null)).toBe("Go back: let q1 serve again.");
    expect(rollBackAdvice(run, null, "6")).toBe("Go back: let q1 serve again.");
  });
});

describe("what a swap of baselines takes", () => {
  const model = (baselines: ModelSettings["baselines"]): ModelSettings => ({
    name: "flight-delay",
    task: "binary",
    positive: "late",
    bucket: HOUR,
    lateness: HOUR,
    labelsExpectedWithin: DAY,
    baselines,
  });
  const run = exampleRun({ id: "r", at: Date.parse("2013-09-03T00:00:00Z"), version: "q1", newVersion: "q2" });

  it("rows of its own for a file that is not its own", () => {
    const file = { kind: "file", name: "training", file: null, byVersion: new Map([["q1", "q1.ndjson"]]) } as const;
    expect(swapAdvice(run, model([file]), exampleRetraining())).toEqual({
      why: "The alerts of q1 are held against training, which q2 was not trained on.",
      command:
        "driftwatch export --model flight-delay --from 2013-06-05T00:00:00Z --to 2013-09-03T00:00:00Z --labelled > training-of-the-new-version.ndjson",
      yaml: 'baselines: {"training": {by_version: {"q2": {file: "training-of-the-new-version.ndjson"}}}}',
    });
  });

  it("words that a shell takes as they are, and YAML does, whatever things are called", () => {
    const file = { kind: "file", name: "it's; $(id): {", file: null, byVersion: new Map<string, string>() } as const;
    const { command, yaml } = swapAdvice(run, { ...model([file]), name: "a $(touch x) `y`" }, exampleRetraining());
    expect(command).toContain("--model 'a $(touch x) `y`' ");
    expect(command).toMatch(/> 'it'\\''s; \$\(id\): \{-of-the-new-version\.ndjson'$/);
    expect(parse(yaml ?? "")).toEqual({
      baselines: { "it's; $(id): {": { by_version: { q2: { file: "it's; $(id): {-of-the-new-version.ndjson" } } } },
    });
  });

  it.each([
    ["a baseline that moves", { kind: "trailing", name: "last_week", window: 7 * DAY, offset: DAY } as const],
    ["a file of its own", { kind: "file", name: "training", file: null, byVersion: new Map([["q2", "q2.ndjson"]]) } as const],
  ])("nothing with %s", (_name, baseline) => {
    expect(swapAdvice(run, model([baseline]), exampleRetraining())).toMatchObject({ command: null, yaml: null });
  });
});
