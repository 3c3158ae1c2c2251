// Sends events beside the requests: those only put their event into a list; when that is full, the event is dropped and counted.
import { setTimeout as sleep } from "node:timers/promises";
import { send, toKafkaMessage } from "../producer-typescript/lib/events.js";

const MOST_WAITING = 10_000;
const MOST_AT_ONCE = 1_000;

/** Through Kafka when KAFKA_BROKERS is set, else over HTTP to DRIFTWATCH_URL. */
export async function openSender(env) {
  const { deliver, close: closeClient } = env.KAFKA_BROKERS ? await overKafka(env.KAFKA_BROKERS.split(",")) : overHttp(env);
  const waiting = [];
  const counts = { sent: 0, refused: 0, dropped: 0 };
  let sending = null;

  async function sendAll() {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MOST_AT_ONCE);
      try {
        const refused = await deliver(batch);
        counts.sent += batch.length - refused;
        counts.refused += refused;
      } catch (error) {
        counts.dropped += batch.length;
        console.error(`${batch.length} events are lost: ${error.message}`);
      }
    }
    sending = null;
  }

  return {
    /** Never waits and never throws: an event that cannot be is no reason to fail a request. */
    offer(build) {
      try {
        const event = build();
        if (waiting.length < MOST_WAITING) waiting.push(event);
        else counts.dropped += 1;
      } catch (error) {
        counts.refused += 1;
        console.error(`no event for driftwatch: ${error.message}`);
      }
      sending ??= sendAll();
    },
    counts: () => ({ ...counts, waiting: waiting.length }),
    /** Sends what is left, for as long as there is time. */
    async close() {
      await Promise.race([sending, sleep(10_000)]);
      await closeClient();
    },
  };
}

function overHttp({ DRIFTWATCH_URL: url = "http://127.0.0.1:8080", DRIFTWATCH_TOKEN: token }) {
  return {
    async deliver(batch) {
      const { rejected } = await send(url, batch, { token });
      for (const { reason, message } of rejected.slice(0, 3)) console.error(`driftwatch refused an event (${reason}): ${message}`);
      return rejected.length;
    },
    close: async () => {},
  };
}

async function overKafka(brokers) {
  const { default: kafkajs } = await import("kafkajs");
  const producer = new kafkajs.Kafka({ brokers }).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  return {
    async deliver(batch) {
      const messages = (type) => batch.filter((event) => event.type === type).map(toKafkaMessage);
      const topicMessages = [
        { topic: "driftwatch.predictions", messages: messages("prediction") },
        { topic: "driftwatch.labels", messages: messages("label") },
      ].filter((topic) => topic.messages.length > 0);
      await producer.sendBatch({ topicMessages });
      return 0;
    },
    close: () => producer.disconnect(),
  };
}
