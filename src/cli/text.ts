import { chance, number, printable } from "../alerting/words.ts";

/** What stands where there is nothing to say. */
export const NOTHING = "–";

/** Lines of text from anywhere, without what could steer a terminal. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => printable(line.replaceAll("\t", "  "), 10_000))
    .join("\n");
}

/** JSON with every control, format and separator character escaped: the same value, and nothing a terminal obeys. */
export function safeJson(value: unknown, indent?: number): string {
  const escaped = (letter: string) =>
    [...Array(letter.length).keys()].map((at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");
  return JSON.stringify(value, null, indent).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

export function jsonLines(items: readonly unknown[]): string {
  return items.map((item) => `${safeJson(item)}\n`).join("");
}

export function numberOrNothing(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : number(value);
}

/** A p-value in a column that is called so. */
export function pValueText(value: number | null): string {
  return value === null ? NOTHING : chance(value).replace(/^p (?:= )?/, "");
}

export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? singular : plural}`;
}

/** `2013-09-02 00:00` of an RFC 3339 time in UTC, for columns; whatever else it is, as it is. */
export function timeText(time: string | null | undefined): string {
  if (!time) return NOTHING;
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?Z$/.exec(time);
  return match ? `${match[1]} ${match[2]}` : time;
}

const LEVELS = "▁▂▃▄▅▆▇█";

/** A line of small bars between the smallest and the largest value; a dot where there is none. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  return values
    .map((value) => {
      if (value === null || !Number.isFinite(value)) return "·";
      const level = span === 0 ? 3 : Math.round(((value - low) / span) * (LEVELS.length - 1));
      return LEVELS[level] ?? "·";
    })
    .join("");
}
