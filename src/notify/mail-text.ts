import type { Notification } from "../model/alert.ts";
import {
  alertHref,
  alertLines,
  facts,
  headline,
  likelyOf,
  nextSteps,
  oneLine,
  omitted,
  percentText,
  queryOf,
  shownBins,
  stateWords,
  subjectName,
  summaryOf,
} from "./message.ts";

const SHOWN = 50;

/** The message as plain text. */
export function textBody(notification: Notification): string {
  const lines = alertLines(notification);
  const { link, note } = notification;
  const blocks = lines.slice(0, SHOWN).map((line) => {
    const likely = likelyOf(line);
    const page = alertHref(line.id, link);
    const query = queryOf(line);
    return [
      `${stateWords(line, notification)}: ${subjectName(line)}`,
      `  ${summaryOf(line)}`,
      ...(likely === null ? [] : [`  Likely: ${likely}`]),
      ...shownBins(line).map((bin) => `  ${oneLine(bin.bin, 60)}: ${percentText(bin.reference)} before, ${percentText(bin.current)} after`),
      ...facts(line).map(([name, value]) => `  ${name}: ${value}`),
      ...nextSteps(line, link).map(({ text }) => `  → ${text}`),
      ...(page === null ? [] : [`  → ${page}`]),
      ...(query === null ? [] : [`  → ${query}`]),
    ].join("\n");
  });
  const tail = [omitted(lines.length, SHOWN), link === null ? null : `All alerts: ${link}`].filter((part) => part !== null);
  return [headline(notification, lines), ...(note === null ? [] : [oneLine(note, 600)]), ...blocks, ...tail].join("\n\n").concat("\n");
}
