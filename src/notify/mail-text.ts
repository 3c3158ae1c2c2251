import type { Notification } from "../model/alert.ts";
import { account, alertLines, allSteps, beforeAndAfter, factLines, headline, noteOf, omitted, titleOf } from "./message.ts";

const SHOWN = 50;

/** The message as plain text. */
export function textBody(notification: Notification): string {
  const lines = alertLines(notification);
  const { link } = notification;
  const note = noteOf(notification);
  const blocks = lines.slice(0, SHOWN).map((line) => {
    return [
      titleOf(line, notification),
      ...[...account(line, beforeAndAfter), ...factLines(line)].map((text) => `  ${text}`),
      ...allSteps(line, notification).map(({ name, text }) => `  → ${name}: ${text}`),
    ].join("\n");
  });
  const tail = [omitted(lines.length, SHOWN), link === null ? null : `All alerts: ${link}`].filter((part) => part !== null);
  return [headline(notification, lines), ...(note === null ? [] : [note]), ...blocks, ...tail].join("\n\n").concat("\n");
}
