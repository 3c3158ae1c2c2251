import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { createApp } from "../app.ts";
import { loadConfig } from "../config/load.ts";
import { startCatcher, type Catcher } from "../demo/catcher.ts";
import { FAULT_FROM, flightFeed } from "../demo/feed.ts";
import { createLog, silentLog } from "../log.ts";
import type { Transition } from "../model/alert.ts";
import type { Channel, Config } from "../model/settings.ts";
import { DAY, SECOND, type Millis } from "../model/time.ts";
import { daemonFilePath, removeDaemonFile, writeDaemonFile, findDaemon } from "./daemon-file.ts";
import { createProgress } from "./demo-progress.ts";
import { demoEnd, feedBytes, whenStopped } from "./demo-story.ts";
import { CliFailure, configFailure } from "./failure.ts";
import { FLIGHT_FILES, FLIGHTS, SHIPPED_ALERTS } from "./paths.ts";
import { serveApp } from "./serve.ts";

export type DemoOptions = {
  readonly port?: number;
  /** Stay up when the year is over, until told to stop. */
  readonly keepOpen: boolean;
  /** Stop feeding at this time (RFC 3339), before the year is over. */
  readonly until?: string;
  /** One JSON object a line on stdout for each alert, instead of text. */
  readonly json: boolean;
  /** Where the demo keeps its store; emptied first. */
  readonly directory?: string;
};

/**
 * A year of flights through the real pipeline into a real embedded store, with real mail and webhooks to the demo's
 * own receiver. Resolves with the exit code.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const until = demoEnd(options.until);
  const wished = demoConfig(options);
  await refuseRunningDemo(wished.store.path);
  rmSync(wished.store.path, { recursive: true, force: true });

  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const catcher = await startCatcher({ secret, port: 8025 });
  const config = withCatcher(wished, catcher, secret);
  const say = (text: string) => progress.say(text);
  const progress = createProgress(feedBytes());
  let url = "";
  const app = await createApp(config, {
    log: process.env["DRIFTWATCH_DEBUG"]
      ? createLog()
      : { ...silentLog, error: (message, facts) => say(`! ${message} ${JSON.stringify(facts ?? {})}`) },
    sources: [],
    tickEvery: null,
    onTransitions: (transitions) => {
      for (const transition of transitions) announce(transition, { url, json: options.json, say });
    },
    link: () => url,
  });
  const server = await serveApp(app, {
    host: config.http.host,
    port: config.http.port,
    log: silentLog,
    links: [{ text: "caught mail and webhooks", href: catcher.url }],
  });
  url = server.url;
  const file = daemonFilePath(config.store);
  if (file !== null) writeDaemonFile(file, { url, token: app.localToken, pid: process.pid, startedAt: new Date().toISOString() });
  const stopped = whenStopped();
  let isStopped = false;
  void stopped.then(() => {
    isStopped = true;
  });

  try {
    say(welcome(url, catcher.url));
    await app.start();
    const begun = performance.now();
    let faultSaid = false;
    let events = 0;
    for await (const stretch of flightFeed(FLIGHT_FILES, DAY, (_file, bytes) => progress.read(bytes))) {
      if (isStopped || (until !== null && stretch.from >= until)) break;
      if (!faultSaid && stretch.from >= FAULT_FROM) {
        say("1 Sep 2013  From today the feed of visib sends kilometres instead of miles. This is the one thing the demo makes up.");
        faultSaid = true;
      }
      await app.pipeline.ingest(stretch.messages);
      events += stretch.messages.length;
      progress.at(stretch.from, events);
      await app.tick();
    }
    if (!isStopped) {
      app.watermarks.finish();
      await app.tick();
      await app.outbox.settle();
    }
    progress.done();
    if (isStopped) {
      say(`Stopped after ${events.toLocaleString("en-GB")} events; the rest of the year was not played.`);
      return 0;
    }
    say(
      farewell({
        url,
        catcherUrl: catcher.url,
        events,
        seconds: (performance.now() - begun) / 1000,
        mails: catcher.mails.length,
        hooks: catcher.hooks.length,
        keepOpen: options.keepOpen,
      }),
    );
    if (options.keepOpen) {
      const ticking = setInterval(() => void app.tick().catch(() => {}), 2 * SECOND);
      await stopped;
      clearInterval(ticking);
    }
    return 0;
  } finally {
    progress.done();
    if (file !== null) removeDaemonFile(file);
    await server.close();
    await app.stop();
    await catcher.close();
  }
}

function demoConfig(options: DemoOptions): Config & { store: { kind: "embedded"; path: string } } {
  const loaded = loadConfig({ file: join(FLIGHTS, "driftwatch.yaml"), env: {}, shippedAlerts: SHIPPED_ALERTS });
  if (!loaded.ok) throw configFailure(loaded.problems);
  const { store, http } = loaded.config;
  const path =
    options.directory === undefined ? (store.kind === "embedded" ? store.path : join("data", "demo")) : resolve(options.directory);
  return { ...loaded.config, store: { kind: "embedded", path }, http: { ...http, port: options.port ?? http.port } };
}

/** The same configuration, telling the receiver that really listens. */
function withCatcher(config: Config, catcher: Catcher, secret: string): Config {
  const told = (channel: Channel): Channel => {
    if (channel.type === "email") return { ...channel, smtp: { ...channel.smtp, port: catcher.smtpPort } };
    const url = `${catcher.url}/hooks/${encodeURIComponent(channel.name)}`;
    return channel.type === "webhook" ? { ...channel, url, secret } : { ...channel, url };
  };
  return {
    ...config,
    channels: new Map([...config.channels].map(([name, channel]) => [name, told(channel)])),
    retraining: new Map(
      [...config.retraining].map(([model, settings]) => [model, { ...settings, url: `${catcher.url}/hooks/retrain`, secret }]),
    ),
  };
}

async function refuseRunningDemo(directory: string): Promise<void> {
  const daemon = await findDaemon(join(directory, "daemon.json"));
  if (daemon === null) return;
  throw new CliFailure(`The demo is running already: ${daemon.url} (process ${daemon.pid}).`, "Look at that one, or stop it first.");
}

function announce(transition: Transition, { url, json, say }: { url: string; json: boolean; say: (text: string) => void }): void {
  const fired = transition.to === "firing" && transition.from !== "recovering" && transition.reason !== "confirmed";
  if (!fired && transition.to !== "resolved") return;
  const { key } = transition;
  const link = `${url}/alerts/${encodeURIComponent(transition.alertId)}`;
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ at: new Date(transition.window.to).toISOString(), state: transition.to, rule: key.rule, model: key.model, version: key.version, subject: key.subject, summary: transition.summary, link })}\n`,
    );
    return;
  }
  say(
    `${day(transition.window.to)}  ${fired ? "FIRING  " : "resolved"}  ${key.rule} · ${key.subject} · ${key.version}\n             ${transition.summary}\n             ${link}`,
  );
}

function day(time: Millis): string {
  // The runtime's own short months differ between versions ("Sept"); these are those of the pages.
  return new Date(time).toUTCString().slice(5, 16);
}

function welcome(url: string, catcherUrl: string): string {
  return [
    "driftwatch demo: a year of flights from LaGuardia, scored at push-back, labelled when they land.",
    `  Watch it at       ${url}`,
    `  Caught mail at    ${catcherUrl}`,
    "  Ask it, in another terminal, with commands such as",
    "    npx driftwatch alerts --config examples/flights/driftwatch.yaml",
    "    npx driftwatch drift --config examples/flights/driftwatch.yaml",
    "  Loading the training data of both model versions first…",
  ].join("\n");
}

function farewell(facts: {
  url: string;
  catcherUrl: string;
  events: number;
  seconds: number;
  mails: number;
  hooks: number;
  keepOpen: boolean;
}): string {
  return [
    `${facts.events.toLocaleString("en-GB")} events in ${Math.round(facts.seconds)} s. ${facts.mails} mails and ${facts.hooks} webhook calls went out: ${facts.catcherUrl}`,
    ...(facts.keepOpen ? [`The story is told; everything stays up at ${facts.url} until Ctrl-C.`] : []),
  ].join("\n");
}
