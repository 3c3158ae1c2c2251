import { Option } from "commander";
import { SEVERITIES } from "../model/rule.ts";
import { SILENCE_FIELDS } from "../model/silence.ts";
import { formatDuration, formatTime, type Millis } from "../model/time.ts";
import { action, actionOn, duration, jsonOption, limitOption, newCommand, time, withConnection, type Cli, type Global } from "./command.ts";
import { CliFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { showList } from "./list.ts";
import { person } from "./person.ts";
import { ask, askItems, first, pathWith } from "./request.ts";
import { loadSettings } from "./settings.ts";
import type { Column } from "./table.ts";
import { NOTHING, printableLines, safeJson, timeText } from "./text.ts";

type SilenceItem = {
  readonly id: string;
  readonly match: Readonly<Record<(typeof SILENCE_FIELDS)[number], string | null>>;
  readonly from: string;
  readonly to: string;
  readonly active: boolean;
  readonly by: string;
  readonly comment: string;
};

type Said = { readonly by?: string; readonly comment?: string; readonly json?: boolean };
type SilenceOptions = Said & {
  readonly model?: string;
  readonly rule?: string;
  readonly version?: string;
  readonly segment?: string;
  readonly subject?: string;
  readonly severity?: string;
  readonly from?: Millis;
  readonly for?: Millis;
};
type ListOptions = { readonly active?: boolean; readonly limit: number; readonly json?: boolean };

function byOption(io: Io): Option {
  return new Option("--by <name>", "who does it (default: your user name)").default(person(io));
}

function commentOption(): Option {
  return new Option("--comment <text>", "why, for those who ask later");
}

export function silenceCommand(cli: Cli) {
  return newCommand("silence", "tell nobody of the alerts that match, for some time", [
    'silence --model flight-delay --rule feature-drift --for 2d --comment "the autumn timetable"',
    "silence list --active",
    "silence end 6f1c0a52-7f0e-4bb7-93f5-2d0e7c3a9b11",
  ])
    .enablePositionalOptions()
    .option("-m, --model <name>", "alerts of this model")
    .option("--rule <name>", "of this rule")
    .option("--version <version>", "of this version")
    .option("--segment <segment>", "of this segment")
    .option("--subject <name>", "of this feature, or of prediction, score, performance or traffic")
    .addOption(new Option("--severity <severity>", "of this severity, neither more nor less").choices(SEVERITIES))
    .addOption(new Option("--from <time>", "its begin (default: now)").argParser(time))
    .addOption(new Option("--for <duration>", "how long, as in 2h or 7d").argParser(duration))
    .addOption(byOption(cli.io))
    .addOption(commentOption())
    .addOption(jsonOption("the silence as JSON"))
    .action(action(cli, (options: SilenceOptions & Global) => silence(cli.io, options)))
    .addCommand(listCommand(cli))
    .addCommand(endCommand(cli));
}

async function silence(io: Io, options: SilenceOptions & Global): Promise<number> {
  const { config } = loadSettings(io, options.config);
  if (options.for === undefined) throw new CliFailure("A silence has an end.", "Say how long, as in --for 2h.", 2);
  const query = {
    ...Object.fromEntries(SILENCE_FIELDS.map((field) => [field, options[field]])),
    from: options.from === undefined ? undefined : formatTime(options.from),
    for: formatDuration(options.for),
    by: options.by,
    comment: options.comment,
  };
  return withConnection(io, config, async (connection) => {
    const answer = await ask(connection, pathWith("/v1/silences", query), { method: "POST" });
    const made = (await answer.json()) as SilenceItem;
    io.stdout.write(
      options.json
        ? `${safeJson(made)}\n`
        : `${printableLines(`Silenced until ${timeText(made.to)} UTC: ${matchText(made)}`)} (${made.id}).\n`,
    );
    return 0;
  });
}

function listCommand(cli: Cli) {
  return newCommand("list", "silences, the newest first", ["silence list --active"])
    .option("--active", "only those that are in force now")
    .addOption(limitOption(50))
    .addOption(jsonOption())
    .action(
      action(cli, (options: ListOptions & Global) => {
        const { config } = loadSettings(cli.io, options.config);
        return withConnection(cli.io, config, async (connection) => {
          const query = { active: options.active ? "true" : undefined };
          await showList(cli.io, options, askItems<SilenceItem>(connection, "/v1/silences", query), {
            empty: `Nothing is silenced${options.active ? " now" : ""}.`,
            columns: COLUMNS,
            row: silenceRow,
          });
          return 0;
        });
      }),
    );
}

const COLUMNS: readonly Column[] = [
  { title: "id" },
  { title: "from" },
  { title: "to" },
  { title: "active" },
  { title: "what" },
  { title: "by" },
  { title: "comment", flexible: true },
];

function silenceRow(item: SilenceItem): string[] {
  return [
    item.id,
    timeText(item.from),
    timeText(item.to),
    item.active ? "yes" : "no",
    matchText(item),
    item.by,
    item.comment === "" ? NOTHING : item.comment,
  ];
}

function endCommand(cli: Cli) {
  return newCommand("end", "end a silence now", ["silence end 6f1c0a52-7f0e-4bb7-93f5-2d0e7c3a9b11"])
    .argument("<id>", "of the silence, as `silence list` shows it")
    .action(
      actionOn(cli, (id, options: Global) => {
        const { config } = loadSettings(cli.io, options.config);
        return withConnection(cli.io, config, async (connection) => {
          const answer = await ask(connection, `/v1/silences/${encodeURIComponent(id)}/end`, { method: "POST" });
          const ended = (await answer.json()) as SilenceItem;
          cli.io.stdout.write(`${printableLines(`Ended at ${timeText(ended.to)} UTC: ${matchText(ended)}.`)}\n`);
          return 0;
        });
      }),
    );
}

function matchText({ match }: SilenceItem): string {
  return SILENCE_FIELDS.flatMap((field) => (match[field] === null ? [] : [`${field} ${match[field]}`])).join(", ");
}

export function ackCommand(cli: Cli) {
  return newCommand("ack", "take an alert up: nobody is told of it again until it is over", [
    'ack 3f5a… --comment "the feed is being repaired"',
  ])
    .argument("<id>", "of the alert, as `alerts --json` shows it, or enough of its beginning")
    .addOption(byOption(cli.io))
    .addOption(commentOption())
    .addOption(jsonOption("the alert as JSON"))
    .action(actionOn(cli, (id, options: Said & Global) => acknowledge(cli.io, id, options)));
}

type Taken = { readonly rule: string; readonly model: string; readonly subject: string; readonly acknowledged_by: string };

async function acknowledge(io: Io, id: string, { by, comment, json, config: file }: Said & Global): Promise<number> {
  const { config } = loadSettings(io, file);
  return withConnection(io, config, async (connection) => {
    const whole = await wholeId(id, askItems<{ id: string }>(connection, "/v1/alerts", {}));
    const path = pathWith(`/v1/alerts/${encodeURIComponent(whole)}/ack`, { by, comment });
    const alert = (await (await ask(connection, path, { method: "POST" })).json()) as Taken;
    const said = `${alert.model}, ${alert.subject} (${alert.rule}) is taken up by ${alert.acknowledged_by}.`;
    io.stdout.write(json ? `${safeJson(alert)}\n` : `${printableLines(said)}\n`);
    return 0;
  });
}

/** The id that begins so: whole ids are long. */
async function wholeId(id: string, alerts: AsyncGenerator<{ id: string }>): Promise<string> {
  const { items } = await first(10_000, alerts);
  const found = items.filter((alert) => alert.id.startsWith(id.replace(/…$/, "")));
  if (found.length <= 1) return found[0]?.id ?? id;
  throw new CliFailure(`${found.length} alerts have an id that begins so.`, "Give more of it.", 2);
}
