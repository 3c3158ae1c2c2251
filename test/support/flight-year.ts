import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApp } from "../../src/app.ts";
import { flightFeed } from "../../src/demo/feed.ts";
import { silentLog } from "../../src/log.ts";
import type { Transition } from "../../src/model/alert.ts";
import type { Config } from "../../src/model/settings.ts";
import { DAY } from "../../src/model/time.ts";
import { copyOfStore, FLIGHTS, flightConfig, storeOfFlights } from "./flight-app.ts";
import { onceARun } from "./once-a-run.ts";
import { exampleRetraining } from "./retraining.ts";
import { startWebhookReceiver } from "./webhook-receiver.ts";

/** When it was begun, on the clock on the wall, and what alerts did, in order. */
type Played = { readonly startedAt: number; readonly transitions: readonly Transition[] };
export type FlightYear = Played & { readonly store: string };

/** The demo's year, its made-up fault included, through the whole program: played once a run. The store is a copy of the caller's own. */
export async function flightYear(): Promise<FlightYear> {
  const made = await onceARun("flights-year", async (directory) => {
    const store = join(directory, "store");
    const played = await playFlights(store);
    writeFileSync(join(directory, "played.json"), JSON.stringify(played));
  });
  const played = JSON.parse(readFileSync(join(made, "played.json"), "utf8")) as Played;
  return { ...played, store: copyOfStore(join(made, "store")) };
}

/** The demo's configuration, with two channels that are told of everything; what it would retrain is not, as in the demo. */
export function flightYearConfig(store: string, url: string): Config {
  const flights = flightConfig(store);
  const hook = (name: string) => [name, { type: "webhook", name, repeatEvery: null, url: `${url}/${name}`, secret: null }] as const;
  return {
    ...flights,
    outgoing: { allow: ["127.0.0.1"] },
    channels: new Map([hook("ops"), hook("gone")]),
    rules: flights.rules.map((rule) => ({ ...rule, notify: ["ops", "gone"] })),
    retraining: new Map([["flight-delay", { ...retrainingAt(url), model: "flight-delay", dryRun: true }]]),
  };
}

export const retrainingAt = (url: string) =>
  exampleRetraining({
    launcher: { type: "webhook", url: `${url}/retrain`, secret: null },
    cooldown: 2 * DAY,
    maxPerDay: 1,
    lease: 2 * DAY,
  });

async function playFlights(path: string): Promise<Played> {
  const store = await storeOfFlights(path);
  const startedAt = Date.now();
  const receiver = await startWebhookReceiver();
  const transitions: Transition[] = [];
  const app = await createApp(flightYearConfig(store, receiver.url), {
    log: silentLog,
    tickEvery: null,
    sources: [],
    onTransitions: (changed) => transitions.push(...changed),
  });
  try {
    await app.start();
    for await (const { messages } of flightFeed(
      [join(FLIGHTS, "predictions.ndjson.gz"), join(FLIGHTS, "labels.ndjson.gz")],
      30 * DAY,
      () => {},
    )) {
      await app.pipeline.ingest(messages);
      await app.tick();
    }
    app.watermarks.finish();
    await app.tick();
    await app.outbox.settle();
  } finally {
    await app.stop();
    await receiver.stop();
  }
  return { startedAt, transitions };
}
