import { basename } from "node:path";
import { didYouMean } from "../../model/did-you-mean.ts";
import type { BaselineRow, Origin } from "../../model/event.ts";
import { isRankedJson } from "../../model/ranked.ts";
import { TABLE_FIELDS, type FeatureType, type ModelSettings, type TableField, type TableSettings } from "../../model/settings.ts";
import { record } from "../adapters/bodies.ts";
import { readTime } from "../adapters/read-time.ts";
import { decodeBaselineObject, type DecodeContext } from "../decode.ts";
import { found } from "../fields.ts";
import { firstBytes } from "../lines.ts";
import { SourceError } from "../source.ts";
import { nameCell, readCell } from "./cells.ts";
import { openCsv } from "./csv.ts";
import { openParquet } from "./parquet.ts";
import { Moment, type Table, type TableRow } from "./table.ts";

export async function isParquet(file: string): Promise<boolean> {
  return Buffer.from(await firstBytes(file, 4)).toString("latin1") === "PAR1";
}

/** A file of columns, opened, whose columns are those that the configuration names. */
export async function openTable(file: string, settings: TableSettings): Promise<Table> {
  const [first] = await firstBytes(file, 1);
  if (first === 0x7b)
    throw new SourceError(
      `${file} holds JSON, and \`columns\` say how CSV and Parquet files are read.`,
      "Remove `columns`: rows of JSON are events as they are (docs/events.md).",
    );
  const table = (await isParquet(file)) ? await openParquet(file) : await openCsv(file, settings);
  for (const [name, use] of columnsNamed(settings)) {
    if (table.columns.includes(name)) continue;
    const meant = didYouMean(name, table.columns);
    const shown = table.columns.slice(0, 30).join(", ");
    throw new SourceError(
      `${file} has no column ${name}, which \`${use}\` names.`,
      meant === null ? `It has: ${shown}${table.columns.length > 30 ? ", …" : ""}.` : `Did you mean ${meant}?`,
    );
  }
  return table;
}

/** Every column a configuration names, with where it does. */
function columnsNamed(settings: TableSettings): [string, string][] {
  const { time, columns, scores, only, except, types } = settings;
  return [
    ...(time.path ? [[time.written, "time"] as [string, string]] : []),
    ...[...columns].map(([field, column]): [string, string] => [column, field]),
    ...[...scores].map(([name, column]): [string, string] => [column, `scores.${name}`]),
    ...[...(only ?? [])].map(([, column]): [string, string] => [column, "features"]),
    ...except.map((column): [string, string] => [column, "features.except"]),
    ...[...types.keys()].map((column): [string, string] => [column, "types"]),
  ];
}

/** Columns that are features, by their name: those that are named, or all that are nothing else. */
function featureColumns(table: Table, { time, columns, scores, only, except }: TableSettings): Map<string, string> {
  const left = new Set([...columns.values(), ...scores.values(), ...except, ...(time.path ? [time.written] : []), ""]);
  const chosen = only ? [...only].filter(([, column]) => !except.includes(column)) : null;
  return new Map(chosen ?? table.columns.filter((name) => !left.has(name)).map((name) => [name, name]));
}

/** The rows of a file of columns as rows of a baseline; an error names the file, the row and the column. */
export async function* readTableRows(
  file: string,
  table: Table,
  settings: TableSettings,
  model: ModelSettings,
  context: DecodeContext,
): AsyncGenerator<readonly BaselineRow[]> {
  const features = featureColumns(table, settings);
  const { time, columns, scores } = settings;
  const answers: TableField[] = ["prediction", "label"];
  const used = [...new Set([...columns.values(), ...scores.values(), ...features.values(), ...(time.path ? [time.written] : [])])];
  const types = await typesOf(table, settings, model, features);
  const place = new Map(used.map((name, index) => [name, index]));
  const nameOf = (field: string) => {
    const column = field === "time" ? (time.path ? time.written : null) : (columns.get(field as TableField) ?? null);
    return column === null || column === field ? field : `${field} (from the column ${column})`;
  };

  function objectOf(row: TableRow, fail: (column: string, cell: unknown, expected: string) => never): Record<string, unknown> {
    const at = (column: string): unknown => row.cells[place.get(column) ?? -1] ?? null;
    const value = (column: string, read: typeof readCell, type: FeatureType | null): unknown => {
      const cell = read(at(column), type);
      return cell.ok ? cell.value : fail(column, at(column), cell.expected);
    };
    const answer = (column: string): unknown => {
      const cell = value(column, readCell, types.get(column) ?? null);
      if (model.task !== "ranking" || typeof cell !== "string" || !isRankedJson(cell)) return cell;
      try {
        return JSON.parse(cell) as unknown;
      } catch {
        return fail(column, at(column), 'an item, or a list of them as JSON, as in ["a", "b"]');
      }
    };
    const object: Record<string, unknown> = { type: "prediction", model: model.name, version: settings.version };
    for (const field of TABLE_FIELDS) {
      const column = columns.get(field);
      if (column === undefined) continue;
      object[field] =
        field === "score" ? value(column, readCell, "number") : answers.includes(field) ? answer(column) : value(column, nameCell, null);
    }
    object["features"] = record([...features].map(([name, column]) => [name, value(column, readCell, types.get(column) ?? null)]));
    if (scores.size > 0) object["scores"] = record([...scores].map(([name, column]) => [name, value(column, readCell, "number")]));
    return object;
  }

  for await (const batch of table.rows(used)) {
    yield batch.map((row) => {
      const fail = (text: string): never => {
        throw new SourceError(
          `${file}:${row.number}: ${text}`,
          `Correct the row, or what \`columns\` says of model ${model.name}; see docs/baselines.md.`,
        );
      };
      const failAt = (column: string, cell: unknown, expected: string) =>
        fail(
          `the column ${column} (${table.columns.indexOf(column) + 1} of ${table.columns.length}) is ${found(shown(cell))}; expected ${expected}.`,
        );
      const origin: Origin = { source: "file", topic: basename(file), partition: 0, offset: String(row.number) };
      const object = objectOf(row, failAt);
      object["time"] = timeOf(row.cells[place.get(time.written) ?? -1], settings, fail);
      const decoded = decodeBaselineObject(object, origin, context, nameOf);
      return decoded.ok ? decoded.row : fail(decoded.message);
    });
  }
}

/** A text of digits is read as it is, so that whole numbers too large for floats stay exact until they are milliseconds. */
function timeOf(cell: unknown, { time }: TableSettings, fail: (text: string) => never): number | undefined {
  const value = cell instanceof Moment ? cell.text : typeof cell === "bigint" ? String(cell) : cell;
  const message = { origin: { source: "file" as const, topic: "", partition: 0, offset: "" }, bytes: null, timestamp: null };
  return readTime({ [time.written]: value }, time, message, (_reason, text) => fail(text));
}

/** The types of the columns that hold features or classes. Numbers are numbers in either, so that 1 and 1.0 are one class. */
async function typesOf(
  table: Table,
  { columns, types }: TableSettings,
  model: ModelSettings,
  features: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, FeatureType>> {
  const answers = (["prediction", "label"] as const).flatMap((field) => columns.get(field) ?? []);
  const known = new Map(types);
  if (model.task === "regression") for (const column of answers) if (!known.has(column)) known.set(column, "number");
  const unknown = [...new Set([...features.values(), ...answers])].filter((column) => !known.has(column));
  return new Map([...(unknown.length === 0 ? [] : await table.guessTypes(unknown)), ...known]);
}

function shown(cell: unknown): unknown {
  return cell instanceof Moment ? cell.text : cell;
}
