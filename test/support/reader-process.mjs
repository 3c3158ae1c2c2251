// The built program in a process of its own, with the timing of a test: a member that dies is missed after a second.
//   CONFIG TUNING [BATCH]   reads Kafka; with BATCH, kills itself once that many batches are stored, before the commit
import { createApp } from "../../dist/app.js";
import { loadConfig } from "../../dist/config/load.js";
import { createKafkaSource } from "../../dist/ingest/kafka-source.js";
import { createLog } from "../../dist/log.js";

const [file, tuning, deadly] = process.argv.slice(2);
const loaded = loadConfig({ file, env: {} });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const { config } = loaded;
const log = createLog();
const onFatal = (error) => {
  log.error("driftwatch cannot go on", { error: error.message });
  process.exit(75);
};
const kafka = createKafkaSource({ settings: config.kafka, log, onFatal, now: Date.now, tuning: JSON.parse(tuning) });
let batches = 0;
const source = {
  ...kafka,
  start: (handle) =>
    kafka.start(async (messages, partition) => {
      await handle(messages, partition);
      batches += 1;
      if (batches === Number(deadly)) process.kill(process.pid, "SIGKILL");
    }),
};
const app = await createApp(config, { log, onFatal, sources: [source] });
process.on("disconnect", () => void app.stop().then(() => process.exit(0)));
process.on("message", () => {
  const { partitions, error, gaps, lost } = source.status();
  process.send?.({
    taken: app.pipeline.counters().accepted,
    drained: partitions.every((one) => one.drained),
    read: partitions.length,
    error,
    gaps,
    lost,
  });
});
await app.start();
process.send?.({ started: true });
