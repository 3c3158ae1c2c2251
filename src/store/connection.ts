import { Readable } from "node:stream";
import type { ClickHouseClient } from "@clickhouse/client";
import { StoreError, toNdjson, type QueryParams, type Store, type Table } from "./store.ts";

/** Bounds of one insert (a larger one is split): bytes of text, so that neither side holds much at once. */
const INSERT_BYTES = 16 * 1024 * 1024;
const INSERT_ROWS = 20_000;

/**
 * Months that one statement may write: any (0). The usual 100 would refuse the counts of a file that reaches back nine
 * years, and a migration that moves such rows, for good.
 */
export const MONTHS_PER_STATEMENT = "0";

/**
 * A store over two clients. `writer` inserts and alters; `reader` cannot. Settings stand in the SQL: the embedded
 * connection keeps those sent beside it for every later statement.
 */
export function createStore(options: {
  kind: Store["kind"];
  location: string;
  writer: ClickHouseClient;
  reader: ClickHouseClient;
  /** Runs an INSERT that ends with its columns, with rows in blocks of the Native form. */
  writeNative: (into: string, blocks: readonly Uint8Array[]) => Promise<void>;
  onClose?: () => Promise<void>;
}): Store {
  const { kind, location, writer, reader } = options;
  let lastQuestion: Promise<unknown> = Promise.resolve();

  async function ask<Row>(sql: string, params?: QueryParams): Promise<Row[]> {
    try {
      const result = await reader.query({ query: sql, format: "JSONEachRow", ...asSent(params) });
      return await result.json<Row>();
    } catch (error) {
      if (kind === "embedded") await discardAnswer(reader);
      throw describe(error, location);
    }
  }

  function query<Row>(sql: string, params?: QueryParams): Promise<Row[]> {
    if (kind === "server") return ask(sql, params);
    // One at a time (the embedded connection does no more anyway): the next must not get what a failed one left.
    const answer = lastQuestion.then(() => ask<Row>(sql, params));
    lastQuestion = answer.catch(() => {});
    return answer;
  }

  async function execute(sql: string, params?: QueryParams): Promise<void> {
    try {
      await writer.command({ query: sql, ...asSent(params) });
    } catch (error) {
      throw describe(error, location);
    }
  }

  async function insertBlock(table: Table, text: string): Promise<void> {
    const sql = `INSERT INTO ${table} SETTINGS async_insert=0, input_format_skip_unknown_fields=0 FORMAT JSONEachRow`;
    try {
      const result = await writer.exec({ query: sql, values: Readable.from([Buffer.from(text)], { objectMode: false }) });
      // The stream of an INSERT is empty; reading it to its end is what frees the connection.
      for await (const _ of result.stream) continue;
    } catch (error) {
      throw describe(error, location);
    }
  }

  async function insert(table: Table, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    let block: string[] = [];
    let bytes = 0;
    for (let start = 0; start < rows.length; start += 500) {
      const text = toNdjson(rows.slice(start, start + 500));
      if (block.length > 0 && (bytes + text.length > INSERT_BYTES || block.length * 500 >= INSERT_ROWS)) {
        await insertBlock(table, block.join("\n"));
        block = [];
        bytes = 0;
      }
      block.push(text);
      bytes += text.length;
      // Other work (heartbeats, requests) shares this thread: give way between slices.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (block.length > 0) await insertBlock(table, block.join("\n"));
  }

  async function insertNative(
    table: Table,
    columns: readonly string[],
    { blocks }: { readonly blocks: readonly Uint8Array[] },
  ): Promise<void> {
    try {
      await options.writeNative(`INSERT INTO ${table} (${columns.join(", ")})`, blocks);
    } catch (error) {
      throw describe(error, location);
    }
  }

  async function close(): Promise<void> {
    await reader.close();
    await writer.close();
    await options.onClose?.();
  }

  return { kind, location, query, execute, insert, insertNative, close };
}

/** Whole numbers beyond 2^53 go as big ones: the embedded connection takes them for integers that have lost digits, and refuses. */
function asSent(params: QueryParams | undefined): { query_params?: Record<string, unknown> } {
  if (!params) return {};
  const isLarge = (value: unknown): value is number => Number.isInteger(value) && !Number.isSafeInteger(value);
  const sent = (value: unknown) => (isLarge(value) ? BigInt(value) : value);
  return {
    query_params: Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, Array.isArray(value) ? value.map(sent) : sent(value)]),
    ),
  };
}

/**
 * A question that fails half-way leaves the rows it had by then to the embedded connection, which puts them before its
 * next answer. So there is one more answer, for nobody.
 */
async function discardAnswer(reader: ClickHouseClient): Promise<void> {
  try {
    const result = await reader.query({ query: "SELECT 1", format: "JSONEachRow" });
    await result.text();
  } catch {
    // It is the engine that fails: the next question will say so.
  }
}

/** ClickHouse error codes that time may heal: timeouts, memory, too many parts or queries, disk full, network. */
const RETRYABLE_CODES = new Set(["159", "160", "202", "209", "210", "241", "243", "252", "319", "425", "999"]);

function describe(error: unknown, location: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  const network = isNetworkError(error);
  if (network) {
    return new StoreError(`ClickHouse at ${location} cannot be reached: ${network}`, {
      hint: "Check that the server runs and that store.url names its HTTP port (8123 by default).",
      retryable: true,
      cause: error,
    });
  }
  if (code === "516" || code === "193" || code === "194") {
    return new StoreError(`ClickHouse at ${location} refuses these credentials.`, {
      hint: "Check store.username and store.password.",
      retryable: false,
      cause: error,
    });
  }
  return new StoreError(`ClickHouse${code ? ` (code ${code})` : ""}: ${firstLine(message)}`, {
    hint:
      code === "243" ? "The disk is full: free some space; nothing acknowledged is lost." : "See the cause for the statement that failed.",
    retryable: code !== null && RETRYABLE_CODES.has(code),
    cause: error,
  });
}

function errorCode(error: unknown): string | null {
  // Not by class: the embedded connection throws that of another package.
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string" && /^\d+$/.test(code)) return code;
  const match = /Code: (\d+)/.exec(error instanceof Error ? error.message : "");
  return match?.[1] ?? null;
}

function isNetworkError(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  // The client's own, for a request that took longer than it may; it has no code.
  if (error instanceof Error && error.message === "Timeout error.") return "no answer in time";
  return typeof code === "string" && /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|EPIPE)/.test(code) ? code : null;
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}
