import type { Notification, Notifier } from "../model/alert.ts";
import type { Call } from "../model/call.ts";
import {
  account,
  alertHref,
  alertLines,
  bulletOfChange,
  factLines,
  headline,
  noteOf,
  omitted,
  titleOf,
  type AlertLine,
} from "./message.ts";
import { postJson } from "./post-json.ts";

/** Teams refuses what is larger than 28 KB. */
const BODY_BYTES = 28_000;
const SHOWN = 20;

/** A channel that posts to a workflow of Teams ("when a webhook request is received"). */
export function createTeamsNotifier(channel: { readonly url: string }, call: Call): Notifier {
  return (notification) => postJson(call, notification, channel.url, teamsBody(notification));
}

/** An adaptive card of text runs, which know no Markdown: names from events stay text. As many alerts as fit. */
export function teamsBody(notification: Notification): string {
  const lines = alertLines(notification);
  let shown = Math.min(lines.length, SHOWN);
  while (shown > 0 && Buffer.byteLength(card(notification, lines, shown)) > BODY_BYTES) shown -= 1;
  return card(notification, lines, shown);
}

function card(notification: Notification, lines: readonly AlertLine[], shown: number): string {
  const { link } = notification;
  const note = noteOf(notification);
  const more = omitted(lines.length, shown);
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.2",
    body: [
      block([run(headline(notification, lines), { weight: "Bolder", size: "Medium" })]),
      ...(note === null ? [] : [block([run(note, { color: "Warning" })])]),
      ...lines.slice(0, shown).flatMap((line) => alertBlocks(line, notification)),
      ...(more === null ? [] : [block([run(more)])]),
    ],
    ...(link === null ? {} : { actions: [{ type: "Action.OpenUrl", title: "All alerts of this model", url: link }] }),
    msteams: { width: "Full" },
  };
  return JSON.stringify({
    type: "message",
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }],
  });
}

function alertBlocks(line: AlertLine, notification: Notification): object[] {
  const page = alertHref(line.id, notification.link);
  const color = line.state === "resolved" ? "Good" : line.severity === "critical" ? "Attention" : "Warning";
  return [
    { ...block([run(titleOf(line, notification), { weight: "Bolder", color })]), separator: true },
    ...account(line, bulletOfChange).map((text, index) => ({ ...block([run(text)]), spacing: index === 0 ? "Small" : "None" })),
    {
      ...block([
        run(factLines(line).join(" · "), { isSubtle: true, size: "Small" }),
        ...(page === null ? [] : [{ ...run(" Why", { size: "Small" }), selectAction: { type: "Action.OpenUrl", url: page } }]),
      ]),
      spacing: "Small",
    },
  ];
}

function block(inlines: readonly object[]): object {
  return { type: "RichTextBlock", inlines };
}

function run(text: string, look: Readonly<Record<string, unknown>> = {}): object {
  return { type: "TextRun", text, ...look };
}
