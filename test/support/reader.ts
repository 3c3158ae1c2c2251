import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblems } from "../../src/config/problem.ts";
import type { Config, StoreSettings } from "../../src/model/settings.ts";
import { until } from "./kafka-until.ts";
import { LEDGER_MODELS } from "./ledger.ts";

/** A member that dies is missed after a second, where the program as shipped takes 45. */
const TUNING = { sessionTimeout: 1_000, rebalanceTimeout: 3_000, heartbeatInterval: 200, maxWaitTimeInMs: 100, progressInterval: 200 };

export type Reader = {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly output: () => string;
  status(): Promise<{ taken: number; drained: boolean; read: number; error: string | null; gaps: number; lost: number }>;
  /** Lets it finish what it has in hand; resolves with the exit code. */
  end(): Promise<number | null>;
};

/** A configuration for the ledger's model, as a file of `directory`. */
export function readerConfig(
  directory: string,
  kafka: { brokers: readonly string[]; topic: string; group: string },
  store?: StoreSettings,
): { file: string; config: Config } {
  const file = join(directory, "driftwatch.yaml");
  const { brokers, topic, group } = kafka;
  const where =
    store?.kind === "server"
      ? { url: store.url, database: store.database, username: store.username, password: store.password }
      : { path: "./data" };
  writeFileSync(
    file,
    `${LEDGER_MODELS}store: ${JSON.stringify(where)}\nkafka: ${JSON.stringify({ brokers, group, topics: { predictions: topic, labels: topic } })}\n`,
  );
  const loaded = loadConfig({ file, env: {} });
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return { file, config: loaded.config };
}

/** The built program, reading. With `dieAfter`, it kills itself once that many batches are stored and not yet committed. */
export async function startReader(file: string, options: { dieAfter?: number; tuning?: object } = {}): Promise<Reader> {
  const { dieAfter, tuning = {} } = options;
  const child = fork(
    fileURLToPath(new URL("reader-process.mjs", import.meta.url)),
    [file, JSON.stringify({ ...TUNING, ...tuning }), ...(dieAfter === undefined ? [] : [String(dieAfter)])],
    { execArgv: [], stdio: ["ignore", "ignore", "pipe", "ipc"] },
  );
  let output = "";
  child.stderr?.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-8_000)));
  const exited = once(child, "exit").then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  if (dieAfter === undefined) {
    const started = await Promise.race([once(child, "message").then(() => true), exited.then(() => false)]);
    if (!started) throw new Error(`the reader ended: ${output}`);
  }
  const reader: Reader = {
    process: child,
    exited,
    output: () => output,
    async status() {
      const answer = once(child, "message");
      child.send({});
      return ((await answer) as [Awaited<ReturnType<Reader["status"]>>])[0];
    },
    async end() {
      child.disconnect();
      return exited;
    },
  };
  return reader;
}

/** Waits until everything produced is read, and ends the reader. */
export async function drain(reader: Reader, partitions: number, withinMs = 120_000): Promise<void> {
  let said = "";
  await until(
    `everything to be read (${said})`,
    async () => {
      const status = await reader.status();
      said = JSON.stringify(status);
      return status.read === partitions && status.drained;
    },
    withinMs,
  );
  await reader.end();
}
