import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@clickhouse/client";
import type { StoreSettings } from "../../src/model/settings.ts";

type ServerSettings = Extract<StoreSettings, { kind: "server" }>;

/** A ClickHouse server to test against: the one that CLICKHOUSE_URL names, else a front over the embedded engine. */
export async function startClickHouse(): Promise<{ settings: ServerSettings; stop: () => Promise<void> }> {
  const database = `driftwatch_test_${randomBytes(6).toString("hex")}`;
  const given = process.env["CLICKHOUSE_URL"];
  if (given === undefined) {
    const front = await startFront();
    return { settings: { ...front.settings, database }, stop: front.stop };
  }
  const url = new URL(given);
  const settings: ServerSettings = {
    kind: "server",
    url: url.origin,
    database,
    username: decodeURIComponent(url.username) || "default",
    password: decodeURIComponent(url.password),
  };
  return {
    settings,
    async stop() {
      const client = createClient({ url: settings.url, username: settings.username, password: settings.password });
      await client.command({ query: "DROP DATABASE IF EXISTS {database:Identifier}", query_params: { database } });
      await client.close();
    },
  };
}

/** The front alone, whatever the environment says: for what a shared server must not be asked to do. */
export async function startFront(): Promise<{ settings: ServerSettings; stop: () => Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), "driftwatch-front-"));
  const password = randomBytes(8).toString("hex");
  const child = fork(fileURLToPath(new URL("clickhouse-front-process.mjs", import.meta.url)), [directory, "driftwatch", password], {
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  const [message] = (await Promise.race([once(child, "message"), exited])) as [{ port: number } | number | null];
  if (message === null || typeof message === "number") throw new Error(`The ClickHouse front ended with ${message}.`);
  return {
    settings: { kind: "server", url: `http://127.0.0.1:${message.port}`, database: "driftwatch", username: "driftwatch", password },
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
