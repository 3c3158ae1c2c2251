import type { Batch, KafkaMessage } from "kafkajs";
import { boundHeaders, boundKey, type Message } from "./source.ts";

/** One message of Kafka as every source gives them. Key and headers mean something to adapters only: other topics are spared the work. */
export function toMessage(batch: Batch, message: KafkaMessage, adapter: string | null): Message {
  const timestamp = Number(message.timestamp);
  const plain = {
    origin: { source: "kafka" as const, topic: batch.topic, partition: batch.partition, offset: message.offset },
    bytes: message.value,
    timestamp: timestamp >= 0 ? timestamp : null,
  };
  if (adapter === null) return plain;
  const key = boundKey(message.key);
  return { ...plain, adapter, headers: boundHeaders(textHeaders(message.headers)), ...(key === undefined ? {} : { key }) };
}

/** Of a header that is there more than once, the last. */
function* textHeaders(headers: KafkaMessage["headers"]): Generator<readonly [string, string]> {
  for (const [name, values] of Object.entries(headers ?? {})) {
    const value = Array.isArray(values) ? values.at(-1) : values;
    if (value !== undefined) yield [name, value.toString()];
  }
}
