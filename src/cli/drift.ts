import { Option } from "commander";
import { moment, number, percent, printable } from "../alerting/words.ts";
import { subjectName } from "../model/measurement.ts";
import { DRIFT_METRICS, metricFamily, QUALITY_METRICS, type Metric } from "../model/metric.ts";
import type { ModelSettings } from "../model/settings.ts";
import { formatDuration, parseTime, type Millis } from "../model/time.ts";
import { action, effectSize, jsonOption, modelOption, newCommand, note, withModel, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import { CliFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import {
  bySignificance,
  checkSpan,
  commonGround,
  computed,
  FALSE_ALARMS,
  judgedLines,
  judgeItems,
  lengthOf,
  modelPath,
  newestStored,
  nothingWords,
  requestedWindow,
  spanOptions,
  type JudgedItem,
  type MeasurementItem,
  type Span,
} from "./measurements.ts";
import { figure, formatTable, type Column } from "./table.ts";
import { countOf, NOTHING, numberOrNothing, printableLines, pValueText } from "./text.ts";

type DriftOptions = Span & {
  readonly model?: string;
  readonly version?: string;
  readonly feature?: string;
  readonly metric: Metric | "judged" | "all";
  readonly baseline?: string;
  readonly segment?: string;
  readonly above?: number;
  readonly exact?: boolean;
  readonly json?: boolean;
  readonly failOn?: "drift";
};

export function driftCommand(cli: Cli) {
  return spanOptions(
    newCommand("drift", "what has moved away from a baseline in one window: features, score, predictions; and data quality", [
      "drift --model flight-delay --baseline training",
      "drift --model flight-delay --metric missing_rate --last 7d",
      "drift --model flight-delay --from 2013-09-01 --to 2013-09-08 --fail-on drift",
    ])
      .addOption(modelOption())
      .option("--version <version>", "one version of the model only"),
  )
    .option("--feature <name>", "one feature only; or prediction, score, label or traffic (rows as such)")
    .addOption(
      new Option("--metric <metric>", "judged: Wasserstein distance for numbers, PSI for categories")
        .choices(["judged", "all", ...DRIFT_METRICS, ...QUALITY_METRICS])
        .default("judged"),
    )
    .option("--baseline <name>", "one baseline only (default: all stored; of a window measured now those of files)")
    .option("--segment <name>", "one segment instead of all rows, as in carrier=DL; or each")
    .addOption(
      new Option("--above <effect>", "call it drift above this effect, value less expected (default: 0.1, of constraints 0)").argParser(
        effectSize,
      ),
    )
    .option("--exact", "compute everything from the rows themselves as well, for audits; with --last, or --from and --to")
    .addOption(jsonOption())
    .addOption(new Option("--fail-on <what>", "exit with 3 when anything has drifted").choices(["drift"]))
    .action(action(cli, (options: DriftOptions & Global) => drift(cli.io, options)));
}

async function drift(io: Io, options: DriftOptions & { config?: string }): Promise<number> {
  checkSpan(options);
  if (options.exact && options.last === undefined && options.from === undefined)
    throw new CliFailure("--exact reads the rows of one window again.", "Say which: --last 7d, or --from and --to.", 2);
  return withModel(io, options, (connection, model) => showDrift(io, connection, model, options));
}

async function showDrift(io: Io, connection: Connection, model: ModelSettings, options: DriftOptions): Promise<number> {
  const family = options.metric !== "judged" && options.metric !== "all" ? metricFamily(options.metric) : "drift";
  const params = {
    version: options.version,
    ...subjectParams(options.feature),
    baseline: options.baseline,
    segment: options.segment,
    metric: options.metric === "judged" || options.metric === "all" ? undefined : options.metric,
    exact: options.exact && family === "drift" ? "true" : undefined,
  };
  const window = await requestedWindow(connection, model, options, io.now());
  const path = `${modelPath(model)}/${family}`;
  const found = window
    ? await computed(connection, path, params, window)
    : await newestStored(
        connection,
        path,
        { ...params, window: options.window === undefined ? undefined : formatDuration(options.window) },
        () => true,
      );
  // What somebody set as a limit is the limit.
  const above = options.above ?? (options.metric === "constraint_violations" ? 0 : 0.1);
  const judged = judgeItems(options.metric === "judged" ? judgedMetrics(found) : found, above).sort(bySignificance);

  if (options.json) io.stdout.write(judgedLines(judged));
  else if (judged.length > 0) io.stdout.write(driftTable(model.name, judged, io.stdout.columns));
  if (options.exact) tellExact(io, found);
  const asked = {
    baseline: options.baseline,
    version: options.version,
    segment: options.segment,
    feature: options.feature,
    metric: params.metric,
    window: options.window === undefined ? undefined : formatDuration(options.window),
  };
  return conclude(io, judged, options.failOn !== undefined, nothingWords("Nothing is measured", model, asked, window !== null));
}

const OTHER_SUBJECTS = ["prediction", "score", "label", "traffic"];

function subjectParams(feature: string | undefined): { feature?: string; subject?: string } {
  if (feature === undefined) return {};
  return OTHER_SUBJECTS.includes(feature) ? { subject: feature } : { feature };
}

/** The exit code. With `--fail-on`, having nothing to judge by is a failure: no data is not "no drift". */
export function conclude(io: Io, judged: readonly JudgedItem[], failing: boolean, nothing: string): number {
  if (judged.length === 0) note(io, nothing);
  if (!failing) return 0;
  if (judged.some(({ significant }) => significant)) return 3;
  if (judged.some(({ adjusted }) => adjusted !== null)) return 0;
  note(
    io,
    "error: nothing here could be judged, so nothing can be said.\n  hint: the column `status` says why; a longer window holds more rows.",
  );
  return 1;
}

/** What rules judge by `metric: drift`: of each subject the Wasserstein distance when it is a number, else its PSI. */
function judgedMetrics(items: readonly MeasurementItem[]): MeasurementItem[] {
  const place = (item: MeasurementItem) => JSON.stringify([item.version, item.segment, item.baseline, item.subject, item.feature]);
  const numeric = new Set(items.filter(({ metric }) => metric === "wasserstein").map(place));
  return items.filter((item) => item.metric === "wasserstein" || (item.metric === "psi" && !numeric.has(place(item))));
}

function driftTable(model: string, judged: readonly JudgedItem[], width: number | null): string {
  const items = judged.map(({ item }) => item);
  const ground = commonGround(items);
  const isExact = items.some(({ detail }) => detail.exact !== undefined);
  const columns: Column[] = [
    ...ground.columns,
    { title: "subject" },
    { title: "metric" },
    figure("value"),
    ...(isExact ? [figure("exact"), figure("promised"), { title: "holds" }] : []),
    figure("expected"),
    figure("p"),
    figure("rows"),
    figure("reference"),
    { title: "status" },
    { title: "evidence" },
    { title: "largest change", flexible: true },
  ];
  const rows = judged.map(({ item, significant }) => [
    ...ground.cells(item),
    subjectName(item),
    item.metric,
    numberOrNothing(item.value),
    ...(isExact ? [numberOrNothing(item.detail.exact?.value ?? null), promised(item), holdsText(item)] : []),
    numberOrNothing(item.expected),
    pValueText(item.p_value),
    item.rows.current.toLocaleString("en-US"),
    item.rows.reference.toLocaleString("en-US"),
    significant ? foundText(item) : item.status,
    evidenceText(item),
    largestChange(item),
  ]);
  const moved = new Set(judged.filter(({ significant }) => significant).map(({ item }) => subjectName(item)));
  const subjects = new Set(items.map(subjectName));
  const tested = judged.filter(({ adjusted }) => adjusted !== null).length;
  const ofConstraints = items.every(({ metric }) => metric === "constraint_violations");
  const verdict =
    moved.size > 0
      ? `${moved.size} of ${countOf(subjects.size, "subject")} ${ofConstraints ? "broke a constraint" : "drifted"}: ${listed([...moved])}.`
      : tested === 0
        ? `None of ${countOf(subjects.size, "subject")} could be judged.`
        : `No ${ofConstraints ? "constraint broken" : "drift"} in ${countOf(subjects.size, "subject")}${tested < judged.length ? "; not all could be judged" : ""}.`;
  return `${caption(model, items, ground.words)}\n\n${formatTable(columns, rows, width)}\n${breakLines(judged)}${printableLines(verdict)} (p at most ${FALSE_ALARMS} after correction for all that was looked at, and a large enough effect.)\n`;
}

/** What is certain of a measurement: a constraint is broken whether or not anything moved. */
function foundText({ metric, detail }: MeasurementItem): string {
  if (metric === "constraint_violations") return "broken";
  return detail.verdict?.kind === "break" ? "break" : "drift";
}

/** A line for each subject whose feed seems to have broken. */
function breakLines(judged: readonly JudgedItem[]): string {
  const lines = judged.flatMap(({ item, significant }) => {
    const { verdict } = item.detail;
    if (!significant || verdict?.kind !== "break") return [];
    const values = verdict.values ? ` (${verdict.values.slice(0, 3).join(", ")})` : "";
    return [printable(`${subjectName(item)} looks broken: ${verdict.reason}${values}`, 300)];
  });
  return [...new Set(lines)].map((line) => `${line}\n`).join("");
}

export function caption(model: string, items: readonly MeasurementItem[], words: readonly string[]): string {
  const [first] = items;
  if (!first) return printableLines(model);
  return printableLines([model, `${timeOf(first.from)} to ${timeOf(first.to)} (${formatDuration(lengthOf(first))})`, ...words].join(", "));
}

function timeOf(text: string): string {
  const parsed: Millis | null = parseTime(text);
  return parsed === null ? text : moment(parsed);
}

function listed(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} more` : names.join(", ");
}

/** Where the counts promise the exact value to lie. */
function promised({ detail }: MeasurementItem): string {
  const [low, high] = detail.exact?.bracket ?? [];
  if (low === undefined || high === undefined) return NOTHING;
  return low === high ? number(low) : `${number(low)} … ${number(high)}`;
}

/** Sums in another order differ in the last digits. */
const ROUNDING = 1e-9;

/** Whether the exact value lies where it was promised; null without a promise. */
function holds({ detail: { exact } }: MeasurementItem): boolean | null {
  if (!exact?.bracket || exact.value === null) return null;
  const [low, high] = exact.bracket;
  const slack = ROUNDING * (1 + Math.abs(exact.value));
  return exact.value >= low - slack && exact.value <= high + slack;
}

function holdsText(item: MeasurementItem): string {
  const found = holds(item);
  return found === null ? NOTHING : found ? "yes" : "NO";
}

/** What an audit found, on stderr: whether every value is where it was promised, and whether all rows are still there. */
function tellExact(io: Io, items: readonly MeasurementItem[]): void {
  const audited = items.flatMap((item) => (item.detail.exact ? [{ item, exact: item.detail.exact }] : []));
  const broken = audited.filter(({ item }) => holds(item) === false);
  const gone = audited.filter(
    ({ item, exact }) => exact.rows.current !== item.rows.current || exact.rows.reference !== item.rows.reference,
  );
  if (gone.length > 0)
    note(
      io,
      `${countOf(gone.length, "value")} counted other rows than are stored now: raw rows may be past their retention, or not counted yet.`,
    );
  if (broken.length > 0)
    note(
      io,
      `error: ${countOf(broken.length, "value")} not where the counts promise them.\n  hint: --json has the rows on both sides, in detail.exact.`,
    );
  else note(io, `${countOf(audited.length, "value")} computed again from the rows, and each is where the counts promise it, if they do.`);
}

function evidenceText({ evidence, detail }: MeasurementItem): string {
  if (evidence === null) return NOTHING;
  if (evidence === "independent_rows") return "independent rows";
  return detail.null_windows === undefined ? "baseline windows" : countOf(detail.null_windows, "baseline window");
}

function largestChange({ detail, metric, value }: MeasurementItem): string {
  const bin = detail.bins?.[0];
  if (bin) return `${bin.bin}: ${percent(bin.reference)} → ${percent(bin.current)}`;
  if (metricFamily(metric) !== "quality" || value === null) return NOTHING;
  const [broken] = detail.constraints ?? [];
  if (broken && value === 0) return NOTHING;
  if (broken) return `${broken.constraint}: ${number(value * 100)}% of rows${namesOf(broken.values?.map((one) => one.value) ?? [])}`;
  const names = detail.unseen?.map((one) => one.value) ?? detail.unknown?.map((one) => one.feature) ?? [];
  if (metric === "constant") return detail.only === undefined ? NOTHING : `always ${detail.only}`;
  return metric.startsWith("volume_") || metric === "silence_rate" || metric.startsWith("latency_")
    ? NOTHING
    : `${number(value * 100)}% of rows${namesOf(names)}`;
}

function namesOf(names: readonly string[]): string {
  return names.length === 0 ? "" : `: ${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}`;
}
