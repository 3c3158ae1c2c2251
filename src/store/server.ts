import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import type { StoreSettings } from "../model/settings.ts";
import { createStore } from "./connection.ts";
import type { Store } from "./store.ts";

/** Connects to a ClickHouse server and makes the database when it is not there. */
export async function openServerStore(settings: Extract<StoreSettings, { kind: "server" }>): Promise<Store> {
  const shared = {
    url: settings.url,
    username: settings.username,
    password: settings.password,
    application: "driftwatch",
    // Below the 10 s keep-alive of a default server, so that no request meets a closing socket.
    keep_alive: { enabled: true, idle_socket_ttl: 2_500, eagerly_destroy_stale_sockets: true },
    request_timeout: 120_000,
    // Every failure is thrown, and told once by whoever asked.
    log: { level: ClickHouseLogLevel.OFF },
  };
  const admin = createClient({ ...shared, max_open_connections: 1 });
  const store = createStore({
    kind: "server",
    location: redact(settings.url),
    writer: createClient({
      ...shared,
      database: settings.database,
      max_open_connections: 4,
      clickhouse_settings: { async_insert: 0, wait_end_of_query: 1 },
    }),
    reader: createClient({
      ...shared,
      database: settings.database,
      max_open_connections: 8,
      // Not 2: that would let a question read and write files, and reach other hosts.
      clickhouse_settings: { readonly: "1", max_execution_time: 60, output_format_json_quote_64bit_integers: 0 },
    }),
    onClose: () => admin.close(),
  });
  const setup = createStore({ kind: "server", location: redact(settings.url), writer: admin, reader: admin });
  try {
    await setup.execute("CREATE DATABASE IF NOT EXISTS {database:Identifier}", { database: settings.database });
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

function redact(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}`;
}
