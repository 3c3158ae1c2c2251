import { Option } from "commander";
import { firstSentence } from "../model/alert.ts";
import { SEVERITIES, type Severity } from "../model/rule.ts";
import { action, jsonOption, limitOption, newCommand, withConnection, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Io } from "./io.ts";
import { showList } from "./list.ts";
import { askItems, first } from "./request.ts";
import { chooseModel, loadSettings } from "./settings.ts";
import type { Column } from "./table.ts";
import { timeText } from "./text.ts";

type AlertItem = {
  readonly id: string;
  readonly rule: string;
  readonly state: string;
  readonly reason?: string | null;
  readonly severity: string;
  readonly model: string;
  readonly version: string;
  readonly subject: string;
  readonly since: string;
  readonly summary: string;
  readonly acknowledged_by?: string | null;
  readonly silenced_by?: string | null;
};

type AlertOptions = {
  readonly model?: string;
  readonly state?: string;
  readonly limit: number;
  readonly json?: boolean;
  readonly failOn?: "firing";
};

/** Both are told of and not over: an alert that recovers fires until it has. */
const FIRING = ["firing", "recovering"];

export function alertsCommand(cli: Cli) {
  return newCommand("alerts", "what fires or fired, since when and why", [
    "alerts --state firing",
    "alerts --model flight-delay --fail-on firing",
  ])
    .option("-m, --model <name>", "of one model only")
    .addOption(new Option("--state <state>", "in one state only").choices(["firing", "recovering", "resolved"]))
    .addOption(limitOption(100))
    .addOption(jsonOption())
    .addOption(new Option("--fail-on <what>", "exit with 3 when an alert fires").choices(["firing"]))
    .action(
      action(cli, (options: AlertOptions & Global) => {
        const { config } = loadSettings(cli.io, options.config);
        if (options.model !== undefined) chooseModel(config, options.model);
        return withConnection(cli.io, config, (connection) => showAlerts(cli.io, connection, options));
      }),
    );
}

async function showAlerts(io: Io, connection: Connection, options: AlertOptions): Promise<number> {
  const { model, state } = options;
  const items = await showList(io, options, askItems<AlertItem>(connection, "/v1/alerts", { model, state }), {
    empty: `No alert${state ? ` is ${state}` : ""}.`,
    columns: COLUMNS,
    row: alertRow,
    order: byUrgency,
  });
  if (options.failOn === undefined) return 0;
  if (items.some((alert) => FIRING.includes(alert.state))) return 3;
  for (const firing of FIRING) {
    const { items: found } = await first(1, askItems<AlertItem>(connection, "/v1/alerts", { model, state: firing }, 1));
    if (found.length > 0) return 3;
  }
  return 0;
}

/** What fires comes before what is over, and the worst of it first; else they stay as they came, newest first. */
function byUrgency(a: AlertItem, b: AlertItem): number {
  const [overA, overB] = [a, b].map(({ state }) => Number(!FIRING.includes(state)));
  if (overA !== overB) return (overA ?? 0) - (overB ?? 0);
  return overA === 1 ? 0 : SEVERITIES.indexOf(b.severity as Severity) - SEVERITIES.indexOf(a.severity as Severity);
}

const COLUMNS: readonly Column[] = [
  { title: "id" },
  { title: "since" },
  { title: "rule" },
  { title: "model" },
  { title: "version" },
  { title: "subject" },
  { title: "state" },
  { title: "severity" },
  { title: "summary", flexible: true },
];

function alertRow(alert: AlertItem): string[] {
  return [
    // Enough for `ack`.
    alert.id.slice(0, 8),
    timeText(alert.since),
    alert.rule,
    alert.model,
    alert.version,
    alert.subject,
    stateText(alert),
    alert.severity,
    firstSentence(alert.summary),
  ];
}

/** An alert that somebody has taken up, or that nobody is told of, needs nobody else. */
function stateText({ state, reason, acknowledged_by: taken, silenced_by: silenced }: AlertItem): string {
  // An end without evidence says so. Asked of a daemon of an earlier version, there is no reason.
  if (state === "resolved") return reason ? `${state}, ${reason.replaceAll("_", " ")}` : state;
  return `${state}${taken ? `, ${taken} has it` : ""}${silenced ? ", silenced" : ""}`;
}
