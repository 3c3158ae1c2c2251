import type { Notification } from "../model/alert.ts";
import {
  account,
  alertHref,
  alertLines,
  beforeAndAfter,
  factLines,
  headline,
  nextSteps,
  noteOf,
  omitted,
  queryOf,
  titleOf,
} from "./message.ts";

const SHOWN = 50;

/** The message as plain text. */
export function textBody(notification: Notification): string {
  const lines = alertLines(notification);
  const { link } = notification;
  const note = noteOf(notification);
  const blocks = lines.slice(0, SHOWN).map((line) => {
    const page = alertHref(line.id, link);
    const query = queryOf(line);
    return [
      titleOf(line, notification),
      ...[...account(line, beforeAndAfter), ...factLines(line)].map((text) => `  ${text}`),
      ...nextSteps(line, link).map(({ text }) => `  → ${text}`),
      ...(page === null ? [] : [`  → ${page}`]),
      ...(query === null ? [] : [`  → ${query}`]),
    ].join("\n");
  });
  const tail = [omitted(lines.length, SHOWN), link === null ? null : `All alerts: ${link}`].filter((part) => part !== null);
  return [headline(notification, lines), ...(note === null ? [] : [note]), ...blocks, ...tail].join("\n\n").concat("\n");
}
