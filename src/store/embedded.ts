import { accessSync, constants, mkdirSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient, type ClickHouseClient } from "@clickhouse/client";
import { createChdbConnection } from "chdb/connection";
import { createStore, MONTHS_PER_STATEMENT } from "./connection.ts";
import { StoreError, type Store } from "./store.ts";

/** What the planner may leave out: of statements as long as ours this search alone is a quarter of the planning, and finds nothing. */
const PLANNING = "SET optimize_and_compare_chain = 0";

/** Bounds on one question, so that none can starve ingestion of memory. */
const READER_SETTINGS = [
  PLANNING,
  "SET max_execution_time = 60",
  "SET max_memory_usage = 2000000000",
  "SET max_threads = 2",
  "SET output_format_json_quote_64bit_integers = 0",
  "SET readonly = 1",
];
const WRITER_SETTINGS = [
  PLANNING,
  "SET max_threads = 2",
  "SET async_insert = 0",
  `SET max_partitions_per_insert_block = ${MONTHS_PER_STATEMENT}`,
];

/**
 * Opens ClickHouse inside this process, its data in a directory. One process at a time may hold a directory.
 * Errors are `StoreError`s that say what to do.
 */
export async function openEmbeddedStore(path: string): Promise<Store> {
  const directory = join(path, "clickhouse");
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw new StoreError(`The data directory ${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`, {
      hint: "Give this user the right to write there, or name another directory in store.path.",
      retryable: false,
      cause: error,
    });
  }
  const clients: ClickHouseClient[] = [];
  const connect = (): ClickHouseClient => {
    const client = createClient({ connection: createChdbConnection({ path: directory }) } as never);
    clients.push(client);
    return client;
  };
  try {
    const writer = connect();
    const reader = connect();
    const writeNative = await spooled(writer, join(path, "spool"));
    for (const setting of WRITER_SETTINGS) await writer.command({ query: setting });
    for (const setting of READER_SETTINGS) await reader.command({ query: setting });
    return createStore({ kind: "embedded", location: path, writer, reader, writeNative });
  } catch (error) {
    // What is left open would keep the directory from whoever tries again.
    for (const client of clients) await client.close();
    throw openError(path, directory, error);
  }
}

/**
 * The embedded connection takes text only; binary rows go by way of a file, which is gone when they are stored. What a
 * crash leaves there was never acknowledged.
 */
async function spooled(
  writer: ClickHouseClient,
  directory: string,
): Promise<(into: string, blocks: readonly Uint8Array[]) => Promise<void>> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  let number = 0;
  return async (into, blocks) => {
    const file = join(directory, `${number++}`);
    try {
      await writeFile(file, blocks);
      await writer.command({
        query: `${into} FROM INFILE ${quoted(file)} COMPRESSION 'none' FORMAT Native`,
      });
    } finally {
      await rm(file, { force: true });
    }
  };
}

/** A text as SQL writes it. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function openError(path: string, directory: string, error: unknown): StoreError {
  const owner = otherOwner(directory);
  if (owner !== null) {
    return new StoreError(`Another process (${owner}) has the data directory ${path} open.`, {
      hint: "An embedded store has one owner. Talk to the running daemon (commands do so by themselves when it is alive), stop it, or set store.path to another directory.",
      retryable: false,
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new StoreError(`The embedded store in ${path} cannot be opened: ${message.split("\n", 1)[0]}`, {
    hint: "If the directory was copied while in use, copy it again; if its disk is full, free some space.",
    retryable: false,
    cause: error,
  });
}

/**
 * The process that holds a directory which could not be opened, or null when that was not the reason. The engine says
 * why on stderr only; but who takes the lock writes its number into `status` at once, so another's there is its owner's.
 */
function otherOwner(directory: string): string | null {
  try {
    const owner = /^PID: (\d+)$/m.exec(readFileSync(join(directory, "status"), "utf8"))?.[1] ?? null;
    return owner === String(process.pid) ? null : owner;
  } catch {
    return null;
  }
}
