import { Option } from "commander";
import { REJECT_REASONS } from "../model/event.ts";
import { action, jsonOption, limitOption, newCommand, note, withConnection, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Io } from "./io.ts";
import { askItems, first } from "./request.ts";
import { loadSettings } from "./settings.ts";
import { formatTable } from "./table.ts";
import { jsonLines, timeText } from "./text.ts";

type DeadLetterItem = {
  readonly received_at: string;
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly reason: string;
  readonly message: string;
  readonly payload: string;
};

type DeadLetterOptions = { readonly reason?: string; readonly limit: number; readonly json?: boolean };

export function deadLettersCommand(cli: Cli) {
  return newCommand("dead-letters", "events that were not taken, where they came from and why", [
    "dead-letters --reason invalid_json --json",
  ])
    .addOption(new Option("--reason <reason>", "for one reason only").choices(REJECT_REASONS))
    .addOption(limitOption(50))
    .addOption(jsonOption())
    .action(
      action(cli, (options: DeadLetterOptions & Global) => {
        const { config } = loadSettings(cli.io, options.config);
        return withConnection(cli.io, config, (connection) => showDeadLetters(cli.io, connection, options));
      }),
    );
}

async function showDeadLetters(io: Io, connection: Connection, { reason, limit, json }: DeadLetterOptions): Promise<number> {
  const { items, more } = await first(limit, askItems<DeadLetterItem>(connection, "/v1/dead-letters", { reason }));
  if (json) io.stdout.write(jsonLines(items));
  else if (items.length === 0) note(io, "No event was refused.");
  else {
    const columns = [
      { title: "received" },
      { title: "from" },
      { title: "reason" },
      { title: "message" },
      { title: "payload", flexible: true },
    ];
    io.stdout.write(
      formatTable(
        columns,
        items.map((letter) => [timeText(letter.received_at), placeText(letter), letter.reason, letter.message, excerpt(letter.payload)]),
        io.stdout.columns,
      ),
    );
  }
  if (more) note(io, `There are more than ${limit}: --limit shows more.`);
  return 0;
}

function placeText({ source, topic, partition, offset }: DeadLetterItem): string {
  return source === "kafka" ? `${topic}/${partition}@${offset}` : source === "file" ? `${topic}:${offset}` : `${source} ${offset}`;
}

function excerpt(payload: string): string {
  const letters = Array.from(payload.slice(0, 500));
  return letters.length > 120 ? `${letters.slice(0, 120).join("")}…` : letters.join("");
}
