import { Option } from "commander";
import { REJECT_REASONS } from "../model/event.ts";
import { formatTime, type Millis } from "../model/time.ts";
import { action, jsonOption, limitOption, newCommand, note, time, withConnection, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Io } from "./io.ts";
import { showList } from "./list.ts";
import { ask, askItems, pathWith } from "./request.ts";
import { loadSettings } from "./settings.ts";
import { countOf, NOTHING, safeJson, timeText } from "./text.ts";

type DeadLetterItem = {
  readonly received_at: string;
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly reason: string;
  readonly message: string;
  readonly payload: string;
  readonly became?: string | null;
};

type DeadLetterOptions = { readonly reason?: string; readonly limit: number; readonly json?: boolean };
type ReplayOptions = { readonly reason?: string; readonly since?: Millis; readonly dryRun?: boolean; readonly json?: boolean };

export function deadLettersCommand(cli: Cli) {
  return newCommand("dead-letters", "events that were not taken, where they came from and why", [
    "dead-letters --reason invalid_json --json",
    "dead-letters replay --dry-run",
  ])
    .enablePositionalOptions()
    .addOption(reasonOption())
    .addOption(limitOption(50))
    .addOption(jsonOption())
    .action(
      action(cli, (options: DeadLetterOptions & Global) => {
        const { config } = loadSettings(cli.io, options.config);
        return withConnection(cli.io, config, (connection) => showDeadLetters(cli.io, connection, options));
      }),
    )
    .addCommand(replayCommand(cli));
}

function replayCommand(cli: Cli) {
  return newCommand("replay", "take them again, once what was wrong is put right; doing it twice is harmless", [
    "dead-letters replay --reason unregistered_model --since 2026-06-01 --dry-run",
  ])
    .addOption(reasonOption())
    .addOption(new Option("--since <time>", "only what was received from then on").argParser(time))
    .addOption(new Option("--dry-run", "only tell what would become of them"))
    .addOption(jsonOption("the totals as JSON"))
    .action(
      action(cli, (options: ReplayOptions & Global) => {
        const { config } = loadSettings(cli.io, options.config);
        return withConnection(cli.io, config, (connection) => replay(cli.io, connection, options));
      }),
    );
}

function reasonOption(): Option {
  return new Option("--reason <reason>", "for one reason only").choices(REJECT_REASONS);
}

async function showDeadLetters(io: Io, connection: Connection, options: DeadLetterOptions): Promise<number> {
  const { reason } = options;
  await showList(io, options, askItems<DeadLetterItem>(connection, "/v1/dead-letters", { reason }), {
    empty: "No event was refused.",
    columns: [
      { title: "received" },
      { title: "from" },
      { title: "reason" },
      { title: "replayed" },
      { title: "message" },
      { title: "payload", flexible: true },
    ],
    row: (letter) => [
      timeText(letter.received_at),
      placeText(letter),
      letter.reason,
      letter.became ?? NOTHING,
      letter.message,
      excerpt(letter.payload),
    ],
  });
  return 0;
}

type Replayed = {
  readonly found: number;
  readonly taken: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly unavailable: number;
  readonly next_cursor: string | null;
};

async function replay(io: Io, connection: Connection, { reason, since, dryRun, json }: ReplayOptions): Promise<number> {
  const total = { found: 0, taken: 0, unavailable: 0 };
  const refused: Record<string, number> = {};
  let cursor: string | undefined;
  do {
    const query = { reason, since: since === undefined ? undefined : formatTime(since), dry_run: dryRun ? "true" : undefined, cursor };
    const answer = await ask(connection, pathWith("/v1/dead-letters/replay", query), { method: "POST" });
    const part = (await answer.json()) as Replayed;
    total.found += part.found;
    total.taken += part.taken;
    total.unavailable += part.unavailable;
    for (const [why, count] of Object.entries(part.refused)) refused[why] = (refused[why] ?? 0) + count;
    cursor = part.next_cursor ?? undefined;
  } while (cursor !== undefined);
  io.stdout.write(json ? `${safeJson({ ...total, refused, dry_run: dryRun ?? false })}\n` : replayedText(total, refused, dryRun ?? false));
  if (total.unavailable > 0)
    note(io, "What was too large to be kept can only be read again from its Kafka topic, as long as that retains it.");
  if (total.taken > 0 && !dryRun && connection.kind === "in-process") note(io, "The daemon counts and measures them when it runs next.");
  return 0;
}

function replayedText(
  { found, taken, unavailable }: { readonly found: number; readonly taken: number; readonly unavailable: number },
  refused: Readonly<Record<string, number>>,
  dryRun: boolean,
): string {
  if (found === 0) return "There is no dead letter to take again.\n";
  const would = dryRun ? "would be " : "";
  const lines = [
    `${countOf(found, "dead letter")}: ${taken.toLocaleString("en-US")} ${would}taken`,
    ...Object.entries(refused).map(([reason, count]) => `${count.toLocaleString("en-US")} ${would}refused again (${reason})`),
    ...(unavailable > 0 ? [`${unavailable.toLocaleString("en-US")} not to be had any more`] : []),
  ];
  return `${lines.join(", ")}.\n`;
}

function placeText({ source, topic, partition, offset }: DeadLetterItem): string {
  return source === "kafka" ? `${topic}/${partition}@${offset}` : source === "file" ? `${topic}:${offset}` : `${source} ${offset}`;
}

function excerpt(payload: string): string {
  const letters = Array.from(payload.slice(0, 500));
  return letters.length > 120 ? `${letters.slice(0, 120).join("")}…` : letters.join("");
}
