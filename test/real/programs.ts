import { spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { until } from "../support/kafka-until.ts";

/** The commands of a Python environment of its own, made when it is not there. */
export function environment(name: string, packages: readonly string[]): string {
  const directory = fileURLToPath(new URL(`../../.cache/serving/${name}`, import.meta.url));
  const bin = join(directory, "bin");
  if (existsSync(join(directory, "complete"))) return bin;
  for (const [command, ...args] of [
    ["python3", "-m", "venv", directory],
    [join(bin, "pip"), "install", "--quiet", ...packages],
  ] as const) {
    const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`);
  }
  writeFileSync(join(directory, "complete"), "");
  return bin;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server that is gone, with all that it started, when the test is. */
export function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): () => string {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
  onTestFinished(async () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    process.kill(-child.pid, "SIGTERM");
    await ended;
  });
  return () => said;
}

/** Resolves once a server does; what it said meanwhile is told when it does not. */
export async function answers(url: string, said: () => string, within = 180_000): Promise<void> {
  await until(url, async () => (await fetch(url).catch(() => null))?.ok === true, within).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${said()}`);
  });
}
