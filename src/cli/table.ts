import Table from "cli-table3";
import { printable } from "../alerting/words.ts";

export type Column = {
  readonly title: string;
  readonly align?: "right";
  /** The column that gives way when the terminal is narrow. */
  readonly flexible?: boolean;
  /** Of a text that is too long its end tells most: a path's does. */
  readonly keepsEnd?: boolean;
};

/** A column of figures. */
export function figure(title: string): Column {
  return { title, align: "right" };
}

const GAP = "  ";
const LEAST_WIDTH = 20;
const CELL_LIMIT = 80;
const BORDERS = [
  "top",
  "top-mid",
  "top-left",
  "top-right",
  "bottom",
  "bottom-mid",
  "bottom-left",
  "bottom-right",
  "left",
  "left-mid",
  "mid",
  "mid-mid",
  "right",
  "right-mid",
] as const;

/**
 * Rows in columns, without borders, at most `width` wide where a column is flexible. Cells may hold what events
 * brought: what could steer a terminal is taken out here, once for all.
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number | null): string {
  const cells = rows.map((row) =>
    row.map((cell, at) => printable(columns[at]?.keepsEnd ? endOf(cell) : cell, columns[at]?.flexible ? 2_000 : CELL_LIMIT)),
  );
  const table = new Table({
    head: columns.map(({ title }) => title.toUpperCase()),
    colAligns: columns.map(({ align }) => align ?? "left"),
    colWidths: columnWidths(columns, cells, width),
    wordWrap: true,
    chars: { ...Object.fromEntries(BORDERS.map((name) => [name, ""])), middle: GAP },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  table.push(...cells);
  return `${table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}

function endOf(text: string): string {
  return text.length > CELL_LIMIT ? `…${text.slice(1 - CELL_LIMIT)}` : text;
}

/** Null lets a column be as wide as it needs. */
function columnWidths(columns: readonly Column[], cells: readonly (readonly string[])[], width: number | null): (number | null)[] {
  const natural = columns.map(({ title }, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const total = natural.reduce((sum, one) => sum + one, 0) + GAP.length * (columns.length - 1);
  if (width === null || total <= width) return columns.map(() => null);
  return columns.map(({ flexible }, at) => (flexible ? Math.max(LEAST_WIDTH, (natural[at] ?? 0) - (total - width)) : null));
}
