import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { until } from "./kafka-until.ts";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

export type Daemon = {
  readonly process: ChildProcess;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
  /** An answer of its API, as JSON. */
  get<T>(path: string): Promise<T>;
};

/** The built daemon as a process of its own, as its users start it. Waits until it says that it is ready. */
export async function startDaemon(directory: string, configFile = "driftwatch.yaml"): Promise<Daemon> {
  const file = join(directory, "data", "daemon.json");
  const before = existsSync(file) ? readFileSync(file, "utf8") : null;
  const daemon = spawnDriftwatch(directory, ["run", "--config", configFile, "--port", "0"]);
  await until(
    "the daemon to be ready",
    () => {
      if (daemon.process.exitCode !== null) throw new Error(`the daemon ended: ${daemon.stderr()}`);
      return existsSync(file) && readFileSync(file, "utf8") !== before;
    },
    60_000,
  );
  const { url, token } = JSON.parse(readFileSync(file, "utf8")) as { url: string; token: string };
  return {
    ...daemon,
    async get(path) {
      const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as never;
    },
  };
}

/** One command of the built program. It is gone when the test is. */
export function spawnDriftwatch(directory: string, args: readonly string[]): Omit<Daemon, "get"> & { stdout: () => string } {
  const child = spawn(process.execPath, [main, ...args], { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  let stdout = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => resolve(code));
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return { process: child, stderr: () => stderr, stdout: () => stdout, exited };
}
