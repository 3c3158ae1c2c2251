import { expect, onTestFinished } from "vitest";
import { createApp, type App, type AppOptions } from "../../src/app.ts";
import { silentLog } from "../../src/log.ts";
import type { Transition } from "../../src/model/alert.ts";
import type { Config } from "../../src/model/settings.ts";
import { messagesOf } from "./messages.ts";

/** The whole program, ticking only when told to; `transitions` collects what alerts did, in order. */
export async function startProgram(
  config: Config,
  options: Partial<AppOptions> = {},
): Promise<{ readonly app: App; readonly transitions: readonly Transition[] }> {
  const transitions: Transition[] = [];
  const app = await createApp(config, {
    log: silentLog,
    tickEvery: null,
    onTransitions: (changed) => transitions.push(...changed),
    ...options,
  });
  // The engine holds one directory a process: a test that fails must let go of its own.
  onTestFinished(() => app.stop());
  await app.start();
  return { app, transitions };
}

/** Brings events in, none of which may be refused. It does not tick. */
export async function ingest(app: App, events: readonly (object | string)[]): Promise<void> {
  expect((await app.pipeline.ingest(messagesOf(events))).rejected).toEqual([]);
}

/** Brings events in and lets the program look, after each list. */
export async function play(app: App, ...lists: readonly (readonly object[])[]): Promise<void> {
  for (const events of lists) {
    await ingest(app, events);
    app.watermarks.finish();
    await app.tick();
  }
}
