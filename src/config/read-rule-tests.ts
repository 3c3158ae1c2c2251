import { basename, dirname, join } from "node:path";
import * as z from "zod";
import type { Measurement, MeasurementStatus } from "../model/measurement.ts";
import { DRIFT_METRICS, metricFamily, TRAFFIC_METRICS, type Metric } from "../model/metric.ts";
import type { ExpectedAlert, RuleTest } from "../model/rule-test.ts";
import { SEVERITIES, type Rule } from "../model/rule.ts";
import { parseDuration, parseTime, type Millis } from "../model/time.ts";
import { readDocument, type Document } from "./document.ts";
import type { Path, Problem } from "./problem.ts";
import { isMapping, readPart, reportType, reportUnknownKey, reportUnknownName, valueAt } from "./read-part.ts";
import { channelsInRules, namesInRules, readMaintenance, readRules } from "./read-rules.ts";
import { object, says, text } from "./schema-values.ts";
import type { Maintenance } from "../model/rule.ts";

const STATES = ["normal", "pending", "firing", "recovering", "resolved"] as const;
const HEALTHS = ["ok", "insufficient", "no_data", "labels_pending", "error"] as const;
/** What stands for a window without a value. */
const GAPS: Readonly<Record<string, Exclude<MeasurementStatus, "ok">>> = {
  _: "no_data",
  "?": "insufficient",
  "~": "labels_pending",
  "!": "error",
};
/** Subjects that are no features, for rules that name subjects. */
const OUTPUTS = ["prediction", "score", "label"];
const MOST_WINDOWS = 10_000;

const isAt = says("expected a time after the start, or a time", "as in 3d, or 2026-01-08");
const isSeries = says(
  "expected values of windows, one after the other",
  "as in 0.02x3 0.3x5 _ 0.1+0.05x4: x repeats, + and - step, _ is no data, ? too few rows",
);
const series = z.union([z.number(), z.string().min(1)], isSeries);
const at = z.string(isAt);

const testSchema = object({
  name: text,
  rule: text,
  model: text.default("model"),
  start: z.string(says("expected a time", "as in 2026-01-05")).default("2026-01-05"),
  given: z
    .array(
      object({
        subject: text.optional(),
        version: text.default("1"),
        segment: text.optional(),
        metric: z.enum(DRIFT_METRICS).optional(),
        value: series,
        p_value: series.default(0.0001),
        expected: series.default(0),
        reference: z.number().optional(),
        interval: z.number().min(0).optional(),
        rows: series.default(1_000),
        hits: series.optional(),
        labels: series.optional(),
        label_coverage: series.optional(),
        detectable: z.number().optional(),
      }),
    )
    .min(1)
    .optional(),
  config: text.optional(),
  events: z.array(text).min(1).optional(),
  expect: z
    .array(
      object({
        at,
        alerts: z.array(
          object({
            subject: text,
            version: text.optional(),
            segment: text.optional(),
            state: z.enum(STATES),
            severity: z.enum(SEVERITIES).optional(),
            health: z.enum(HEALTHS).optional(),
            summary: z.union([text.transform((one) => [one]), z.array(text)]).default([]),
          }),
        ),
      }),
    )
    .min(1),
  told: z.int().min(0).optional(),
});
type ParsedTest = z.output<typeof testSchema>;
type Given = NonNullable<ParsedTest["given"]>[number];

export type RuleTests = {
  readonly rules: readonly Rule[];
  readonly maintenance: readonly Maintenance[];
  readonly tests: readonly RuleTest[];
  readonly problems: readonly Problem[];
};

/** The rules of a file by themselves: models and channels are taken to be there. */
export function readLoneRules(
  file: string,
  readFile: (path: string) => string,
): { rules: Rule[]; maintenance: Maintenance[]; problems: Problem[] } {
  const document = readDocument(file, readFile(file), {});
  const modelNames = namesInRules(document, "models");
  const rules = readRules(document, { models: new Map(), modelNames, channelNames: channelsInRules(document) }, true, new Map());
  return { rules, maintenance: readMaintenance(document, modelNames), problems: document.problems() };
}

/** The tests of one file, with the rules they are about. */
export function readRuleTests(file: string, readFile: (path: string) => string): RuleTests {
  const document = readDocument(file, readFile(file), {});
  const nothing = { rules: [], maintenance: [], tests: [] };
  if (document.data === undefined) return { ...nothing, problems: document.problems() };
  if (!isMapping(document.data)) {
    reportType(document, [], "object", document.data);
    return { ...nothing, problems: document.problems() };
  }
  for (const key of Object.keys(document.data))
    if (key !== "rules" && key !== "tests") reportUnknownKey(document, [], key, ["rules", "tests"]);
  const written = valueAt(document.data, ["rules"]) ?? basename(file).replace(/\.test\.(ya?ml)$/, ".$1");
  if (typeof written !== "string") {
    reportType(document, ["rules"], "string", written);
    return { ...nothing, problems: document.problems() };
  }
  let lone: ReturnType<typeof readLoneRules>;
  try {
    lone = readLoneRules(join(dirname(file), written), readFile);
  } catch {
    document.report(["rules"], `cannot read the rules ${written}`, "name the file of the rules, from the directory of this one");
    return { ...nothing, problems: document.problems() };
  }
  const entries = valueAt(document.data, ["tests"]);
  if (!Array.isArray(entries)) document.report(["tests"], "`tests` is required", "a file of tests holds `tests:` and a list");
  const tests = (Array.isArray(entries) ? [...entries.keys()] : []).flatMap(
    (index) => readTest(document, ["tests", index], lone.rules, file) ?? [],
  );
  return { rules: lone.rules, maintenance: lone.maintenance, tests, problems: [...lone.problems, ...document.problems()] };
}

function readTest(document: Document, path: Path, rules: readonly Rule[], file: string): RuleTest | undefined {
  const parsed = readPart(document, testSchema, path);
  if (!parsed) return undefined;
  const rule = rules.find(({ name }) => name === parsed.rule);
  if (!rule) {
    const names = rules.map(({ name }) => name);
    reportUnknownName(
      document,
      [...path, "rule"],
      `there is no rule named ${parsed.rule}`,
      parsed.rule,
      names,
      "the rules are those of the file",
    );
    return undefined;
  }
  const start = parseTime(parsed.start);
  if (start === null) {
    document.report([...path, "start"], "expected a time", "as in 2026-01-05");
    return undefined;
  }
  if ((parsed.given === undefined) === (parsed.events === undefined) || (parsed.events === undefined) !== (parsed.config === undefined)) {
    document.report(
      path,
      "expected either `given`, or `events` with a `config`",
      "measurements, or files of events and the configuration that reads them",
    );
    return undefined;
  }
  const expected = parsed.expect.flatMap(({ at: when, alerts }, index) => {
    const offset = parseDuration(when);
    const time = offset === null ? parseTime(when) : start + offset;
    if (time === null)
      document.report([...path, "expect", index, "at"], "expected a time after the start, or a time", "as in 3d, or 2026-01-08");
    return time === null ? [] : [{ at: time, alerts: alerts.map(alertOf), line: document.lineOf([...path, "expect", index]) }];
  });
  const shared = {
    name: parsed.name,
    rule: rule.name,
    model: parsed.model,
    line: document.lineOf(path),
    expect: expected,
    ...(parsed.told === undefined ? {} : { told: parsed.told }),
  };
  if (parsed.events !== undefined) {
    const directory = dirname(file);
    const files = parsed.events.map((one) => join(directory, one));
    return { ...shared, given: { kind: "events", config: join(directory, parsed.config ?? ""), files } };
  }
  const measurements = (parsed.given ?? []).flatMap((given, index) => {
    const problem = (key: string, message: string, hint: string) => document.report([...path, "given", index, key], message, hint);
    return measurementsOf(rule, parsed.model, start, given, problem);
  });
  return { ...shared, given: { kind: "measurements", measurements } };
}

function alertOf({ version, segment, severity, health, ...rest }: ParsedTest["expect"][number]["alerts"][number]): ExpectedAlert {
  return {
    ...rest,
    ...(version === undefined ? {} : { version }),
    ...(segment === undefined ? {} : { segment }),
    ...(severity === undefined ? {} : { severity }),
    ...(health === undefined ? {} : { health }),
  };
}

type Report = (key: string, message: string, hint: string) => void;

/** One measurement a window, the first of the window that ends a step after the start. */
function measurementsOf(rule: Rule, model: string, start: Millis, given: Given, report: Report): Measurement[] {
  const { measure, fire } = rule;
  const metric: Metric = measure.metric === "drift" ? (given.metric ?? "wasserstein") : measure.metric;
  const isPerformance = metricFamily(metric) === "performance";
  const isTraffic = (TRAFFIC_METRICS as readonly string[]).includes(metric);
  if (given.subject === undefined && !isPerformance && !isTraffic) report("subject", "of which feature is it?", "as in subject: temp");
  if (fire.drop !== null && given.reference === undefined) report("reference", "a drop is against a reference", "as in reference: 0.9");
  const read = (key: keyof Given, written: number | string | undefined) => {
    const values = written === undefined ? [] : readSeries(written);
    if (values === null) report(key, isSeries.error.split("\n")[0] ?? "", isSeries.error.split("\n")[1] ?? "");
    return values ?? [];
  };
  const values = read("value", given.value);
  const [pValues, expected, rows, hits, labels, coverage] = (
    ["p_value", "expected", "rows", "hits", "labels", "label_coverage"] as const
  ).map((key) => read(key, given[key]));
  const numberAt = (list: readonly (number | string)[] | undefined, index: number): number | null => {
    const one = list?.[Math.min(index, list.length - 1)];
    return typeof one === "number" ? one : null;
  };
  const feature = isPerformance || isTraffic || OUTPUTS.includes(given.subject ?? "") ? null : (given.subject ?? "");
  return values.map((value, index): Measurement => {
    const to = start + (index + 1) * measure.every;
    const shown = typeof value === "number" ? value : null;
    const counted = numberAt(rows, index) ?? 0;
    const [hit, covered] = [numberAt(hits, index), numberAt(coverage, index)];
    return {
      model,
      version: given.version,
      segment: given.segment ?? null,
      subject: isPerformance
        ? "performance"
        : isTraffic
          ? "traffic"
          : feature === null
            ? (given.subject as "prediction" | "score" | "label")
            : "feature",
      feature,
      baseline: measure.baseline,
      metric,
      from: to - measure.window,
      to,
      value: shown,
      expected: shown === null ? null : numberAt(expected, index),
      pValue: shown === null ? null : numberAt(pValues, index),
      ci: shown === null || given.interval === undefined ? null : [shown - given.interval, shown + given.interval],
      rows: { reference: counted, current: counted },
      labelled: isPerformance ? (numberAt(labels, index) ?? counted) : null,
      status: typeof value === "number" ? "ok" : (GAPS[value] ?? "error"),
      evidence: "baseline_windows",
      revision: 1,
      detail: {
        ...(given.reference === undefined ? {} : { reference: given.reference }),
        ...(given.detectable === undefined ? {} : { detectable: given.detectable }),
        ...(hit === null ? {} : { hits: hit }),
        ...(covered === null ? {} : { labelCoverage: covered }),
      },
    };
  });
}

/** Numbers, and signs of windows without one; null where it is none of these, or too many. */
export function readSeries(written: number | string): (number | string)[] | null {
  if (typeof written === "number") return [written];
  const values: (number | string)[] = [];
  for (const word of written.trim().split(/\s+/)) {
    const match = /^(?:([_?~!])|(-?\d+(?:\.\d+)?(?:e-?\d+)?)([+-]\d+(?:\.\d+)?)?)(?:x(\d{1,5}))?$/.exec(word);
    if (!match) return null;
    const [, gap, first, step, times = "1"] = match;
    for (let index = 0; index < Number(times); index += 1) {
      // 0.1 + 2 × 0.05 is 0.2, not what floating point makes of it.
      values.push(gap ?? Number((Number(first) + index * Number(step ?? 0)).toPrecision(12)));
      if (values.length > MOST_WINDOWS) return null;
    }
  }
  return values;
}
