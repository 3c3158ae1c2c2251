import type { Admin } from "kafkajs";
import type { KafkaSettings } from "../model/settings.ts";
import { SECOND, type Millis } from "../model/time.ts";
import { explainRefusal, isUnknownTopic, textOf } from "./kafka-failure.ts";
import { sleep, within } from "./patience.ts";
import { SourceError } from "./source.ts";

/** Asks until there is an answer, a refusal that will not pass, or no time left. */
export type Insist = <T>(ask: () => Promise<T>) => Promise<T>;

/** Kafka may be starting beside us, so a refusal is given until `connectWithin` to turn into an answer. */
export function createInsist(settings: KafkaSettings, connectWithin: Millis, stopped: AbortSignal): Insist {
  return async (ask) => {
    const deadline = performance.now() + connectWithin;
    for (let refusal: unknown; ;) {
      const attempt = ask().catch((cause: unknown) => {
        refusal = cause;
        throw cause;
      });
      try {
        return await within(deadline - performance.now(), attempt);
      } catch (cause) {
        const final = explainRefusal(settings, refusal ?? cause)?.passing === false;
        // The refusal tells more than the deadline does.
        if (stopped.aborted || final || performance.now() >= deadline) throw refusal ?? cause;
      }
      await sleep(Math.min(SECOND / 2, Math.max(0, deadline - performance.now())), stopped);
    }
  };
}

/** Connects; rejects with a SourceError unless the brokers answer and every topic is there. */
export async function probe(admin: Admin, settings: KafkaSettings, topics: readonly string[], insist: Insist): Promise<void> {
  const where = settings.brokers.join(", ");
  try {
    await insist(() => admin.connect());
  } catch (cause) {
    throw (
      explainRefusal(settings, cause)?.reason ??
      new SourceError(
        `No Kafka broker answered at ${where}: ${textOf(cause)}.`,
        "Check that Kafka is running, that kafka.brokers names it, and that this machine may reach it. A broker must also advertise an address that is reachable from here.",
        { cause },
      )
    );
  }
  for (const topic of topics) {
    try {
      await admin.fetchTopicMetadata({ topics: [topic] });
    } catch (cause) {
      if (!isUnknownTopic(cause))
        throw (
          explainRefusal(settings, cause)?.reason ??
          new SourceError(
            `Kafka at ${where} did not describe the topic ${topic}: ${textOf(cause)}.`,
            "Check the broker's log, and that this client may read the topic.",
            { cause },
          )
        );
      throw new SourceError(
        `The Kafka topic ${topic} does not exist.`,
        `Create it: kafka-topics.sh --bootstrap-server ${settings.brokers[0] ?? "localhost:9092"} --create --topic ${topic} --partitions 3`,
        { cause },
      );
    }
  }
}
