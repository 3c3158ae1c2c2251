import { FAULT_FROM, flightFeed } from "../demo/feed.ts";
import { openKafkaProducer, type OutgoingMessage } from "../ingest/kafka-producer.ts";
import type { Message } from "../ingest/source.ts";
import { createLog, silentLog } from "../log.ts";
import type { NativeTopics } from "../model/settings.ts";
import { DAY } from "../model/time.ts";
import { createProgress } from "./demo-progress.ts";
import { demoEnd, feedBytes, whenStopped } from "./demo-story.ts";
import { FLIGHT_FILES } from "./paths.ts";

export type KafkaDemoOptions = {
  readonly brokers: readonly string[];
  readonly topics: NativeTopics;
  /** Stop feeding at this time (RFC 3339), before the year is over. */
  readonly until?: string;
  /** The totals as JSON on stdout, instead of text. */
  readonly json: boolean;
};

/**
 * The year of flights into Kafka, day by day in the order of event time, for a daemon that reads the topics. Playing it
 * again is harmless: an event is the same however often it comes. Resolves with the exit code.
 */
export async function playToKafka({ brokers, topics, until, json }: KafkaDemoOptions): Promise<number> {
  const end = demoEnd(until);
  const progress = createProgress(feedBytes());
  const log = process.env["DRIFTWATCH_DEBUG"] ? createLog() : silentLog;
  const producer = await openKafkaProducer({
    settings: { brokers, clientId: "driftwatch-demo" },
    topics: [...new Set([topics.predictions, topics.labels])],
    log,
    now: Date.now,
  });
  let isStopped = false;
  void whenStopped().then(() => {
    isStopped = true;
  });
  const sent = { predictions: 0, labels: 0 };
  let faultSaid = false;
  const begun = performance.now();
  try {
    for await (const stretch of flightFeed(FLIGHT_FILES, DAY, (_file, bytes) => progress.read(bytes))) {
      if (isStopped || (end !== null && stretch.from >= end)) break;
      if (!faultSaid && stretch.from >= FAULT_FROM) {
        progress.say("From 1 September on, the feed of visib sends kilometres instead of miles. This is the one thing the demo makes up.");
        faultSaid = true;
      }
      const messages = stretch.messages.flatMap((message) => outgoing(message, topics));
      await producer.send(messages.map(({ message }) => message));
      for (const { kind } of messages) sent[kind] += 1;
      progress.at(stretch.from, sent.predictions + sent.labels);
    }
  } finally {
    progress.done();
    await producer.close();
  }
  const seconds = (performance.now() - begun) / 1000;
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...sent, seconds })}\n`
      : `${sent.predictions.toLocaleString("en-GB")} predictions to ${topics.predictions} and ${sent.labels.toLocaleString("en-GB")} labels to ${topics.labels} in ${Math.round(seconds)} s.${isStopped ? " Stopped before the end." : ""}\n`,
  );
  return 0;
}

type Kind = "predictions" | "labels";

/** An event with its topic. Its key is its id, so that a partition has a prediction before the next one of the same id. */
function outgoing({ bytes }: Message, topics: NativeTopics): { kind: Kind; message: OutgoingMessage }[] {
  if (bytes === null) return [];
  const { type, id } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { type: string; id: string };
  const kind = type === "label" ? "labels" : "predictions";
  return [{ kind, message: { topic: topics[kind], key: id, bytes } }];
}
