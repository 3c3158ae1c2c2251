import { InvalidArgumentError, Option } from "commander";
import { number, percent } from "../alerting/words.ts";
import {
  atCutoff,
  atThreshold,
  isEstimated,
  isMetricAt,
  METRICS_AT_CUTOFFS,
  PERFORMANCE_METRICS,
  type PerformanceMetric,
} from "../model/metric.ts";
import { performanceMetrics } from "../model/performance.ts";
import type { ModelSettings } from "../model/settings.ts";
import { formatDuration, parseTime } from "../model/time.ts";
import { action, effectSize, jsonOption, modelOption, newCommand, note, withModel, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import { caption, conclude } from "./drift.ts";
import type { Io } from "./io.ts";
import {
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
import { askItems, type Params } from "./request.ts";
import { figure, formatTable, type Column } from "./table.ts";
import { NOTHING, numberOrNothing, printableLines, pValueText, sparkline } from "./text.ts";

const TREND_WINDOWS = 20;

type PerformanceOptions = Span & {
  readonly model?: string;
  readonly version?: string;
  readonly metric?: PerformanceMetric;
  readonly baseline?: string;
  readonly segment?: string;
  readonly above: number;
  readonly json?: boolean;
  readonly failOn?: "drop";
};

export function performanceCommand(cli: Cli) {
  return spanOptions(
    newCommand("performance", "how right a model is, with intervals and how many labels it is known by", [
      "performance --model flight-delay --window 7d",
      "performance --model flight-delay --from 2013-09-01 --to 2013-09-08 --fail-on drop",
    ])
      .addOption(modelOption())
      .option("--version <version>", "one version of the model only"),
  )
    .addOption(new Option("--metric <metric>", "one metric only, as in accuracy or recall@0.3").argParser(performanceMetric))
    .option("--baseline <name>", "one baseline only (default: all stored; of a window measured now those of files)")
    .option("--segment <name>", "one segment instead of all rows, as in carrier=DL; or each")
    .addOption(new Option("--above <loss>", "call it a drop above this loss against the baseline").argParser(effectSize).default(0.03))
    .addOption(jsonOption())
    .addOption(new Option("--fail-on <what>", "exit with 3 when anything has dropped").choices(["drop"]))
    .action(action(cli, (options: PerformanceOptions & Global) => performance(cli.io, options)));
}

async function performance(io: Io, options: PerformanceOptions & { config?: string }): Promise<number> {
  checkSpan(options);
  return withModel(io, options, (connection, model) => showPerformance(io, connection, model, options));
}

async function showPerformance(io: Io, connection: Connection, model: ModelSettings, options: PerformanceOptions): Promise<number> {
  const path = `${modelPath(model)}/performance`;
  const params = { version: options.version, metric: options.metric, baseline: options.baseline, segment: options.segment };
  const window = await requestedWindow(connection, model, options, io.now());
  const found = window
    ? await computed(connection, path, params, window)
    : await newest(io, connection, path, { ...params, window: options.window === undefined ? undefined : formatDuration(options.window) });
  const judged = judgeItems(found, options.above).sort(
    (a, b) => Number(b.significant) - Number(a.significant) || order(a.item) - order(b.item),
  );

  if (options.json) io.stdout.write(judgedLines(judged));
  else if (judged.length > 0) {
    const trends = window ? new Map<string, string>() : await trendsOf(connection, path, params, found);
    io.stdout.write(performanceTable(model.name, judged, trends, io.stdout.columns));
  }
  return conclude(io, judged, options.failOn !== undefined, nothing(model, options, window !== null));
}

function nothing(model: ModelSettings, { baseline, version, segment, metric, window }: PerformanceOptions, isOnTheSpot: boolean): string {
  const measured = performanceMetrics(model);
  if (metric !== undefined && !measured.includes(metric))
    return printableLines(`${metric} is not measured of ${model.name}, which is of task ${model.task}: ${measured.join(", ")} are.`);
  const asked = { baseline, version, segment, metric, window: window === undefined ? undefined : formatDuration(window) };
  return nothingWords("No performance (it needs labels) is measured", model, asked, isOnTheSpot);
}

/** A metric of performance as it is typed. */
export function performanceMetric(text: string): PerformanceMetric {
  const named = PERFORMANCE_METRICS.find((metric) => metric === text);
  if (named !== undefined) return named;
  if (isMetricAt(text)) return text;
  throw new InvalidArgumentError(
    `Choose one of ${PERFORMANCE_METRICS.join(", ")}, one at a threshold of the model, as in recall@0.3, or one of the first items of a list, as in ndcg@10.`,
  );
}

/** Metrics at thresholds, and those of lists by their length, follow those that have a name. */
const order = ({ metric }: MeasurementItem) => {
  const list = atCutoff(metric);
  if (list !== null) return PERFORMANCE_METRICS.length + list.cutoff + METRICS_AT_CUTOFFS.indexOf(list.metric) / METRICS_AT_CUTOFFS.length;
  const at = atThreshold(metric);
  return at === null ? (PERFORMANCE_METRICS as readonly string[]).indexOf(metric) : PERFORMANCE_METRICS.length + at.threshold;
};

const isSettled = ({ status }: MeasurementItem) => status === "ok" || status === "insufficient";

/** The newest window whose labels have come: newer ones would only say that they have not, beside estimates. */
async function newest(
  io: Io,
  connection: Connection,
  path: string,
  params: Params & { readonly metric?: PerformanceMetric | undefined },
): Promise<MeasurementItem[]> {
  const isOfEstimates = params.metric !== undefined && isEstimated(params.metric);
  const isWanted = (item: MeasurementItem) => isSettled(item) && isEstimated(item.metric) === isOfEstimates;
  const complete = await newestStored(connection, path, params, isWanted, isSettled);
  const latest = await newestStored(connection, path, params, () => true);
  if (complete.length === 0) return latest;
  if (complete[0] && latest[0] && complete[0].to !== latest[0].to) {
    const estimate = latest.find(({ metric, status }) => isEstimated(metric) && status === "ok");
    note(io, `Newer windows wait for their labels${estimate ? `; what is estimated of them: --metric ${estimate.metric}` : ""}.`);
  }
  return complete;
}

/** The last windows of each line of the table, oldest first. */
async function trendsOf(
  connection: Connection,
  path: string,
  params: Params,
  shown: readonly MeasurementItem[],
): Promise<Map<string, string>> {
  const [first] = shown;
  if (!first) return new Map();
  const length = lengthOf(first);
  const values = new Map<string, (number | null)[]>();
  let read = 0;
  for await (const item of askItems<MeasurementItem>(connection, path, { ...params, window: formatDuration(length) })) {
    if (++read > 2_000) break;
    if (lengthOf(item) !== length || (parseTime(item.to) ?? 0) > (parseTime(first.to) ?? 0)) continue;
    const line = values.get(lineOf(item)) ?? [];
    if (line.length < TREND_WINDOWS) line.push(item.status === "ok" ? item.value : null);
    values.set(lineOf(item), line);
  }
  return new Map([...values].map(([line, list]) => [line, list.length > 1 ? sparkline(list.reverse()) : ""]));
}

function lineOf(item: MeasurementItem): string {
  return JSON.stringify([item.version, item.segment, item.baseline, item.metric]);
}

function performanceTable(model: string, judged: readonly JudgedItem[], trends: ReadonlyMap<string, string>, width: number | null): string {
  const items = judged.map(({ item }) => item);
  const ground = commonGround(items);
  const columns: Column[] = [
    ...ground.columns,
    { title: "metric" },
    figure("value"),
    { title: "interval" },
    figure("reference"),
    figure("p"),
    figure("labelled"),
    { title: "status" },
    ...(trends.size > 0 ? [{ title: "trend" }] : []),
  ];
  const rows = judged.map(({ item, significant }) => [
    ...ground.cells(item),
    item.metric,
    numberOrNothing(item.value),
    item.ci === null ? NOTHING : `${number(item.ci[0])} to ${number(item.ci[1])}`,
    numberOrNothing(item.detail.reference),
    pValueText(item.p_value),
    labelledText(item),
    significant ? "drop" : item.status,
    ...(trends.size > 0 ? [trends.get(lineOf(item)) ?? ""] : []),
  ]);
  const footer = `\np: how likely chance alone makes it as much worse than the reference. drop: p at most ${FALSE_ALARMS} after correction for all that was looked at, and a large enough loss.\n`;
  return `${caption(model, items, ground.words)}\n\n${formatTable(columns, rows, width)}${footer}`;
}

/** How many labels there are, and of what share; while they are awaited, also what share there will be. */
function labelledText({ labelled, rows, status, detail }: MeasurementItem): string {
  if (labelled === null) return NOTHING;
  const coverage = detail.label_coverage ?? (rows.current > 0 ? labelled / rows.current : null);
  const final = detail.labels === undefined || status === "ok" ? "" : ` of ${percent(detail.labels.final)}`;
  return `${labelled.toLocaleString("en-US")}${coverage === null ? "" : ` (${percent(coverage)}${final})`}`;
}
