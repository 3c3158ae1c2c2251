import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import type { BaselineRow } from "../model/event.ts";
import type { ModelSettings, TableSettings } from "../model/settings.ts";
import type { Clock } from "../model/time.ts";
import { decodeBaselineRow, type DecodeContext } from "./decode.ts";
import { createNameLists } from "./features.ts";
import { DECODE_LIMITS } from "./limits.ts";
import { describe, readLines } from "./lines.ts";
import { SourceError } from "./source.ts";
import { isParquet, openTable, readTableRows } from "./tables/rows.ts";

/**
 * A file of baseline rows: events, a line each (NDJSON, gzip too), or with `table` columns (CSV, gzip too, or
 * Parquet). Unlike live events a malformed row is an error, with its line: a baseline that silently lacks rows would
 * make every comparison with it wrong.
 */
export async function openBaselineFile(
  { file, table }: { readonly file: string; readonly table: TableSettings | null },
  model: ModelSettings,
  clock: Clock,
): Promise<{ source: string; digest: string; rows(): AsyncIterable<readonly BaselineRow[]> }> {
  const context = { models: new Map([[model.name, model]]), now: clock(), liveClock: false, lists: createNameLists() };
  const digest = await digestOf(file, table);
  if (table === null && (await isParquet(file)))
    throw new SourceError(
      `${file} is a Parquet file, and nothing says what its columns mean.`,
      "Add `columns` beside `file`; see docs/baselines.md.",
    );
  return {
    source: basename(file),
    digest,
    rows: () => someRows(file, table === null ? eventRows(file, model, context) : tableRows(file, table, model, context)),
  };
}

/** Nothing can be compared with no rows, and bins made of them would know no feature. */
async function* someRows(file: string, batches: AsyncIterable<readonly BaselineRow[]>): AsyncGenerator<readonly BaselineRow[]> {
  let rows = 0;
  for await (const batch of batches) {
    rows += batch.length;
    yield batch;
  }
  if (rows === 0) throw new SourceError(`${file} holds no rows.`, "Write the rows the model was trained on to it; see docs/baselines.md.");
}

async function* eventRows(file: string, model: ModelSettings, context: DecodeContext): AsyncGenerator<readonly BaselineRow[]> {
  const topic = basename(file);
  for await (const lines of readLines(file, DECODE_LIMITS.bytes)) {
    yield lines.map(({ number, bytes }) => {
      const decoded = decodeBaselineRow(
        { origin: { source: "file", topic, partition: 0, offset: String(number) }, bytes, timestamp: null },
        context,
      );
      if (decoded.ok) return decoded.row;
      throw new SourceError(
        `${file}:${number}: ${decoded.message}`,
        decoded.reason === "invalid_json"
          ? "A line of a baseline is a prediction event as JSON (docs/events.md); for CSV, add `columns` beside `file` (docs/baselines.md)."
          : `A row of a baseline is a prediction event of model ${model.name} that may carry its label; see docs/events.md.`,
      );
    });
  }
}

async function* tableRows(
  file: string,
  settings: TableSettings,
  model: ModelSettings,
  context: DecodeContext,
): AsyncGenerator<readonly BaselineRow[]> {
  yield* readTableRows(file, await openTable(file, settings), settings, model, context);
}

/** Of a file of columns what they mean belongs to what it holds. */
async function digestOf(file: string, table: TableSettings | null): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw describe(file, error);
  }
  if (table) hash.update(JSON.stringify(table, (_, value: unknown) => (value instanceof Map ? [...value] : value)));
  return hash.digest("hex");
}
