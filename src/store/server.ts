import { Readable } from "node:stream";
import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import type { StoreSettings } from "../model/settings.ts";
import { SECOND } from "../model/time.ts";
import { createStore, MONTHS_PER_STATEMENT } from "./connection.ts";
import { StoreError, type Store } from "./store.ts";

/** Makes a server tell that it works while it does: without, one that hangs looks like one that thinks. */
const PROGRESS = { send_progress_in_http_headers: 1, http_headers_progress_interval_ms: "20000" } as const;

/** Connects to a ClickHouse server and makes the database when it is not there. */
export async function openServerStore(settings: Extract<StoreSettings, { kind: "server" }>): Promise<Store> {
  const shared = {
    url: settings.url,
    username: settings.username,
    password: settings.password,
    application: "driftwatch",
    // Below the 10 s keep-alive of a default server, so that no request meets a closing socket.
    keep_alive: { enabled: true, idle_socket_ttl: 2_500, eagerly_destroy_stale_sockets: true },
    // Of silence, not of work: a server that works says so every 20 s (see below).
    request_timeout: 45 * SECOND,
    // Every failure is thrown, and told once by whoever asked.
    log: { level: ClickHouseLogLevel.OFF },
  };
  const admin = createClient({ ...shared, max_open_connections: 1 });
  const writer = createClient({
    ...shared,
    database: settings.database,
    max_open_connections: 4,
    clickhouse_settings: { ...PROGRESS, async_insert: 0, wait_end_of_query: 1, max_partitions_per_insert_block: MONTHS_PER_STATEMENT },
  });
  const writeNative = async (into: string, blocks: readonly Uint8Array[]) => {
    const result = await writer.exec({
      query: `${into} SETTINGS async_insert=0 FORMAT Native`,
      values: Readable.from(blocks, { objectMode: false }),
    });
    // The stream of an INSERT is empty; reading it to its end is what frees the connection.
    for await (const _ of result.stream) continue;
  };
  const store = createStore({
    kind: "server",
    location: redact(settings.url),
    writer,
    writeNative,
    reader: createClient({
      ...shared,
      database: settings.database,
      max_open_connections: 8,
      // Not 2: that would let a question read and write files, and reach other hosts.
      clickhouse_settings: { ...PROGRESS, readonly: "1", max_execution_time: 60, output_format_json_quote_64bit_integers: 0 },
    }),
    onClose: () => admin.close(),
  });
  const setup = createStore({ kind: "server", location: redact(settings.url), writer: admin, reader: admin, writeNative });
  try {
    await refuseOldServer(setup);
    await setup.execute("CREATE DATABASE IF NOT EXISTS {database:Identifier}", { database: settings.database });
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

/**
 * Older servers prune partitions by time before FINAL has chosen among the rows of one id: a conflict between months
 * would then be counted in both.
 */
const LEAST_VERSION = [26, 3] as const;

async function refuseOldServer(store: Store): Promise<void> {
  const [row] = await store.query<{ version: string }>("SELECT version() AS version");
  if (isRecent(row?.version ?? "")) return;
  throw new StoreError(
    `ClickHouse at ${store.location} is version ${row?.version ?? "unknown"}; driftwatch needs ${LEAST_VERSION.join(".")} or newer.`,
    {
      hint: "Upgrade the server, or use the embedded store (store.path).",
      retryable: false,
    },
  );
}

/** Whether a server's version has what the queries rely on. */
export function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor >= LEAST_VERSION[1]);
}

function redact(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}`;
}
