import { Option } from "commander";
import { moment, named, number, percent } from "../alerting/words.ts";
import type { ComparisonItem } from "../api/compare.ts";
import { COMPARED_METRICS, type ComparedMetric } from "../model/comparison.ts";
import type { ModelSettings } from "../model/settings.ts";
import { parseTime } from "../model/time.ts";
import { action, effectSize, jsonOption, modelOption, newCommand, note, withModel, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import { CliFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { modelPath } from "./measurements.ts";
import { askJson } from "./request.ts";
import { figure, formatTable, type Column } from "./table.ts";
import { countOf, NOTHING, numberOrNothing, printableLines, pValueText, safeJson, timeText } from "./text.ts";

/** Larger e-values say no more to a person. */
const MOST_SHOWN = 10_000;

type CompareOptions = {
  readonly model?: string;
  readonly champion?: string;
  readonly challenger?: string;
  readonly metric?: ComparedMetric;
  readonly margin?: number;
  readonly json?: boolean;
};

type MetricItem = ComparisonItem["metrics"][number];

export function compareCommand(cli: Cli) {
  return newCommand("compare", "one version against another, in answers that may be looked at as often as one likes", [
    "compare --model flight-delay --champion 2013-q1 --challenger 2013-h1",
    "compare --model flight-delay --champion 2013-q1 --challenger 2013-h1 --metric recall --margin 0.02 --json",
  ])
    .addOption(modelOption())
    .option("--champion <version>", "the version in place (default: of the two seen last, the older)")
    .option("--challenger <version>", "the version that might replace it")
    .addOption(new Option("--metric <metric>", "one metric only").choices(COMPARED_METRICS))
    .addOption(new Option("--margin <difference>", "the smallest difference that would matter (default: 0.01)").argParser(effectSize))
    .addOption(jsonOption("JSON instead of a table"))
    .action(action(cli, (options: CompareOptions & Global) => compare(cli.io, options)));
}

async function compare(io: Io, options: CompareOptions & Global): Promise<number> {
  if ((options.champion === undefined) !== (options.challenger === undefined))
    throw new CliFailure("--champion and --challenger belong together.", "Give both, or neither for the two versions seen last.", 2);
  return withModel(io, options, (connection, model) => showComparison(io, connection, model, options));
}

async function showComparison(io: Io, connection: Connection, model: ModelSettings, options: CompareOptions): Promise<number> {
  const found = await askJson<ComparisonItem>(connection, `${modelPath(model)}/compare`, {
    a: options.champion,
    b: options.challenger,
    metric: options.metric,
    margin: options.margin?.toFixed(12),
  });
  if (options.json) io.stdout.write(`${safeJson(found)}\n`);
  else if (found.metrics.length > 0)
    io.stdout.write(`${caption(found)}\n\n${comparisonTable(found, io.stdout.columns)}\n${printableLines(explanation(found))}\n`);
  if (found.note !== null) note(io, found.note);
  return 0;
}

function caption({ model, champion, challenger, from, to, buckets }: ComparisonItem): string {
  const labelled = ({ labelled: known, predictions }: ComparisonItem["champion"]) =>
    `${known.toLocaleString("en-US")} (${percent(known / Math.max(1, predictions))})`;
  return printableLines(
    `${named(model)}: challenger ${named(challenger.version)} against champion ${named(champion.version)}, ${momentText(from)} to ${momentText(to)}\n` +
      `${countOf(buckets.compared, "bucket")} of ${buckets.length} in which both were live, ${buckets.waiting.toLocaleString("en-US")} more wait for labels; ` +
      `labelled: champion ${labelled(champion)}, challenger ${labelled(challenger)}`,
  );
}

function momentText(time: string | null): string {
  return moment(parseTime(time ?? "") ?? 0);
}

function comparisonTable({ metrics, margin, champion, challenger }: ComparisonItem, width: number | null): string {
  const predictions = champion.predictions + challenger.predictions;
  const columns: Column[] = [
    { title: "metric" },
    figure("champion"),
    figure("challenger"),
    figure("difference"),
    { title: "interval" },
    figure("e"),
    figure("p"),
    figure("one-look p"),
    { title: "one-look interval" },
    { title: "verdict", flexible: true },
  ];
  const rows = metrics.map((one) => [
    one.metric,
    numberOrNothing(one.champion),
    numberOrNothing(one.challenger),
    numberOrNothing(one.difference),
    intervalText(one.sequence),
    one.e_value !== null && one.e_value > MOST_SHOWN ? `> ${number(MOST_SHOWN)}` : numberOrNothing(one.e_value),
    pValueText(one.p_value),
    pValueText(one.one_look?.p_value ?? null),
    intervalText(one.one_look?.ci ?? null),
    verdictText(one, margin, predictions),
  ]);
  return formatTable(columns, rows, width);
}

function intervalText(interval: MetricItem["sequence"]): string {
  return interval === null ? NOTHING : `${number(interval[0])} to ${number(interval[1])}`;
}

function verdictText(item: MetricItem, margin: number, predictions: number): string {
  const { status, rows, verdict, further_rows } = item;
  if (verdict !== "not_yet") {
    const isSame = verdict === "no_larger_difference";
    const words = isSame ? `no difference larger than ${number(margin)}` : verdict;
    const size = !isSame && item.within_margin ? `, by less than ${number(margin)}` : "";
    return `${words}${size}, since ${timeText(item.verdict_since)}${item.verdict_holds_now ? "" : " (the interval no longer shows it)"}`;
  }
  if (status === "undefined") return "not yet: a class does not occur";
  if (status === "insufficient") return "not yet: too few rows";
  // A metric such as recall has few rows among many predictions; a person waits for predictions.
  const share = predictions / (rows.champion + rows.challenger);
  const wait = (count: number) => number(Number((count * share).toPrecision(2)));
  const { at_observed, at_most } = further_rows;
  if (at_most === null) return at_observed === null ? "not yet" : `not yet: ${wait(at_observed)} further predictions if it stays so`;
  if (at_observed === null) return `not yet: at most ${wait(at_most)} further predictions`;
  return `not yet: ${wait(at_observed)} further predictions if it stays so, at most ${wait(at_most)}`;
}

const OPPOSED = ["higher", "lower"];

function explanation({ alpha, metrics }: ComparisonItem): string {
  const lines = [
    `Interval, e and p hold at every look (each metric by itself, ${percent(1 - alpha)}); those of one look hold for a single look that was planned in advance.`,
  ];
  const prevalence = metrics.find(({ metric }) => metric === "prevalence");
  if (prevalence && OPPOSED.includes(prevalence.verdict))
    lines.push("The two did not meet the same traffic: their shares of actual positives differ, which alone can move the other metrics.");
  return lines.join("\n");
}
