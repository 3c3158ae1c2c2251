import { expect, test } from "vitest";
import { DAY, HOUR, MINUTE } from "../../src/model/time.ts";
import type { Transition } from "../../src/model/alert.ts";
import { exampleRule } from "../alerting/examples.ts";
import { play, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { fileBaseline, toyConfig } from "../support/toy-config.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

const START = Date.UTC(2026, 0, 10);
const WINDOW = 5 * MINUTE;
const ROWS = 30;

const row = (time: number, id: string, colour: string | null) => ({
  type: "prediction",
  id,
  model: "toy",
  version: "1",
  time: new Date(time).toISOString(),
  features: { colour },
  prediction: "yes",
  score: 0.9,
});

/** Rows of some windows; in every other one the feature is gone. */
const windows = (from: number, count: number, isGone: (index: number) => boolean) =>
  Array.from({ length: count * ROWS }, (_, index) => {
    const window = Math.floor(index / ROWS);
    return row(from + window * WINDOW + (index % ROWS) * 5_000, `${from}-${index}`, isGone(window) ? null : "red");
  });

test("R29 a daemon that was down for six hours catches up with 72 windows and tells how they ended, once", async () => {
  const directory = scratchDirectory();
  const receiver = await startWebhookReceiver();
  const baseline = fileBaseline(
    directory,
    windows(START - 2 * DAY, 100, () => false),
  );
  const rule = exampleRule({
    name: "gone",
    measure: { metric: "missing_rate", of: "features", baseline: "training", window: WINDOW, every: WINDOW },
    fire: { above: new Map([["missing_rate", 0.1]]), drop: null, falseAlarms: 0.01 },
    clear: { below: new Map([["missing_rate", 0.05]]), drop: null, pValue: 0.2, evaluations: 1 },
    evaluations: 1,
    atLeastRows: 10,
    notify: ["ops"],
  });
  const config = {
    ...toyConfig(directory, { bucket: WINDOW, lateness: 0, baselines: [baseline] }, [rule]),
    channels: new Map([["ops", { type: "webhook", name: "ops", repeatEvery: null, url: receiver.url, secret: null }] as const]),
  };
  const { app, transitions } = await startProgram(config, { effects: true });
  // Two windows more: the last of the six hours closes when something follows.
  await play(
    app,
    windows(START, (6 * HOUR) / WINDOW + 1, (index) => index % 2 === 0),
  );
  await app.outbox.settle();
  const told = transitions.filter(({ notify }: Transition) => notify.length > 0);
  expect(told.length).toBeGreaterThanOrEqual(72);
  expect(receiver.requests).toHaveLength(1);
  const { data } = JSON.parse(receiver.requests[0]?.body ?? "") as { data: { alerts: { state: string; subject: string }[] } };
  expect(data.alerts.map(({ state, subject }) => [state, subject])).toEqual([[told.at(-1)?.to, "colour"]]);
  await receiver.stop();
}, 120_000);
