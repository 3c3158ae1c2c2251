import { isOfWholeModel, metricFamily, type Metric } from "../model/measurement.ts";
import { isOnLabels, type Rule, type RuleClear, type RuleFire } from "../model/rule.ts";
import type { ModelSettings } from "../model/settings.ts";
import { DAY, formatDuration } from "../model/time.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";
import { ALL_CHANNELS } from "./read-channels.ts";
import { isMapping, readPart, reportType, reportUnknownKey, reportUnknownName, valueAt } from "./read-part.ts";
import { readThresholds } from "./read-thresholds.ts";
import { ruleSchema, type ParsedRule } from "./rules-schema.ts";
import { whyNotApplicable } from "./why-not-applicable.ts";

/** What rules refer to. */
export type Referred = {
  /** The models that are right. */
  readonly models: ReadonlyMap<string, ModelSettings>;
  /** All that are named, right or not: a mistake in a model is no mistake in its rules. */
  readonly modelNames: readonly string[];
  readonly channelNames: readonly string[];
};

/** The rules of one file that are right. `taken` holds where each name was given first, over all files. */
export function readRules(document: Document, referred: Referred, shipped: boolean, taken: Map<string, string>): Rule[] {
  if (document.data === undefined) return [];
  const entries = valueAt(document.data, ["rules"]);
  if (isMapping(document.data)) {
    for (const key of Object.keys(document.data)) if (key !== "rules") reportUnknownKey(document, [], key, ["rules"]);
  }
  if (!isMapping(document.data)) reportType(document, [], "object", document.data);
  else if (entries === undefined) document.report(["rules"], "`rules` is required", "a file of rules starts with `rules:` and a list");
  else if (!Array.isArray(entries)) reportType(document, ["rules"], "array", entries);
  if (!Array.isArray(entries)) return [];

  const rules: Rule[] = [];
  for (const index of entries.keys()) {
    const path: Path = ["rules", index];
    const name = valueAt(document.data, [...path, "name"]);
    if (typeof name === "string") {
      const first = taken.get(name);
      if (first !== undefined)
        document.report(
          [...path, "name"],
          `a rule named ${name} exists already (${first})`,
          "alerts are told apart by the names of their rules: choose another",
        );
      else taken.set(name, `${document.file}:${document.lineOf([...path, "name"])}`);
    }
    const parsed = readPart(document, ruleSchema, path);
    const rule = parsed && readRule(document, path, parsed, referred);
    if (!rule) continue;
    checkModels(document, path, rule, referred, shipped);
    rules.push(rule);
  }
  return rules;
}

function readRule(document: Document, path: Path, parsed: ParsedRule, { channelNames }: Referred): Rule | undefined {
  const { measure } = parsed;
  const fire = readFire(document, path, parsed);
  const clear = fire && readClear(document, path, parsed, fire);
  const isPerformance = measure.metric !== "drift" && metricFamily(measure.metric) === "performance";
  const isOfWhole = measure.metric !== "drift" && isOfWholeModel(measure.metric);
  if (isOfWhole && measure.of !== undefined) {
    const what = isPerformance ? "performance" : measure.metric;
    document.report([...path, "measure", "of"], `${what} is measured of the model as a whole`, "remove `of`");
  }
  if (isOnLabels({ of: measure.of ?? null })) {
    if (measure.of?.length !== 1)
      document.report(
        [...path, "measure", "of"],
        "labels are judged when they have come, features at once",
        "write a rule of its own for [label]",
      );
    if (measure.metric !== "drift" && metricFamily(measure.metric) !== "drift")
      document.report(
        [...path, "measure", "metric"],
        `${measure.metric} is not measured of labels`,
        "drift, or one of its metrics, as in psi",
      );
  }
  for (const [index, channel] of parsed.notify.entries()) {
    if (channel === ALL_CHANNELS || channelNames.includes(channel)) continue;
    reportUnknownName(
      document,
      [...path, "notify", index],
      `there is no channel named ${channel}`,
      channel,
      channelNames,
      "define it under `channels`, or write `all`",
    );
  }
  if (!fire || !clear) return undefined;
  return {
    name: parsed.name,
    description: parsed.description,
    models: parsed.models ?? null,
    measure: {
      metric: measure.metric,
      of: isOfWhole ? null : (measure.of ?? "features"),
      baseline: measure.baseline,
      window: measure.window,
      every: measure.every ?? Math.min(measure.window, DAY),
      ...(measure.segments === undefined ? {} : { segments: measure.segments }),
    },
    fire,
    clear,
    evaluations: parsed.for,
    atLeastRows: parsed.at_least.rows,
    severity: parsed.severity,
    notify: [...new Set(parsed.notify.flatMap((channel) => (channel === ALL_CHANNELS ? channelNames : [channel])))],
    retrain: parsed.retrain,
  };
}

function readFire(document: Document, path: Path, { measure, fire }: ParsedRule): RuleFire | undefined {
  const firePath = [...path, "fire"];
  const { above, drop, false_alarms: falseAlarms, confidence } = fire;
  if (falseAlarms !== undefined && confidence !== undefined) {
    document.report(
      [...firePath, "confidence"],
      "one of `false_alarms` and `confidence`, not both",
      "confidence 0.99 is false_alarms 0.01",
    );
  }
  if ((above === undefined) === (drop === undefined)) {
    document.report(firePath, "expected exactly one of `above` and `drop`", "`above` for drift and quality, `drop` for performance");
    return undefined;
  }
  const isPerformance = measure.metric !== "drift" && metricFamily(measure.metric) === "performance";
  if (isPerformance && above !== undefined) {
    document.report(
      [...firePath, "above"],
      `${measure.metric} is judged by its loss against the baseline`,
      "write `drop`, as in fire: {drop: 0.03, confidence: 0.99}",
    );
    return undefined;
  }
  if (!isPerformance && drop !== undefined) {
    document.report([...firePath, "drop"], "only performance can drop", "write `above`, as in fire: {above: 0.1, false_alarms: 0.01}");
    return undefined;
  }
  const thresholds = above === undefined ? new Map<Metric, number>() : readThresholds(document, [...firePath, "above"], measure, above);
  if (!thresholds) return undefined;
  // 1 - 0.99 is 0.010000000000000009: nobody wants to read that back.
  const missed = confidence === undefined ? undefined : Number((1 - confidence).toPrecision(12));
  return { above: thresholds, drop: drop ?? null, falseAlarms: falseAlarms ?? missed ?? 0.01 };
}

function readClear(document: Document, path: Path, { measure, clear }: ParsedRule, fire: RuleFire): RuleClear | undefined {
  const clearPath = [...path, "clear"];
  const below = new Map([...fire.above].map(([metric, value]) => [metric, value / 2]));
  if (clear.below !== undefined && fire.drop !== null) {
    document.report([...clearPath, "below"], "the rule fires by `drop`, so it clears by `drop`", "write clear: {drop: …}");
    return undefined;
  }
  if (clear.drop !== undefined && fire.drop === null) {
    document.report([...clearPath, "drop"], "the rule fires by `above`, so it clears by `below`", "write clear: {below: …}");
    return undefined;
  }
  if (clear.below !== undefined) {
    const written = readThresholds(document, [...clearPath, "below"], { ...measure, partly: true }, clear.below);
    if (!written) return undefined;
    for (const [metric, value] of written) {
      const fires = fire.above.get(metric);
      if (fires === undefined)
        document.report([...clearPath, "below", metric], `the rule does not fire by ${metric}`, "remove it, or add it to fire.above");
      else if (value > fires)
        document.report(
          [...clearPath, "below"],
          `${metric} clears below ${value} while it fires above ${fires}`,
          "a rule must clear at or below the value it fires at",
        );
      else below.set(metric, value);
    }
  }
  if (clear.drop !== undefined && fire.drop !== null && clear.drop > fire.drop) {
    document.report(
      [...clearPath, "drop"],
      `clears at a drop of ${clear.drop} while it fires at ${fire.drop}`,
      "a rule must clear at or below the drop it fires at",
    );
  }
  if (clear.p_value < fire.falseAlarms) {
    document.report(
      [...clearPath, "p_value"],
      "evidence would be gone while it still fires",
      `write at least ${fire.falseAlarms}; the default is 0.2`,
    );
  }
  return { below, drop: fire.drop === null ? null : (clear.drop ?? fire.drop / 2), pValue: clear.p_value, evaluations: clear.for };
}

function checkModels(document: Document, path: Path, rule: Rule, { models, modelNames }: Referred, shipped: boolean): void {
  const applied: ModelSettings[] = [];
  const reasons = new Set<string>();
  for (const [index, name] of (rule.models ?? modelNames).entries()) {
    if (!modelNames.includes(name)) {
      reportUnknownName(
        document,
        [...path, "models", index],
        `there is no model named ${name}`,
        name,
        modelNames,
        "define it under `models`",
      );
      continue;
    }
    const model = models.get(name);
    if (!model) continue;
    const reason = whyNotApplicable(rule, model);
    if (reason === null) applied.push(model);
    else if (rule.models === null) reasons.add(reason.message);
    else document.report([...path, "measure", reason.key], reason.message, reason.hint);
  }
  if (rule.models === null && applied.length === 0 && modelNames.length > 0 && models.size === modelNames.length) {
    const say = shipped ? document.warn : document.report;
    say(
      [...path, "name"],
      `${rule.name} applies to no model: ${[...reasons].join("; ")}`,
      "add the baseline to a model, or remove the rule",
    );
  }
  for (const key of ["window", "every"] as const) {
    const cut = applied.filter(({ bucket }) => rule.measure[key] % bucket !== 0);
    if (cut.length === 0) continue;
    const which = cut.map(({ name, bucket }) => `${name} (${formatDuration(bucket)})`).join(", ");
    document.report(
      [...path, "measure", key],
      `${formatDuration(rule.measure[key])} is no multiple of the bucket of ${which}`,
      "use whole buckets, or make the model's bucket smaller",
    );
  }
}
