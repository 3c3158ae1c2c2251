import { readFileSync } from "node:fs";
import type { BacktestItem } from "../api/backtest-json.ts";
import { firstSentence } from "../model/alert.ts";
import { DAY, formatDuration, formatTime, HOUR, type Millis } from "../model/time.ts";
import { action, jsonOption, newCommand, note, time, withConnection, type Cli, type Global } from "./command.ts";
import { CliFailure } from "./failure.ts";
import { pathWith, requestFailure } from "./request.ts";
import { chooseModel, loadSettings } from "./settings.ts";
import { figure, formatTable } from "./table.ts";
import { countOf, NOTHING, printableLines, safeJson, timeText } from "./text.ts";

type Course = BacktestItem["courses"][number];
type Page = Course["pages"][number];

type Options = {
  readonly rules?: string;
  readonly model?: string;
  readonly from: Millis;
  readonly to: Millis;
  readonly json?: boolean;
} & Global;

const CHART = 60;

export function backtestCommand(cli: Cli) {
  return newCommand("backtest", "what rules would have done with the stored history: pages, delays, durations, retraining requests", [
    "backtest --from 2013-04-01 --to 2014-01-01",
    "backtest --rules proposed.yaml --from 2013-04-01 --to 2014-01-01",
  ])
    .option("--rules <file>", "rules that are proposed; they are played beside those configured under the same names")
    .option("-m, --model <name>", "of one model only")
    .requiredOption("--from <time>", "begin, in event time", time)
    .requiredOption("--to <time>", "end", time)
    .addOption(jsonOption("the answer as JSON"))
    .action(
      action(cli, async (options: Options) => {
        const { config } = loadSettings(cli.io, options.config);
        if (options.model !== undefined) chooseModel(config, options.model);
        if (options.from >= options.to) throw new CliFailure("The stretch would end before it begins.", "Choose a --from before --to.", 2);
        const body = options.rules === undefined ? "" : readRulesFile(options.rules);
        const path = pathWith("/v1/backtest", { model: options.model, from: formatTime(options.from), to: formatTime(options.to) });
        const answer = await withConnection(cli.io, config, async (connection) => {
          const response = await connection.request(path, { method: "POST", body, headers: { "content-type": "application/yaml" } });
          if (!response.ok) throw await requestFailure(response);
          return (await response.json()) as BacktestItem;
        });
        if (options.json) cli.io.stdout.write(`${safeJson(answer)}\n`);
        else if (answer.courses.length === 0) note(cli.io, "None of these rules applies to a model.");
        else cli.io.stdout.write(backtestText(answer, cli.io.stdout.columns));
        return 0;
      }),
    );
}

function readRulesFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new CliFailure(`Cannot read the rules ${file}.`, "Name a file of rules, as those in alerts/.", 2);
  }
}

/** A table of what each rule comes to, a line of time for each, and the pages. */
function backtestText(answer: BacktestItem, width: number | null): string {
  const several = new Set(answer.courses.map(({ model }) => model)).size > 1;
  const [from, to] = [Date.parse(answer.from), Date.parse(answer.to)];
  const named = ({ rule, model }: Course) => (several ? `${rule} (${model})` : rule);
  const table = formatTable(
    [
      { title: "rule" },
      { title: "which" },
      figure("pages"),
      figure("open at the end"),
      figure("told after"),
      figure("open for"),
      figure("retrain"),
      figure("windows"),
      figure("could not tell"),
    ],
    answer.courses.map((course) => {
      const { pages } = course;
      const delays = pages.map(({ since, told_at: told }) => Date.parse(told) - Date.parse(since));
      const lasted = pages.map(({ told_at: told, resolved_at: over }) => (over === null ? to : Date.parse(over)) - Date.parse(told));
      return [
        named(course),
        course.which,
        String(pages.length),
        String(pages.filter(({ resolved_at: over }) => over === null).length),
        median(delays),
        median(lasted),
        String(pages.filter(({ retrain }) => retrain).length),
        String(course.windows),
        String(course.blind),
      ];
    }),
    width,
  );
  const label = Math.max(...answer.courses.map((course) => named(course).length));
  const lines = answer.courses.map((course) => `${named(course).padEnd(label)}  ${course.which}  ${timeline(course.pages, from, to)}`);
  const legend = `${" ".repeat(label + 7)}${timeText(answer.from)
    .slice(0, 10)
    .padEnd(CHART - 10)}${timeText(answer.to).slice(0, 10)}`;
  const pages = answer.courses
    .flatMap((course) => course.pages.map((page) => ({ course, page })))
    .sort((a, b) => (a.page.told_at < b.page.told_at ? -1 : a.page.told_at > b.page.told_at ? 1 : 0));
  const list = formatTable(
    [
      { title: "told" },
      { title: "rule" },
      { title: "which" },
      { title: "version" },
      { title: "subject" },
      { title: "severity" },
      { title: "over" },
      { title: "what", flexible: true },
    ],
    pages.map(({ course, page }) => [
      timeText(page.told_at),
      named(course),
      course.which,
      page.version,
      page.segment === null ? page.subject : `${page.subject} in ${page.segment}`,
      page.severity,
      page.resolved_at === null
        ? "open"
        : `${timeText(page.resolved_at)}${page.closed_because === null ? "" : ` (${page.closed_because.replaceAll("_", " ")})`}`,
      firstSentence(page.summary),
    ]),
    width,
  );
  return `${table}\n${printableLines(lines.join("\n"))}\n${legend}\n\n${pages.length === 0 ? "No page.\n" : list}`;
}

/** How many alerts are open in each part of the stretch; a dot for none. */
function timeline(pages: readonly Page[], from: Millis, to: Millis): string {
  const step = (to - from) / CHART;
  return Array.from({ length: CHART }, (_, index) => {
    const begin = from + index * step;
    const open = pages.filter(
      ({ told_at: told, resolved_at: over }) => Date.parse(told) < begin + step && (over === null ? to + step : Date.parse(over)) > begin,
    ).length;
    return open === 0 ? "·" : open > 9 ? "+" : String(open);
  }).join("");
}

function median(lengths: readonly Millis[]): string {
  if (lengths.length === 0) return NOTHING;
  const sorted = lengths.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  const middle = (low + high) / 2;
  return middle >= 2 * DAY
    ? countOf(Math.round(middle / DAY), "day")
    : middle >= HOUR
      ? countOf(Math.round(middle / HOUR), "hour")
      : formatDuration(middle);
}
