import { asyncBufferFromFile, parquetMetadataAsync, parquetScan, parquetSchema, type SchemaElement } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { describe } from "../lines.ts";
import { SourceError } from "../source.ts";
import { Moment, type Table, type TableRow } from "./table.ts";

const ROWS_AT_ONCE = 2_000;
/** Rows decoded at once. Row groups of a million are usual, and too many; shorter spans pay for pages that are read twice. */
const SPAN = 100_000;

/** A Parquet file. Of a row group only the columns that are asked for are read, and held for a span of rows at a time. */
export async function openParquet(file: string): Promise<Table> {
  const buffer = await attempt(file, () => asyncBufferFromFile(file));
  const metadata = await attempt(file, () => parquetMetadataAsync(buffer, { geoparquet: false }));
  const elements = parquetSchema(metadata).children.map(({ element }) => element);

  async function* rows(wanted: readonly string[]): AsyncGenerator<readonly TableRow[]> {
    const readers = wanted.map((name) => cellReader(elements.find((element) => element.name === name)));
    const scan = await attempt(file, () => parquetScan({ file: buffer, metadata, compressors, columns: [...wanted] }));
    const spans = scan.ranges.flatMap(({ rowStart, rowEnd }) =>
      Array.from({ length: Math.ceil((rowEnd - rowStart) / SPAN) }, (_, index) => ({
        rowStart: rowStart + index * SPAN,
        rowEnd: Math.min(rowEnd, rowStart + (index + 1) * SPAN),
      })),
    );
    for (const { rowStart, rowEnd } of spans) {
      const columns: ArrayLike<unknown>[] = [];
      for (const column of wanted) columns.push(await attempt(file, () => scan.readColumn({ column, rowStart, rowEnd })));
      for (let start = rowStart; start < rowEnd; start += ROWS_AT_ONCE) {
        const length = Math.min(ROWS_AT_ONCE, rowEnd - start);
        yield Array.from({ length }, (_, index) => ({
          number: start + index + 1,
          cells: columns.map((values, place) => {
            const cell: unknown = values[start - rowStart + index];
            return cell === null || cell === undefined ? null : (readers[place]?.(cell) ?? cell);
          }),
        }));
      }
    }
  }

  return { columns: elements.map(({ name }) => name), rows, guessTypes: () => Promise.resolve(new Map()) };
}

/** What the reader leaves to be done to the values of a column; null for nothing. */
function cellReader(element: SchemaElement | undefined): ((cell: unknown) => unknown) | null {
  if (!element) return null;
  const { converted_type: converted, logical_type: logical } = element;
  if (converted === "DECIMAL" || logical?.type === "DECIMAL") {
    // It multiplies by a power of ten, which is off by a rounding: 1.15 would be 1.1500000000000001.
    const digits = element.scale ?? 0;
    return (cell) => Number((cell as number).toFixed(digits));
  }
  const isWall = logical?.type === "TIMESTAMP" && !logical.isAdjustedToUTC;
  const isDay = converted === "DATE" || logical?.type === "DATE";
  return (cell) => {
    if (!(cell instanceof Date)) return cell;
    const text = cell.toISOString();
    return new Moment(isDay ? text.slice(0, 10) : isWall ? text.slice(0, -1) : text);
  };
}

async function attempt<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code !== undefined) throw describe(file, error);
    throw new SourceError(
      `The Parquet file ${file} cannot be read: ${error instanceof Error ? error.message.slice(0, 200) : String(error)}.`,
      "It may be cut off or damaged, or use what is not known here: read it with another tool and write it again.",
      { cause: error },
    );
  }
}
