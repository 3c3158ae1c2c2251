import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import kafkajs from "kafkajs";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createPipeline, PIPELINE_LIMITS } from "../../src/ingest/pipeline.ts";
import type { Message } from "../../src/ingest/source.ts";
import { silentLog } from "../../src/log.ts";
import { SECOND } from "../../src/model/time.ts";
import { openStore } from "../../src/store/open.ts";
import type { StoreSettings } from "../../src/model/settings.ts";
import { startFront } from "../support/clickhouse-front.ts";
import { spawnDriftwatch } from "../support/daemon.ts";
import { kafkaForTest, kafkaSkipReason } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { createLedger, expectNothingLostOrDoubled } from "../support/ledger.ts";
import { readerConfig } from "../support/reader.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { often } from "../support/soak.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

type Server = Extract<StoreSettings, { readonly kind: "server" }>;

const MEGABYTE = 1024 * 1024;

describe("a store behind a network that fails", () => {
  let front: Awaited<ReturnType<typeof startFront>>;
  let proxy: TcpProxy;
  let direct: Server;
  let faulty: Server;
  beforeAll(async () => {
    front = await startFront();
    proxy = await startTcpProxy(() => Number(new URL(front.settings.url).port));
  });
  afterEach(() => proxy.restore());
  afterAll(async () => {
    await proxy.stop();
    await front.stop();
  });
  /** A database of its own, seen directly and through the proxy. */
  function newDatabase(query = ""): void {
    const database = `driftwatch_${Math.random().toString(36).slice(2)}`;
    direct = { ...front.settings, database };
    faulty = { ...direct, url: `http://127.0.0.1:${proxy.port}/${query}` };
  }

  /** The program's own way into the store, and no more than that. */
  async function openPipeline() {
    const { config } = readerConfig(scratchDirectory(), { brokers: ["127.0.0.1:1"], topic: "t", group: "g" }, direct);
    const store = await openStore(faulty);
    const pipeline = createPipeline({
      store,
      models: config.models,
      clock: Date.now,
      liveClock: false,
      log: silentLog,
      wait: () => sleep(20),
    });
    onTestFinished(async () => {
      await pipeline.close();
      await store.close();
    });
    let offset = 0;
    const messages = (lines: readonly string[]): Message[] =>
      lines.map((line) => ({
        origin: { source: "kafka", topic: "t", partition: 0, offset: String(offset++) },
        bytes: Buffer.from(line),
        timestamp: null,
      }));
    return { pipeline, config, ingest: (lines: readonly string[]) => pipeline.ingest(messages(lines)) };
  }

  test(
    "R18 a connection that is reset in the middle of an insert is tried again, and nothing is there twice",
    async () => {
      const resets = often(20, 200);
      newDatabase();
      const ledger = createLedger();
      const { pipeline, config, ingest } = await openPipeline();
      for (let reset = 0; reset < resets; reset += 1) {
        const before = proxy.resets();
        const lines = ledger.next(300);
        const bytes = lines.reduce((sum, line) => sum + line.length, 0);
        // From the first byte of the first request to past the middle of the rows.
        proxy.resetAfter(Math.floor(((reset % 20) / 20) * bytes));
        await ingest(lines);
        expect(proxy.resets()).toBe(before + 1);
      }
      expect(pipeline.counters().retries).toBeGreaterThanOrEqual(resets);
      console.log(`R18: ${resets} resets: ${JSON.stringify(await expectNothingLostOrDoubled(ledger, { ...config, store: direct }))}`);
    },
    often(60_000, 600_000),
  );

  test(
    "R19 one that takes the request and never answers is given up in time, and asked again",
    async () => {
      const hangs = often(4, 50);
      newDatabase("?request_timeout=300");
      const ledger = createLedger();
      const { pipeline, config, ingest } = await openPipeline();
      for (let hang = 0; hang < hangs; hang += 1) {
        const before = pipeline.counters().retries;
        proxy.hang();
        const stored = ingest(ledger.next(400));
        await until("it to be given up", () => pipeline.counters().retries > before);
        proxy.restore();
        expect((await stored).rejected).toEqual([]);
      }
      console.log(`R19: ${hangs} times: ${JSON.stringify(await expectNothingLostOrDoubled(ledger, { ...config, store: direct }))}`);
    },
    often(60_000, 600_000),
  );

  test.skipIf(kafkaSkipReason() !== null)(
    "R17 that is away for long leaves a daemon that answers, in bounded memory, and reads on when it is back",
    async () => {
      // What one flush is given, and a little.
      const away = often(PIPELINE_LIMITS.retryFor + 6 * SECOND, 30 * 60 * SECOND);
      newDatabase();
      const kafka = await kafkaForTest();
      onTestFinished(() => kafka.close());
      const where = { brokers: kafka.brokers, topic: await kafka.createTopic(3), group: kafka.unique("group") };
      const directory = scratchDirectory();
      const { config } = readerConfig(directory, where, faulty);
      const daemon = spawnDriftwatch(directory, ["run", "--config", "driftwatch.yaml", "--port", "0"]);
      const said = (pattern: RegExp) => pattern.exec(daemon.stderr())?.[1];
      await until("the daemon to run", () => said(/"driftwatch is running","url":"([^"]+)"/) !== undefined, 60_000);
      const url = said(/"driftwatch is running","url":"([^"]+)"/) ?? "";

      const ledger = createLedger();
      const client = new kafkajs.Kafka({ brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING });
      const producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
      await producer.connect();
      onTestFinished(() => producer.disconnect());
      const produce = async (predictions: number) => {
        const lines = ledger.next(predictions);
        for (let start = 0; start < lines.length; start += 5_000)
          await producer.send({
            topic: where.topic,
            compression: kafkajs.CompressionTypes.GZIP,
            messages: lines.slice(start, start + 5_000).map((value) => ({ value, partition: (start / 5_000) % 3 })),
          });
      };
      await produce(3_000);
      await until("some to be stored", async () => (await lagOf(kafka, where)) === 0, 60_000);
      const idle = rssOf(daemon.process.pid);

      proxy.cut();
      const since = Date.now();
      await produce(often(120_000, 1_000_000));
      let most = 0;
      let slowest = 0;
      while (Date.now() - since < away) {
        const asked = performance.now();
        expect((await fetch(`${url}/healthz`)).status).toBe(200);
        slowest = Math.max(slowest, performance.now() - asked);
        most = Math.max(most, rssOf(daemon.process.pid));
        await sleep(100);
      }
      // Not alive only: it says what it waits for.
      expect(await (await fetch(`${url}/readyz`)).text()).toMatch(/ClickHouse/);
      expect(daemon.process.exitCode).toBeNull();
      expect(most - idle).toBeLessThan(512 * MEGABYTE);

      proxy.restore();
      await until("everything to be stored", async () => (await lagOf(kafka, where)) === 0, often(120_000, 900_000));
      const after = rssOf(daemon.process.pid);
      daemon.process.kill("SIGTERM");
      expect(await daemon.exited).toBe(0);
      const account = await expectNothingLostOrDoubled(ledger, { ...config, store: direct });
      const [base, peak, end] = [idle, most, after].map((bytes) => Math.round(bytes / MEGABYTE));
      console.log(
        `R17: away ${away / SECOND} s; ${base} MB idle, ${peak} MB at most, ${end} MB when read; slowest answer ${Math.round(slowest)} ms: ${JSON.stringify(account)}`,
      );
    },
    often(240_000, 7_200_000),
  );
});

async function lagOf(kafka: Awaited<ReturnType<typeof kafkaForTest>>, { topic, group }: { topic: string; group: string }): Promise<number> {
  let lag = 0;
  for (const { partition, high } of await kafka.admin.fetchTopicOffsets(topic))
    lag += Number(high) - Number((await kafka.committed(group, topic, partition)) ?? 0);
  return lag;
}

function rssOf(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}
