import { isOfWholeModel, metricFamily } from "../model/metric.ts";
import { isOnLabels, type ActiveTimes, type Maintenance, type Rule } from "../model/rule.ts";
import type { ModelSettings } from "../model/settings.ts";
import { TEMPLATE_NAMES, unknownNames } from "../model/template.ts";
import { isTimeZone } from "../model/time-zone.ts";
import { DAY, formatDuration, MINUTE } from "../model/time.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";
import { ALL_CHANNELS } from "./read-channels.ts";
import { isMapping, readPart, reportType, reportUnknownKey, reportUnknownModel, reportUnknownName, valueAt } from "./read-part.ts";
import { readClear, readFire, readLevels } from "./read-condition.ts";
import { maintenanceSchema, ruleSchema, WEEKDAYS, type ParsedRule } from "./rules-schema.ts";
import { whyNotApplicable } from "./why-not-applicable.ts";

/** What rules refer to. */
export type Referred = {
  /** The models that are right. */
  readonly models: ReadonlyMap<string, ModelSettings>;
  /** All that are named, right or not: a mistake in a model is no mistake in its rules. */
  readonly modelNames: readonly string[];
  readonly channelNames: readonly string[];
  /** Shipped rules that apply to no model, by why: nobody here wrote them, so they are told of together. */
  readonly idle?: Map<string, string[]>;
};

const KEYS = ["rules", "maintenance"];

/** The rules of one file that are right. `taken` holds where each name was given first, over all files. */
export function readRules(document: Document, referred: Referred, shipped: boolean, taken: Map<string, string>): Rule[] {
  if (document.data === undefined) return [];
  const entries = valueAt(document.data, ["rules"]);
  if (isMapping(document.data)) {
    for (const key of Object.keys(document.data)) if (!KEYS.includes(key)) reportUnknownKey(document, [], key, KEYS);
  }
  if (!isMapping(document.data)) reportType(document, [], "object", document.data);
  else if (entries === undefined && valueAt(document.data, ["maintenance"]) === undefined)
    document.report(["rules"], "`rules` is required", "a file of rules starts with `rules:` and a list");
  else if (entries !== undefined && !Array.isArray(entries)) reportType(document, ["rules"], "array", entries);
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

/** What the rules of a document name under `key`, right or not. */
export function namesInRules(document: Document, key: "models" | "notify"): string[] {
  const entries = valueAt(document.data, ["rules"]);
  return (Array.isArray(entries) ? entries : []).flatMap((entry: unknown) => {
    const list: unknown = isMapping(entry) ? entry[key] : [];
    return Array.isArray(list) ? list.filter((name): name is string => typeof name === "string") : [];
  });
}

/** Channels for rules of which it is of no matter whom they tell: those they name, and one for all. */
export function channelsInRules(document: Document): string[] {
  return [...namesInRules(document, "notify").filter((name) => name !== ALL_CHANNELS), "everybody"];
}

function readRule(document: Document, path: Path, parsed: ParsedRule, { channelNames }: Referred): Rule | undefined {
  const { measure } = parsed;
  const fire = readFire(document, path, parsed);
  const clear = fire && readClear(document, path, parsed, fire);
  const levels = fire && readLevels(document, path, parsed, fire);
  const when = readWhen(document, path, parsed);
  checkTemplates(document, path, parsed);
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
  if (!fire || !clear || !levels) return undefined;
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
    ...(typeof parsed.for === "number" ? { evaluations: parsed.for } : { evaluations: parsed.for.needed, outOf: parsed.for.outOf }),
    atLeastRows: parsed.at_least.rows,
    ...(parsed.at_least.label_coverage === undefined ? {} : { atLeastCoverage: parsed.at_least.label_coverage }),
    severity: parsed.severity,
    ...(levels.length === 0 ? {} : { levels }),
    ...(when === undefined ? {} : { when }),
    notify: [...new Set(parsed.notify.flatMap((channel) => (channel === ALL_CHANNELS ? channelNames : [channel])))],
    retrain: parsed.retrain,
    ...(parsed.summary === undefined ? {} : { summary: parsed.summary }),
    ...(parsed.runbook === undefined ? {} : { runbook: parsed.runbook }),
  };
}

/** When the rule looks at windows; undefined for always, or when something is wrong. */
function readWhen(document: Document, path: Path, { when, measure }: ParsedRule): ActiveTimes | undefined {
  if (when === undefined) return undefined;
  if (!isTimeZone(when.time_zone)) {
    document.report([...path, "when", "time_zone"], "expected a time zone", "as in Europe/Zagreb, or UTC");
    return undefined;
  }
  const minutes = (text: string) => 60 * Number(text.slice(0, 2)) + Number(text.slice(3, 5));
  const [from = 0, to = DAY / MINUTE] = when.hours?.split("-").map(minutes) ?? [];
  if (to - from < Math.min(measure.window, DAY) / MINUTE) {
    document.report(
      [...path, "when", "hours"],
      `no window of ${formatDuration(measure.window)} lies within these hours`,
      "use shorter windows, or longer hours; hours do not go over midnight",
    );
    return undefined;
  }
  const days = WEEKDAYS.flatMap((day, index) => ((when.days ?? WEEKDAYS).includes(day) ? [index] : []));
  return { days, from, to, zone: when.time_zone };
}

function checkTemplates(document: Document, path: Path, parsed: ParsedRule): void {
  for (const key of ["summary", "runbook"] as const) {
    const [unknown] = unknownNames(parsed[key] ?? "");
    if (unknown === undefined) continue;
    reportUnknownName(
      document,
      [...path, key],
      `there is no {{${unknown}}}`,
      unknown,
      TEMPLATE_NAMES,
      `known are: ${TEMPLATE_NAMES.join(", ")}`,
    );
  }
}

/** Planned work, in which nothing is judged. */
export function readMaintenance(document: Document, modelNames: readonly string[]): Maintenance[] {
  const entries = document.data === undefined ? undefined : valueAt(document.data, ["maintenance"]);
  if (entries === undefined) return [];
  if (!Array.isArray(entries)) {
    reportType(document, ["maintenance"], "array", entries);
    return [];
  }
  return [...entries.keys()].flatMap((index) => {
    const path: Path = ["maintenance", index];
    const work = readPart(document, maintenanceSchema, path);
    if (!work) return [];
    if (work.to <= work.from) document.report([...path, "to"], "it would end before it begins", "choose a `to` after `from`");
    for (const [at, name] of (work.models ?? []).entries())
      if (!modelNames.includes(name)) reportUnknownModel(document, [...path, "models", at], name, modelNames);
    return [{ from: work.from, to: work.to, reason: work.reason, models: work.models ?? null }];
  });
}

function checkModels(document: Document, path: Path, rule: Rule, { models, modelNames, idle }: Referred, shipped: boolean): void {
  const applied: ModelSettings[] = [];
  const reasons = new Set<string>();
  for (const [index, name] of (rule.models ?? modelNames).entries()) {
    if (!modelNames.includes(name)) {
      reportUnknownModel(document, [...path, "models", index], name, modelNames);
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
    const why = [...reasons].join("; ");
    if (shipped) idle?.set(why, [...(idle.get(why) ?? []), rule.name]);
    else document.report([...path, "name"], `${rule.name} applies to no model: ${why}`, "add the baseline to a model, or remove the rule");
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
