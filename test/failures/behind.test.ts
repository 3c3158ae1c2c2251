import { expect, test } from "vitest";
import { createApp } from "../../src/app.ts";
import type { EventSource } from "../../src/ingest/source.ts";
import { silentLog } from "../../src/log.ts";
import { openStore } from "../../src/store/open.ts";
import { insertTransitions } from "../../src/store/alerts.ts";
import { exampleTransition } from "../alerting/examples.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { toyConfig } from "../support/toy-config.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

test("while its events cannot be read, nobody is told of a model; when they can, it is told as it ended", async () => {
  const receiver = await startWebhookReceiver();
  const toy = toyConfig(scratchDirectory(), { baselines: [] });
  const channel = { type: "webhook", name: "ops", repeatEvery: null, url: receiver.url, secret: null } as const;
  const config = { ...toy, clock: "live" as const, channels: new Map([["ops", channel]]) };
  const state = { error: "The broker does not answer." as string | null, held: [] as unknown[] };
  const source: EventSource = {
    name: "kafka",
    start: async () => {},
    stop: async () => {},
    status: () => ({ running: true, error: state.error, partitions: [], gaps: 0, lost: 0 }),
  };
  const fired = exampleTransition({ key: { ...exampleTransition().key, model: "toy" } });
  const over = exampleTransition({
    ...fired,
    id: "t2",
    from: "recovering",
    to: "resolved",
    window: { from: fired.window.to, to: fired.window.to + 1 },
  });
  const store = await openStore(config.store);
  await insertTransitions(store, [fired, over]);
  await store.close();

  const warn = (message: string, facts: unknown) => {
    if (message.startsWith("events are behind")) state.held.push(facts);
  };
  const app = await createApp(config, { log: { ...silentLog, warn }, sources: [source], tickEvery: null });
  try {
    await app.start();
    await until("news to be held back", () => state.held.length > 0);
    await app.outbox.settle();
    expect(state.held).toEqual([{ channel: "ops", model: "toy", why: "Events cannot be read from kafka." }]);
    expect(receiver.requests).toHaveLength(0);
    state.error = null;
    await app.outbox.settle();
    expect(receiver.requests.map(({ body }) => (JSON.parse(body) as { data: { alerts: object[] } }).data.alerts)).toMatchObject([
      [{ state: "resolved", fired_untold: true }],
    ]);
  } finally {
    await app.stop();
    await receiver.stop();
  }
});
