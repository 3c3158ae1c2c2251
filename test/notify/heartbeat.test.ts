import { describe, expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import type { EventSource } from "../../src/ingest/source.ts";
import { silentLog } from "../../src/log.ts";
import { SECOND } from "../../src/model/time.ts";
import { createCall } from "../../src/notify/guarded-call.ts";
import { createHeartbeat } from "../../src/notify/heartbeat.ts";
import { until } from "../support/kafka-until.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { toyConfig } from "../support/toy-config.ts";
import { receiverOfFile } from "../support/receiver-of-file.ts";

const receiver = await receiverOfFile();

describe("the heartbeat", () => {
  it("beats while the work is done, and is withheld while it is not", async () => {
    const state = { reasons: [] as string[] };
    const heartbeat = createHeartbeat({
      settings: { url: receiver.url, every: SECOND },
      call: createCall({ allow: ["127.0.0.1"] }),
      whyNot: () => state.reasons,
      log: silentLog,
    });
    expect(await heartbeat.beat()).toBe(true);
    state.reasons = ["The broker does not answer."];
    expect(await heartbeat.beat()).toBe(false);
    expect(receiver.requests).toHaveLength(1);
    state.reasons = [];
    receiver.answerWith({ status: 500 });
    expect(await heartbeat.beat()).toBe(false);
    expect(receiver.requests).toHaveLength(2);
  });

  it("of a program comes by itself, as long as its passes end well and its events can be read", async () => {
    const state = { error: null as string | null, withheld: [] as unknown[] };
    const source: EventSource = {
      name: "kafka",
      start: async () => {},
      stop: async () => {},
      status: () => ({ running: true, error: state.error, partitions: [], gaps: 0, lost: 0 }),
    };
    const config = { ...toyConfig(scratchDirectory(), { baselines: [] }), heartbeat: { url: receiver.url, every: 50 } };
    const warn = (message: string, facts: unknown) => {
      if (message.startsWith("the heartbeat is withheld")) state.withheld.push(facts);
    };
    const app = await createApp(config, { log: { ...silentLog, warn }, sources: [source], tickEvery: 50 });
    try {
      await app.start();
      await until("three beats", () => receiver.requests.length >= 3);
      state.error = "The broker does not answer.";
      await until("one to be withheld", () => state.withheld.length > 0);
      // What was under way by then has come.
      await until("another to be withheld", () => state.withheld.length > 1);
      const seen = receiver.requests.length;
      const more = state.withheld.length + 3;
      await until("more to be withheld", () => state.withheld.length >= more);
      expect(receiver.requests).toHaveLength(seen);
      expect(state.withheld.at(-1)).toMatchObject({ reasons: expect.stringContaining("The broker does not answer.") as string });
      state.error = null;
      await until("it to beat again", () => receiver.requests.length > seen);
    } finally {
      await app.stop();
    }
  }, 60_000);

  it("R28 of a program whose clock goes back goes on, as its passes do", async () => {
    let reads = 0;
    const source: EventSource = {
      name: "kafka",
      start: async () => {},
      stop: async () => {},
      status: () => ({ running: true, error: null, partitions: [], gaps: 0, lost: 0 }),
    };
    const config = { ...toyConfig(scratchDirectory(), { baselines: [] }), heartbeat: { url: receiver.url, every: 50 } };
    const app = await createApp(config, {
      log: silentLog,
      sources: [source],
      tickEvery: 50,
      clock: () => Date.UTC(2026, 1, 1) - (reads += 1) * 100,
    });
    const passes = async () => Number(/^driftwatch_ticks_total\{outcome="ok"\} (\d+)/m.exec((await app.metrics.scrape()).text)?.[1]);
    try {
      await app.start();
      await until("three passes", async () => (await passes()) >= 3);
      const seen = receiver.requests.length;
      await until("it to beat", () => receiver.requests.length > seen);
    } finally {
      await app.stop();
    }
  }, 60_000);
});
