import type { Notification, Notifier } from "../model/alert.ts";
import type { Call } from "../model/call.ts";
import {
  account,
  alertHref,
  alertLines,
  bulletOfChange,
  escapedWithin,
  factLines,
  headline,
  noteOf,
  omitted,
  subjectName,
  summaryOf,
  titleOf,
} from "./message.ts";
import { postJson } from "./post-json.ts";

/** Slack takes fifty blocks, of three thousand letters, under a header of a hundred and fifty. */
const LIMITS = { header: 150, section: 3_000, context: 2_000, fallback: 3_000 };
const SHOWN = 10;

/** A channel that posts to an incoming webhook of Slack. */
export function createSlackNotifier(channel: { readonly url: string }, call: Call): Notifier {
  return (notification) => postJson(call, notification, channel.url, slackBody(notification));
}

/** Blocks of plain text: nothing that stands in an event is taken for a mention, a link or a mark. Links are our own. */
export function slackBody(notification: Notification): string {
  const lines = alertLines(notification);
  const { link } = notification;
  const note = noteOf(notification);
  const more = omitted(lines.length, SHOWN);
  const title = headline(notification, lines);
  const first = lines[0];
  return JSON.stringify({
    text: escaped(first ? `${title}: ${subjectName(first)}. ${summaryOf(first, 500)}` : title, LIMITS.fallback),
    blocks: [
      { type: "header", text: plain(title, LIMITS.header) },
      ...(note === null ? [] : [{ type: "context", elements: [plain(note, LIMITS.context)] }]),
      ...lines.slice(0, SHOWN).flatMap((line) => [
        { type: "section", text: plain([titleOf(line, notification), ...account(line, bulletOfChange)].join("\n"), LIMITS.section) },
        { type: "context", elements: [plain(factLines(line).join(" · "), LIMITS.context), ...linkTo(alertHref(line.id, link), "Why")] },
      ]),
      ...(more === null ? [] : [{ type: "context", elements: [plain(more, LIMITS.context)] }]),
      ...(link === null ? [] : [{ type: "context", elements: linkTo(link, "All alerts of this model") }]),
    ],
  });
}

function plain(text: string, limit: number): object {
  return { type: "plain_text", text: escaped(text, limit), emoji: false };
}

function linkTo(href: string | null, text: string): object[] {
  if (href === null) return [];
  return [{ type: "mrkdwn", text: `<${escaped(href.replaceAll("|", "%7C"), 2_000)}|${text}>`, verbatim: true }];
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function escaped(text: string, limit: number): string {
  return escapedWithin(text, limit, (letter) => ENTITIES[letter] ?? letter);
}
