import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Rule } from "../../src/model/rule.ts";
import type { BaselineSettings, Config, ModelSettings } from "../../src/model/settings.ts";
import { DAY, HOUR, MINUTE } from "../../src/model/time.ts";
import { exampleRule } from "../alerting/examples.ts";
import { ndjson } from "./messages.ts";

/** A configuration of the toy model, in the clock of its events, with a store in `directory` and nobody to tell. */
export function toyConfig(
  directory: string,
  changes: Partial<ModelSettings> & Pick<ModelSettings, "baselines">,
  rules: readonly Rule[] = [],
): Config {
  const model: ModelSettings = {
    name: "toy",
    task: "binary",
    positive: "yes",
    bucket: HOUR,
    lateness: 10 * MINUTE,
    labelsExpectedWithin: 6 * HOUR,
    ...changes,
  };
  return {
    file: null,
    clock: "replay",
    kafka: null,
    store: { kind: "embedded", path: join(directory, "data") },
    http: { host: "127.0.0.1", port: 0, tokens: [], publicUrl: null, cloudevents: null },
    models: new Map([[model.name, model]]),
    adapters: new Map(),
    channels: new Map(),
    heartbeat: null,
    outgoing: { allow: ["127.0.0.1"] },
    retraining: new Map(),
    rules,
  };
}

/** A file of these rows, as a baseline. */
export function fileBaseline(directory: string, rows: readonly object[], name = "training"): BaselineSettings {
  const file = join(directory, `${name}.ndjson`);
  writeFileSync(file, ndjson(rows));
  return { kind: "file", name, file, byVersion: new Map() };
}

/** A rule on the drift of features by day, that fires and clears at once and tells nobody. */
export function driftRule(
  above: Rule["fire"]["above"],
  measure: Pick<Rule["measure"], "baseline"> & Partial<Rule["measure"]>,
  changes: Partial<Rule> = {},
): Rule {
  return exampleRule({
    name: "drift",
    measure: { metric: "drift", of: "features", window: DAY, every: DAY, ...measure },
    fire: { above, drop: null, falseAlarms: 0.01 },
    clear: { below: new Map(), drop: null, pValue: 0.2, evaluations: 1 },
    notify: [],
    ...changes,
  });
}
