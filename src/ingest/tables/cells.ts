import type { FeatureType } from "../../model/settings.ts";
import { Moment } from "./table.ts";

/** What a cell becomes: a value of an event, or why it is none. */
export type Cell = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly expected: string };

const nothing: Cell = { ok: true, value: null };
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,4})?$/i;
const NOT_FINITE: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, infinity: Infinity };

/** The number a text says, NaN and infinities included; null when it says none. */
export function numberIn(text: string): number | null {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  const negative = trimmed.startsWith("-");
  const word = NOT_FINITE[trimmed.replace(/^[-+]/, "").toLowerCase()];
  return word === undefined ? null : negative ? -word : word;
}

/** Whether a text is a number that is not rather a code: 007 and 10000000000000000001 are names, not amounts. */
export function isPlainNumber(text: string): boolean {
  const trimmed = text.trim();
  if (/^[-+]?0\d/.test(trimmed)) return false;
  const number = numberIn(trimmed);
  return number !== null && !(/^[-+]?\d+$/.test(trimmed) && !Number.isSafeInteger(number));
}

export function isFlag(text: string): boolean {
  return /^\s*(true|false)\s*$/i.test(text);
}

/**
 * A cell as a value of an event: NaN is no value, as it is not for who writes JSON, and an infinity stays what it is,
 * to be counted as unparsable. Without a type it is what it is.
 */
export function readCell(cell: unknown, type: FeatureType | null): Cell {
  if (cell === null || cell === undefined || Number.isNaN(cell)) return nothing;
  switch (type) {
    case "number":
      return numberCell(cell);
    case "boolean":
      return flagCell(cell);
    case "text":
      return textCell(cell);
    case null:
      return plainCell(cell);
  }
}

function numberCell(cell: unknown): Cell {
  if (typeof cell === "number") return { ok: true, value: cell };
  if (typeof cell === "bigint" || typeof cell === "boolean") return { ok: true, value: Number(cell) };
  const number = typeof cell === "string" ? numberIn(cell) : null;
  if (number === null) return { ok: false, expected: "a number" };
  return Number.isNaN(number) ? nothing : { ok: true, value: number };
}

function flagCell(cell: unknown): Cell {
  if (typeof cell === "boolean") return { ok: true, value: cell };
  const word =
    typeof cell === "string" ? cell.trim().toLowerCase() : typeof cell === "number" || typeof cell === "bigint" ? String(cell) : "";
  if (word === "true" || word === "1") return { ok: true, value: true };
  if (word === "false" || word === "0") return { ok: true, value: false };
  return { ok: false, expected: "true or false" };
}

function textCell(cell: unknown): Cell {
  if (typeof cell === "string") return { ok: true, value: cell };
  if (typeof cell === "number" || typeof cell === "bigint" || typeof cell === "boolean") return { ok: true, value: String(cell) };
  return cell instanceof Moment ? { ok: true, value: cell.text } : { ok: false, expected: "a text" };
}

function plainCell(cell: unknown): Cell {
  if (typeof cell === "bigint") return { ok: true, value: Number(cell) };
  if (Array.isArray(cell)) return { ok: true, value: cell.map((part: unknown) => (typeof part === "bigint" ? Number(part) : part)) };
  if (typeof cell === "string" || typeof cell === "number" || typeof cell === "boolean") return { ok: true, value: cell };
  return { ok: false, expected: "a number, a text or a boolean; leave other columns out with `except`, or say their type" };
}

/** An id or a version. A number that floats cannot hold exactly would be another one. */
export function nameCell(cell: unknown): Cell {
  if (typeof cell === "number" && !Number.isSafeInteger(cell)) return { ok: false, expected: "a text, or a whole number that is exact" };
  return cell === null || cell === undefined ? nothing : textCell(cell);
}
