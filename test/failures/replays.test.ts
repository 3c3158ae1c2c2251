import { describe, expect, onTestFinished, test } from "vitest";
import { createApp } from "../../src/app.ts";
import type { Message } from "../../src/ingest/source.ts";
import { silentLog } from "../../src/log.ts";
import { createLedger, expectNothingLostOrDoubled } from "../support/ledger.ts";
import { readerConfig } from "../support/reader.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { often } from "../support/soak.ts";

async function startProgram() {
  const { config } = readerConfig(scratchDirectory(), { brokers: ["127.0.0.1:1"], topic: "t", group: "g" });
  const app = await createApp(config, { log: silentLog, sources: [], tickEvery: null });
  onTestFinished(() => app.stop());
  await app.start();
  const ledger = createLedger();
  let offset = 0;
  const message = (line: string): Message => ({
    origin: { source: "kafka", topic: "t", partition: 0, offset: String(offset++) },
    bytes: Buffer.from(line),
    timestamp: null,
  });
  return {
    app,
    ledger,
    ingest: (lines: readonly string[]) => app.pipeline.ingest(lines.map(message)),
    async finish() {
      await app.stop();
      return expectNothingLostOrDoubled(ledger, config);
    },
  };
}

describe("events that come again", () => {
  test(
    "R4 long after, with many inserts in between, are there once",
    async () => {
      // A server forgets what it has seen after 100 inserts (1,000 with replicas), where it remembers at all.
      const between = often(120, 10_000);
      const { ledger, ingest, app, finish } = await startProgram();
      const first = ledger.next(1_000);
      await ingest(first);
      for (let insert = 0; insert < between; insert += 1) await ingest(ledger.next(3));
      await app.tick();
      await ingest(first);
      console.log(`R4: ${between} inserts between: ${JSON.stringify(await finish())}`);
    },
    often(120_000, 3_600_000),
  );

  test(
    "R5 one in ten, from a producer that tried again, are counted once",
    async () => {
      const total = often(20_000, 1_000_000);
      const { app, ledger, ingest, finish } = await startProgram();
      const batch = 5_000;
      let repeats = 0;
      let before: readonly string[] = [];
      for (let sent = 0; sent < total; sent += batch) {
        const lines = ledger.next(batch);
        // Some of this batch, and some of the one before.
        const again = [...lines, ...before].filter((_, index) => index % 20 === 0);
        repeats += again.length;
        await ingest([...lines, ...again]);
        before = lines;
        if (sent % 100_000 === 0) await app.tick();
      }
      expect(repeats).toBeGreaterThan(total / 11);
      console.log(`R5: ${repeats} repeats: ${JSON.stringify(await finish())}`);
    },
    often(120_000, 3_600_000),
  );
});
