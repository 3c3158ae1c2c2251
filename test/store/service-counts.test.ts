import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Prediction } from "../../src/model/event.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { createLayouts } from "../../src/store/layouts.ts";
import { openStore } from "../../src/store/open.ts";
import { createPredictionEncoder, insertPredictions, type PredictionRow } from "../../src/store/predictions.ts";
import { countService } from "../../src/store/service-counts.ts";
import { supersede } from "../../src/store/settle.ts";
import type { Store } from "../../src/store/store.ts";
import { readVersions } from "../../src/store/versions.ts";
import { prediction, predictionOf } from "../ingest/examples.ts";
import { scratchDirectory } from "../support/scratch.ts";

const START = Date.parse("2026-03-01T00:00:00Z");
let store: Store;
beforeEach(async () => {
  store = await openStore({ kind: "embedded", path: scratchDirectory() });
});
afterEach(() => store.close());

function request(id: string, { content = 1, ...changes }: Partial<Prediction> & { content?: number } = {}): PredictionRow {
  return {
    prediction: { ...predictionOf(prediction), model: "m", id, version: "1", time: START, latencyMs: null, ...changes },
    precedence: { time: 0, latency: 0, content },
  };
}

const insert = (rows: readonly PredictionRow[]) => {
  const layouts = createLayouts();
  return insertPredictions(store, createPredictionEncoder(layouts)(rows), layouts);
};

const volume = () =>
  store.query(
    "SELECT version, toUnixTimestamp(time) * 1000 AS time, requests, errors, predictions, labelled FROM v_volume ORDER BY time, version",
  );

describe("service counts", () => {
  it("count requests and failures by version and bucket, each id once, and again after more came", async () => {
    await insert([
      request("a"),
      request("a"),
      request("b", { status: "error" }),
      request("c", { version: "2" }),
      request("d", { time: START + HOUR }),
    ]);
    await countService(store, "m", HOUR, [START, START + HOUR], 1);
    const first = { version: "1", time: START, requests: 2, errors: 1, predictions: 1, labelled: null };
    const second = { version: "2", time: START, requests: 1, errors: 0, predictions: 1, labelled: null };
    const later = { version: "1", time: START + HOUR, requests: 1, errors: 0, predictions: 1, labelled: null };
    expect(await volume()).toEqual([first, second, later]);
    await insert([request("e")]);
    await countService(store, "m", HOUR, [START], 2);
    expect(await volume()).toEqual([{ ...first, requests: 3, predictions: 2 }, second, later]);
    expect(await readVersions(store, "m")).toEqual([
      { version: "1", rows: 3, labelled: 0, firstSeen: START, lastSeen: START + HOUR },
      { version: "2", rows: 1, labelled: 0, firstSeen: START, lastSeen: START },
    ]);
  });

  it("forget a version whose only row lost to another of its id", async () => {
    await insert([request("a", { version: "2" })]);
    await countService(store, "m", HOUR, [START], 1);
    await insert([request("a", { version: "1", content: 2 })]);
    expect(await supersede(store, { model: "m", bucketMs: HOUR, buckets: [START] }, "buckets", async () => {})).toBe(1);
    await countService(store, "m", HOUR, [START], 2);
    expect(await volume()).toMatchObject([{ version: "1", requests: 1 }]);
  });

  it("give every quantile of latency within one per cent, whatever the window", async () => {
    const latencies = Array.from({ length: 5_000 }, (_, index) => 0.02 * 1.003 ** index);
    await insert(latencies.map((latencyMs, index) => request(`r${index}`, { latencyMs, time: START + (index % 48) * HOUR })));
    const buckets = Array.from({ length: 48 }, (_, index) => START + index * HOUR);
    await countService(store, "m", HOUR, buckets, 1);
    for (const days of [1, 2]) {
      const within = latencies.filter((_, index) => (index % 48) * HOUR < days * DAY);
      const [row] = await store.query<{ found: number[]; total: number }>(
        `SELECT quantilesExactWeighted(0.5, 0.95, 0.99)(latency_ms, requests) AS found, sum(requests) AS total
         FROM v_latency WHERE model = 'm' AND time < fromUnixTimestamp64Milli({to:Int64})`,
        { to: START + days * DAY },
      );
      expect(row?.total).toBe(within.length);
      for (const [index, share] of [0.5, 0.95, 0.99].entries()) {
        // The smallest latency that at least this share of requests does not exceed.
        const truth = within[Math.ceil(share * within.length) - 1] ?? Number.NaN;
        expect(Math.abs((row?.found[index] ?? Number.NaN) / truth - 1)).toBeLessThan(0.0135);
      }
    }
  });

  it("hold latencies of nothing and of months", async () => {
    await insert([request("a", { latencyMs: 0 }), request("b", { latencyMs: 5e9 })]);
    await countService(store, "m", HOUR, [START], 1);
    const rows = await store.query<{ latency_ms: number }>("SELECT latency_ms FROM v_latency ORDER BY latency_ms");
    expect(rows[0]?.latency_ms).toBe(0.001);
    expect(Math.abs((rows[1]?.latency_ms ?? 0) / 5e9 - 1)).toBeLessThan(0.01);
  });
});
