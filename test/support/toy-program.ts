import type { Config } from "../../src/model/settings.ts";
import { DAY } from "../../src/model/time.ts";
import { load, loaded } from "../config/workplace.ts";
import { ndjson } from "./messages.ts";
import type { createToyModel } from "./toy-model.ts";

/** The day after the toy model's training data. */
export const TOY_START = Date.UTC(2026, 5, 1);

/** Writes down a program that watches the toy model, in a new directory: its training data, two rules, and a configuration that goes on with `channels`; reads it. */
export function writeToyProgram(
  toy: ReturnType<typeof createToyModel>,
  channels: string,
  env: Readonly<Record<string, string>> = {},
): Config {
  const training = Array.from({ length: 60 }, (_, day) => toy.day(TOY_START - (60 - day) * DAY)).flatMap(({ predictions, labels }) =>
    predictions.map((row, index) => ({ ...row, label: labels[index]?.label })),
  );
  const rules = `rules:
  - name: feature-drift
    measure: {metric: drift, of: features, baseline: training, window: 1d}
    fire: {above: {wasserstein: 0.2, psi: 0.1}, false_alarms: 0.01}
    clear: {below: {wasserstein: 0.1, psi: 0.05}, for: 2}
    for: 2
  - name: accuracy-drop
    measure: {metric: accuracy, window: 1d, baseline: training}
    fire: {drop: 0.1, confidence: 0.99}
    clear: {for: 2}
    severity: critical
    retrain: true
`;
  const yaml = `store: {path: ./data}
models:
  toy:
    task: binary
    positive: "yes"
    labels: {expected_within: 6h}
    baselines: {training: {file: training.ndjson}}
${channels}`;
  return loaded(load(yaml, { "training.ndjson": ndjson(training), "alerts/rules.yaml": rules }, { env }));
}
