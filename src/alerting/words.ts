import type { Millis } from "../model/time.ts";

/** A name from an event as it may stand in a line of text: no control, format or direction characters, not too long. */
export function printable(text: string, limit = 80): string {
  const clean = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
  const letters = Array.from(clean);
  return letters.length > limit ? `${letters.slice(0, limit).join("")}…` : clean;
}

/** A name inside a sentence: as it is when it reads as one word, else in quotes. */
export function named(text: string): string {
  return /^[\p{L}\p{N}_.:/-]{1,60}$/u.test(text) ? text : `“${printable(text)}”`;
}

export function capitalise(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** A number as a person writes it: three significant digits, thousands apart. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  const rounded = Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** A number that says which way it goes: `+0.1`, `-0.1`. */
export function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${number(value)}`;
}

/** A p-value with its sign of relation: `p = 0.0004`, `p < 0.0001`. */
export function chance(pValue: number): string {
  if (pValue < 1e-4) return "p < 0.0001";
  return `p = ${Number(pValue.toPrecision(pValue < 0.01 ? 1 : 2))}`;
}

export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "less than 0.1%";
  if (value < 100 && value > 99.9) return "more than 99.9%";
  return `${Number(value.toPrecision(value >= 10 ? 3 : 2))}%`;
}

/** `2 Sep 2013 00:00 UTC` */
export function moment(time: Millis): string {
  const date = new Date(time);
  const month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][date.getUTCMonth()];
  return `${date.getUTCDate()} ${month} ${date.getUTCFullYear()} ${date.toISOString().slice(11, 16)} UTC`;
}

export function rows(count: number): string {
  return count === 1 ? "1 row" : `${count.toLocaleString("en-US")} rows`;
}

/** The first of several in a sentence, and whether there are more. */
export function listed(items: readonly string[], most = 3): string {
  return `${items.slice(0, most).join(", ")}${items.length > most ? " and others" : ""}`;
}

/** Values, and how often each came: `a in 3 rows, b in 1 row and others`. */
export function valuesInRows(values: readonly { readonly value: string; readonly rows: number }[]): string {
  return listed(values.map(({ value, rows: count }) => `${named(value)} in ${rows(count)}`));
}

/** A command-line option whose value a shell takes as it is, whatever it holds. */
export function shellOption(name: string, value: string): string {
  const clean = printable(value, 500);
  const word = /^[\p{L}\p{N}_.:/@%+,-]+$/u.test(clean) ? clean : `'${clean.replaceAll("'", `'\\''`)}'`;
  return `--${name}${clean.startsWith("-") ? "=" : " "}${word}`;
}

/** Text as one segment of a path; a lone surrogate, which has no encoding, becomes the replacement character. */
export function pathSegment(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
