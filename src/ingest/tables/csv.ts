import { CsvError, parse } from "csv-parse";
import type { FeatureType, TableSettings } from "../../model/settings.ts";
import { describe, openContent } from "../lines.ts";
import { SourceError } from "../source.ts";
import { isFlag, isPlainNumber } from "./cells.ts";
import type { Table, TableRow } from "./table.ts";

const ROWS_AT_ONCE = 2_000;
/** A longer record is most often a quote that was never closed. */
const LONGEST_RECORD = 1024 * 1024;

/** A CSV file, gzip or not, whose first line names the columns. It is read as a stream, never as a whole. */
export async function openCsv(file: string, { delimiter, missing }: Pick<TableSettings, "delimiter" | "missing">): Promise<Table> {
  let columns: readonly string[] = [];
  for await (const [header] of records(file, delimiter, 1)) {
    columns = (header?.cells ?? []).map(String);
    break;
  }
  if (columns.length === 0) throw new SourceError(`${file} is empty.`, "The first line of a CSV file names its columns.");
  const twice = columns.find((name, index) => name !== "" && columns.indexOf(name) !== index);
  if (twice !== undefined)
    throw new SourceError(`${file}:1: two columns are named ${twice}.`, "Rename one of them: a name says which is meant.");
  const absent = new Set(["", ...missing]);

  async function* rows(wanted: readonly string[]): AsyncGenerator<readonly TableRow[]> {
    const places = wanted.map((name) => columns.indexOf(name));
    let isFirst = true;
    for await (const batch of records(file, delimiter, ROWS_AT_ONCE)) {
      const data = isFirst ? batch.slice(1) : batch;
      isFirst = false;
      yield data.map(({ number, cells }) => ({
        number,
        cells: places.map((place) => {
          const cell = cells[place] as string;
          if (cell.includes("\ufffd"))
            throw new SourceError(
              `${file}:${number}: ${columns[place] ?? ""} holds bytes that are no UTF-8.`,
              "Convert the file: iconv -f LATIN1 -t UTF-8, or whatever it was written in.",
            );
          return absent.has(cell) ? null : cell;
        }),
      }));
    }
  }

  /** A column is of numbers, or of booleans, when all that it holds is; one that holds nothing is of texts. */
  async function guessTypes(wanted: readonly string[]): Promise<ReadonlyMap<string, FeatureType>> {
    const seen = wanted.map(() => ({ any: false, numbers: true, flags: true }));
    for await (const batch of rows(wanted)) {
      for (const { cells } of batch) {
        for (const [place, cell] of cells.entries()) {
          const column = seen[place];
          if (cell === null || !column || (!column.numbers && !column.flags)) continue;
          column.any = true;
          column.numbers &&= isPlainNumber(cell as string);
          column.flags &&= isFlag(cell as string);
        }
      }
    }
    return new Map(
      wanted.map((name, place) => {
        const { any = false, numbers = false, flags = false } = seen[place] ?? {};
        return [name, any && numbers ? "number" : any && flags ? "boolean" : "text"];
      }),
    );
  }

  return { columns, rows, guessTypes };
}

async function* records(file: string, delimiter: string, atOnce: number): AsyncGenerator<TableRow[]> {
  const { raw, open } = openContent(file);
  const parser = parse({ bom: true, delimiter, info: true, skip_empty_lines: true, max_record_size: LONGEST_RECORD });
  try {
    const content = await open();
    content.on("error", (error) => parser.destroy(error));
    content.pipe(parser);
    let batch: TableRow[] = [];
    for await (const { info, record } of parser as AsyncIterable<{ info: { lines: number }; record: string[] }>) {
      batch.push({ number: info.lines, cells: record });
      if (batch.length === atOnce) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  } catch (error) {
    throw error instanceof CsvError ? malformed(file, error, delimiter) : error instanceof SourceError ? error : describe(file, error);
  } finally {
    parser.destroy();
    raw.destroy();
  }
}

/** In own words: those of the parser repeat the data. */
function malformed(file: string, error: CsvError, delimiter: string): SourceError {
  const line = typeof error["lines"] === "number" ? error["lines"] : 1;
  const at = `${file}:${line}`;
  if (error.code === "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH")
    return new SourceError(
      `${at}: the row has another number of fields than the first line.`,
      `Fields are told apart by ${JSON.stringify(delimiter)} (set \`delimiter\` for another), and those that hold one stand in double quotes.`,
    );
  if (error.code === "CSV_MAX_RECORD_SIZE")
    return new SourceError(
      `${at}: the row is longer than 1 MiB.`,
      "Most often a double quote was opened before and not closed. Leave out columns that are not needed, if all of it is one row.",
    );
  return new SourceError(
    `${at}: a double quote ${error.code === "CSV_QUOTE_NOT_CLOSED" ? "is opened and not closed" : `stands where none may (${error.code})`}.`,
    'A quote inside a field is written twice (""), and the field stands in quotes.',
  );
}
