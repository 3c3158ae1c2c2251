import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Config } from "../../src/model/settings.ts";
import { openStore } from "../../src/store/open.ts";
import { startFront } from "../support/clickhouse-front.ts";
import { startDaemon } from "../support/daemon.ts";
import { kafkaForTest, kafkaSkipReason, type KafkaForTest } from "../support/kafka.ts";
import { until } from "../support/kafka-until.ts";
import { createLedger, expectNothingLostOrDoubled, type Ledger } from "../support/ledger.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { drain, readerConfig, startReader } from "../support/reader.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { often, SOAK } from "../support/soak.ts";

const PARTITIONS = 3;
const TIMEOUT = often(240_000, 4 * 3_600_000);

describe.skipIf(kafkaSkipReason() !== null)("a process that dies", () => {
  let kafka: KafkaForTest;
  beforeAll(async () => {
    kafka = await kafkaForTest();
  }, 200_000);
  afterAll(() => kafka.close());

  const place = async () => ({ brokers: kafka.brokers, topic: await kafka.createTopic(PARTITIONS), group: kafka.unique("group") });
  const produce = async (topic: string, ledger: Ledger, predictions: number) => {
    const lines = ledger.next(predictions);
    const share = Math.ceil(lines.length / PARTITIONS);
    for (let partition = 0; partition < PARTITIONS; partition += 1)
      await kafka.produce(topic, partition, lines.slice(partition * share, (partition + 1) * share));
  };

  test(
    "R1 by kill -9 under load loses nothing and doubles nothing",
    async () => {
      const kills = Number(process.env["KILLS"] ?? often(4, 500));
      const where = await place();
      const { file, config } = readerConfig(scratchDirectory(), where);
      const ledger = createLedger();
      // Seeded, so that a failure repeats as far as time does.
      const random = mulberry32(20_261_121);
      let midway = 0;
      for (let kill = 0; kill < kills; kill += 1) {
        await produce(where.topic, ledger, 600);
        const reader = await startReader(file);
        await until("some to be stored", async () => (await reader.status()).taken > 0);
        // Until it is dead, however fast the machine: a reader with nothing in hand would survive anything.
        let alive = true;
        const loading = (async () => {
          while (alive) await produce(where.topic, ledger, 30);
        })();
        await sleep(random() * 250);
        if (!(await reader.status()).drained) midway += 1;
        reader.process.kill("SIGKILL");
        await reader.exited;
        alive = false;
        await loading;
        // Not at the end only: of a run that is cut short, what it had seen counts.
        if (kill % 25 !== 24 && kill !== kills - 1) continue;
        await drain(await startReader(file), PARTITIONS);
        const account = await expectNothingLostOrDoubled(ledger, config);
        console.log(`R1: ${kill + 1} kills, ${midway} of them with messages waiting: ${JSON.stringify(account)}`);
      }
      expect(midway).toBeGreaterThan(0);
    },
    TIMEOUT,
  );

  test(
    "R2 by kill -9 between the insert and the commit stores it once",
    async () => {
      const kills = often(3, 100);
      const where = await place();
      const { file, config } = readerConfig(scratchDirectory(), where);
      const ledger = createLedger();
      for (let kill = 0; kill < kills; kill += 1) {
        await produce(where.topic, ledger, often(600, 200));
        const reader = await startReader(file, { dieAfter: 1 });
        expect(await reader.exited).toBeNull();
        // It was stored, and the broker does not know: the next one reads it again.
        const committed = await Promise.all(Array.from({ length: PARTITIONS }, (_, one) => kafka.committed(where.group, where.topic, one)));
        expect(committed).toEqual(Array.from({ length: PARTITIONS }, () => null));
        if (SOAK && kill % 10 === 9) console.log(`R2: ${kill + 1} kills`);
      }
      await drain(await startReader(file), PARTITIONS);
      console.log(`R2: ${kills} kills: ${JSON.stringify(await expectNothingLostOrDoubled(ledger, config))}`);
    },
    TIMEOUT,
  );

  test(
    "R10 by being held for longer than its session, and goes on beside its successor, harms nothing",
    async () => {
      const zombies = often(2, 20);
      const front = await startFront();
      try {
        const where = await place();
        const { file, config } = readerConfig(scratchDirectory(), where, front.settings);
        const ledger = createLedger();
        let [lame, sound] = [await startReader(file), await startReader(file)];
        for (let zombie = 0; zombie < zombies; zombie += 1) {
          const loading = produce(where.topic, ledger, 1_500);
          const before = (await lame.status()).taken;
          await until("some to be stored", async () => (await lame.status()).taken > before);
          lame.process.kill("SIGSTOP");
          await loading;
          await until("its partitions to be taken over", async () => {
            const status = await sound.status();
            return status.read === PARTITIONS && status.drained;
          });
          await produce(where.topic, ledger, 200);
          lame.process.kill("SIGCONT");
          await until("both to share the partitions again", async () => {
            const [one, two] = await Promise.all([lame.status(), sound.status()]);
            return one.read + two.read === PARTITIONS && one.drained && two.drained;
          });
          [lame, sound] = [sound, lame];
        }
        await Promise.all([lame.end(), sound.end()]);
        console.log(`R10: ${zombies} times: ${JSON.stringify(await expectNothingLostOrDoubled(ledger, config))}`);
      } finally {
        await front.stop();
      }
    },
    TIMEOUT,
  );

  test(
    "R3 whose group is set back to the start gives the same answers, to the last bit",
    async () => {
      const where = await place();
      const { file, config } = readerConfig(scratchDirectory(), where);
      const ledger = createLedger();
      await produce(where.topic, ledger, 2_000);
      await drain(await startReader(file), PARTITIONS);
      await expectNothingLostOrDoubled(ledger, config);
      const before = await publicAnswers(config);
      expect(Object.values(before).every((rows) => rows.length > 0)).toBe(true);
      await kafka.admin.resetOffsets({ groupId: where.group, topic: where.topic, earliest: true });
      const again = await startReader(file);
      await until("all of it to be taken again", async () => (await again.status()).taken === ledger.predictions() + ledger.labels());
      await drain(again, PARTITIONS);
      await expectNothingLostOrDoubled(ledger, config);
      expect(await publicAnswers(config)).toEqual(before);
    },
    TIMEOUT,
  );

  test(
    "R56 by SIGTERM under load ends what it has in hand within ten seconds and exits with 0",
    async () => {
      const times = often(2, 50);
      const where = await place();
      const directory = scratchDirectory();
      const { config } = readerConfig(directory, where);
      const ledger = createLedger();
      let slowest = 0;
      for (let time = 0; time < times; time += 1) {
        await produce(where.topic, ledger, 3_000);
        const daemon = await startDaemon(directory);
        const loading = produce(where.topic, ledger, 3_000);
        await until(
          "some to be stored",
          async () => (await daemon.get<{ ingest: { predictions: number } }>("/v1/status")).ingest.predictions > 0,
        );
        const told = performance.now();
        daemon.process.kill("SIGTERM");
        expect(await daemon.exited).toBe(0);
        slowest = Math.max(slowest, performance.now() - told);
        await loading;
      }
      expect(slowest).toBeLessThan(10_000);
      await drain(await startReader(join(directory, "driftwatch.yaml")), PARTITIONS);
      console.log(
        `R56: ${times} times, ${Math.round(slowest)} ms at most: ${JSON.stringify(await expectNothingLostOrDoubled(ledger, config))}`,
      );
    },
    TIMEOUT,
  );
});

/** All that the public views answer of what was counted. */
async function publicAnswers({ store: settings }: Config): Promise<Record<string, unknown[]>> {
  const store = await openStore(settings);
  try {
    const answers: Record<string, unknown[]> = {};
    for (const view of ["v_volume", "v_versions", "v_distributions"])
      answers[view] = await store.query(`SELECT * FROM ${view} ORDER BY ALL`);
    return answers;
  } finally {
    await store.close();
  }
}
