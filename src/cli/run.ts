import { setTimeout as sleep } from "node:timers/promises";
import { createApp } from "../app.ts";
import { loadConfig } from "../config/load.ts";
import { formatProblems } from "../config/problem.ts";
import { createLog } from "../log.ts";
import { isLoopback } from "../model/address.ts";
import type { Config } from "../model/settings.ts";
import { SECOND } from "../model/time.ts";
import { daemonFilePath, findDaemon, removeDaemonFile, writeDaemonFile } from "./daemon-file.ts";
import { CliFailure, configFailure } from "./failure.ts";
import { SHIPPED_ALERTS } from "./paths.ts";
import { serveApp } from "./serve.ts";

export type RunOptions = {
  readonly configFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host?: string;
  readonly port?: number;
};

/** Exit code of a process that should be started again by its supervisor: something broke that it cannot mend itself. */
const EXIT_RESTART = 75;

/** How long what is in hand may take to end. What is left then is read again at the next start, so nothing is lost by going. */
const STOP_WITHIN = 10 * SECOND;

/** The daemon: runs until it is told to stop, or something breaks that cannot heal. Resolves with the exit code. */
export async function runDaemon(options: RunOptions): Promise<number> {
  const loaded = loadConfig({ file: options.configFile, env: options.env, shippedAlerts: SHIPPED_ALERTS });
  if (!loaded.ok) throw configFailure(loaded.problems);
  if (loaded.warnings.length > 0) process.stderr.write(`${formatProblems(loaded.warnings)}\n`);
  const http = {
    ...loaded.config.http,
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.port === undefined ? {} : { port: options.port }),
  };
  if (!isLoopback(http.host) && http.tokens.length === 0) {
    throw new CliFailure(
      `--host ${http.host} would open the API to others, and no token is configured.`,
      "Configure http.tokens, or bind to 127.0.0.1.",
      2,
    );
  }
  return keepRunning({ ...loaded.config, http });
}

async function keepRunning(config: Config): Promise<number> {
  const log = createLog();
  const file = daemonFilePath(config.store);
  await refuseSecondDaemon(file);
  let finish: (code: number) => void = () => {};
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  let url: string | null = null;
  const app = await createApp(config, {
    log,
    onFatal: (error) => {
      log.error("driftwatch cannot go on", { error: error.message, hint: (error as { hint?: string }).hint });
      finish(EXIT_RESTART);
    },
    link: () => config.http.publicUrl ?? url,
  });
  let close = async (): Promise<void> => {};
  const stop = (signal: string) => {
    log.info("stopping", { signal });
    finish(0);
  };
  const stopAll = async (): Promise<boolean> => {
    if (file !== null) removeDaemonFile(file);
    await close();
    await app.stop();
    return true;
  };
  const late = async (): Promise<boolean> => {
    // Something hangs. A process that stayed for it would keep the group and the store from the next one.
    await sleep(STOP_WITHIN);
    log.error("what was in hand did not end in time and is left; it will be read again", { seconds: STOP_WITHIN / SECOND });
    return false;
  };
  let stopped: Promise<boolean> | null = null;
  const inTime = () => (stopped ??= Promise.race([stopAll(), late()]));
  process.once("SIGTERM", () => stop("SIGTERM"));
  process.once("SIGINT", () => stop("SIGINT"));
  try {
    // The port first: a second daemon beside a server store should fail before it joins the consumer group.
    const server = await serveApp(app, { host: config.http.host, port: config.http.port, log });
    close = () => server.close();
    url = server.url;
    // A signal while baselines load must not wait for them.
    await Promise.race([app.start(), finished]);
    if (file !== null && app.isStarted())
      writeDaemonFile(file, { url, token: app.localToken, pid: process.pid, startedAt: new Date().toISOString() });
    log.info("driftwatch is running", {
      url,
      store: app.store.location,
      models: [...config.models.keys()],
      kafka: config.kafka?.brokers ?? null,
    });
    const code = await finished;
    return (await inTime()) || code !== 0 ? code : 1;
  } finally {
    await inTime();
  }
}

async function refuseSecondDaemon(file: string | null): Promise<void> {
  const daemon = file === null ? null : await findDaemon(file);
  if (daemon === null) return;
  throw new CliFailure(
    `A daemon already owns this store: process ${daemon.pid} at ${daemon.url}.`,
    "Stop it first, or give this one another store.path.",
  );
}
