import { Option } from "commander";
import { named, percent, signed } from "../alerting/words.ts";
import type { SegmentExplanationItem, SegmentGroupItem } from "../api/segments.ts";
import type { PerformanceMetric } from "../model/metric.ts";
import type { ModelSettings } from "../model/settings.ts";
import { formatTime } from "../model/time.ts";
import { action, duration, jsonOption, modelOption, newCommand, note, time, withModel, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import { CliFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { checkSpan, modelPath, requestedWindow, type Span } from "./measurements.ts";
import { performanceMetric } from "./performance.ts";
import { askJson } from "./request.ts";
import { figure, formatTable, type Column } from "./table.ts";
import { NOTHING, numberOrNothing, printableLines, pValueText, safeJson } from "./text.ts";

/** Segments told of each entry; the rest add less. */
const MOST_SHOWN = 12;

type SegmentsOptions = Omit<Span, "window"> & {
  readonly model?: string;
  readonly version?: string;
  readonly metric?: PerformanceMetric;
  readonly feature?: string;
  readonly baseline?: string;
  readonly json?: boolean;
};

export function segmentsCommand(cli: Cli) {
  return newCommand("segments", "the segments rows are counted by; with a window, which of them carry a change", [
    "segments --model flight-delay",
    "segments --model flight-delay --version 2013-q1 --metric accuracy --from 2013-04-22 --to 2013-04-29",
    "segments --model flight-delay --version 2013-q1 --feature temp --last 7d",
  ])
    .addOption(modelOption())
    .option("--version <version>", "the version that is looked at (default: the one seen last)")
    .option("--from <time>", "begin of the window; with --to", time)
    .option("--to <time>", "end of that window, itself not in it", time)
    .option("--last <duration>", "the last 7d (1h, 30d, …)", duration)
    .addOption(
      new Option("--metric <metric>", "a metric that is a mean over rows (default: accuracy, mae or ndcg)").argParser(performanceMetric),
    )
    .option("--feature <name>", "what is in a feature instead; or prediction, or score")
    .option("--baseline <name>", "what the window is compared with (default: the first there is)")
    .addOption(jsonOption("JSON instead of tables"))
    .action(action(cli, (options: SegmentsOptions & Global) => segments(cli.io, options)));
}

async function segments(io: Io, options: SegmentsOptions & Global): Promise<number> {
  checkSpan(options);
  const isAsking = options.from !== undefined || options.last !== undefined;
  if (!isAsking && (options.metric ?? options.feature ?? options.version ?? options.baseline) !== undefined)
    throw new CliFailure("Which window is not said.", "Give --from and --to, or --last 7d.", 2);
  return withModel(io, options, (connection, model) => (isAsking ? showChange : showSegments)(io, connection, model, options));
}

async function showSegments(io: Io, connection: Connection, model: ModelSettings, options: SegmentsOptions): Promise<number> {
  const { items } = await askJson<{ items: SegmentGroupItem[] }>(connection, `${modelPath(model)}/segments`);
  if (options.json) io.stdout.write(`${safeJson(items)}\n`);
  else {
    const columns: Column[] = [{ title: "group" }, { title: "segment", flexible: true }, figure("rows of the reference")];
    const rows = items.flatMap(({ group, segments: found }) =>
      found.map(({ segment, rows: n }) => [group, segment, n.toLocaleString("en-US")]),
    );
    if (rows.length > 0) io.stdout.write(formatTable(columns, rows, io.stdout.columns));
  }
  for (const { group, gathered, problem } of items) {
    if (problem !== null) note(io, printableLines(`${group}: ${problem}`));
    else if (gathered > 0)
      note(io, printableLines(`${group}: ${gathered.toLocaleString("en-US")} values share (other); \`top\` says how many stand alone.`));
  }
  if (items.length === 0)
    note(io, `${model.name} has no segments yet. Name some under models.${model.name}.segments; they are pinned with its bins.`);
  return 0;
}

async function showChange(io: Io, connection: Connection, model: ModelSettings, options: SegmentsOptions): Promise<number> {
  const window = await requestedWindow(connection, model, options, io.now());
  if (window === null) throw new CliFailure("Which window is not said.", "Give --from and --to, or --last 7d.", 2);
  const isOutput = options.feature === "prediction" || options.feature === "score";
  const found = await askJson<SegmentExplanationItem>(connection, `${modelPath(model)}/segments/explain`, {
    version: options.version,
    baseline: options.baseline,
    metric: options.metric,
    ...(isOutput ? { subject: options.feature } : { feature: options.feature }),
    from: formatTime(window.from),
    to: formatTime(window.to),
  });
  if (options.json) io.stdout.write(`${safeJson(found)}\n`);
  else if (found.change !== null) io.stdout.write(changeTables(found, found.change, options.feature, io.stdout.columns));
  if (found.note !== null) note(io, found.note);
  return 0;
}

function changeTables(found: SegmentExplanationItem, change: number, subject: string | undefined, width: number | null): string {
  const isDistribution = found.metric === "total_variation";
  const moved = isDistribution
    ? `${named(subject ?? "")}: ${percent(change)} of rows lie in other bins (total variation distance)`
    : `${found.metric} changed by ${signed(change)}`;
  const head = `${named(found.model)}, version ${named(found.version ?? "")}, ${found.from} to ${found.to} against ${named(found.baseline)}: ${moved}`;
  const columns: Column[] = [
    { title: "segment", flexible: true },
    figure("adds"),
    figure("of it"),
    figure("of rows"),
    figure("by mix"),
    figure("within"),
    ...(isDistribution ? [] : [figure("before"), figure("now")]),
    figure("rows"),
    figure("p"),
  ];
  const tables = found.groups.map(({ group, segments: parts }) => {
    const whole = parts.reduce((sum, part) => sum + part.rows.current, 0);
    const rows = parts
      .slice(0, MOST_SHOWN)
      .map((part) => [
        part.segment,
        signed(part.contribution),
        change === 0 ? NOTHING : `${part.contribution * change < 0 ? "-" : ""}${percent(Math.abs(part.contribution / change))}`,
        whole === 0 ? NOTHING : percent(part.rows.current / whole),
        signed(part.mix),
        signed(part.within),
        ...(isDistribution ? [] : [numberOrNothing(part.value.reference), numberOrNothing(part.value.current)]),
        part.rows.current.toLocaleString("en-US"),
        pValueText(part.adjusted_p_value),
      ]);
    const more = parts.length > MOST_SHOWN ? `and ${parts.length - MOST_SHOWN} more\n` : "";
    return `${printableLines(`by ${group}`)}\n${formatTable(columns, rows, width)}${more}`;
  });
  return `${printableLines(head)}\n\n${tables.join("\n")}\np: that a segment has not changed itself, corrected for all that were looked at, as if rows were independent.\n`;
}
