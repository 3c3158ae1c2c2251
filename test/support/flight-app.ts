import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createApp, type AppOptions } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { silentLog } from "../../src/log.ts";
import type { Transition } from "../../src/model/alert.ts";
import type { Config } from "../../src/model/settings.ts";
import { loaded } from "../config/workplace.ts";
import { onceARun } from "./once-a-run.ts";
import { startProgram } from "./program.ts";
import { scratchDirectory } from "./scratch.ts";

const root = new URL("../../", import.meta.url);
export const FLIGHTS = fileURLToPath(new URL("examples/flights/", root));

/** The demo's configuration, with a store of its own and nobody to tell. */
export function flightConfig(path: string, changes: Partial<Config> = {}): Config {
  const file = `${FLIGHTS}driftwatch.yaml`;
  const config = loaded(loadConfig({ file, env: {}, shippedAlerts: fileURLToPath(new URL("alerts", root)) }));
  return {
    ...config,
    store: { kind: "embedded", path },
    channels: new Map(),
    rules: config.rules.map((rule) => ({ ...rule, notify: [] })),
    ...changes,
  };
}

/** A new store that holds the flights' baselines and no events: as the program leaves it that is started once and stopped. */
export async function storeOfFlights(path = scratchDirectory()): Promise<string> {
  const started = await onceARun("flights-started", async (directory) => {
    const app = await createApp(flightConfig(directory), { log: silentLog, tickEvery: null, sources: [] });
    await app.start();
    await app.stop();
  });
  return copyOfStore(started, path);
}

/** A closed store again, in another directory. */
export function copyOfStore(path: string, copy = scratchDirectory()): string {
  // The engine's own links are relative, and are to lead into the copy.
  cpSync(path, copy, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  return copy;
}

/** The whole program on the flights, ticking only when told to; `transitions` collects what alerts did, in order. */
export const startFlightApp = (path: string, changes: Partial<Config> = {}, options: Partial<AppOptions> = {}) =>
  startProgram(flightConfig(path, changes), { sources: [], ...options });

export type Episode = {
  readonly rule: string;
  readonly version: string;
  readonly subject: string;
  readonly fired: string;
  readonly resolved: string | null;
};

/** Alerts as a person counts them: from firing to resolved, by the days on which each became known. */
export function episodes(transitions: readonly Transition[]): Episode[] {
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  return transitions
    .filter((change) => change.to === "firing" && change.from === "pending")
    .concat(transitions.filter((change) => change.to === "firing" && change.from === "normal"))
    .map((fired) => {
      const resolved = transitions.find((change) => change.to === "resolved" && change.alertId === fired.alertId);
      return {
        rule: fired.key.rule,
        version: fired.key.version,
        subject: fired.key.subject,
        fired: day(fired.window.to),
        resolved: resolved ? day(resolved.window.to) : null,
      };
    })
    .sort((a, b) => (a.fired + a.rule + a.version + a.subject < b.fired + b.rule + b.version + b.subject ? -1 : 1));
}
