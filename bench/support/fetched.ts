import { createRequire } from "node:module";
import type { Batch } from "kafkajs";

/**
 * What a broker answers a fetch with, as bytes, and kafkajs's own decoding of it: so that reading costs what it costs
 * in production while no broker shares the machine. These are insides of kafkajs, pinned like everything else.
 */
const load = createRequire(import.meta.url);
const Encoder = load("kafkajs/src/protocol/encoder");
const Long = load("kafkajs/src/utils/long");
const { RecordBatch } = load("kafkajs/src/protocol/recordBatch/v0");
const encodeRecord = load("kafkajs/src/protocol/recordBatch/record/v0");
const response = load("kafkajs/src/protocol/requests/fetch/v11/response");
const KafkaBatch = load("kafkajs/src/consumer/batch");

const RECORDS_PER_BATCH = 100;

/** A fetch response of one topic: for each partition its messages, from an offset on. */
export async function encodeFetch(
  topic: string,
  partitions: readonly { readonly partition: number; readonly offset: number; readonly values: readonly Buffer[] }[],
): Promise<Buffer> {
  const encoded: unknown[] = [];
  for (const { partition, offset, values } of partitions) {
    const batches: Buffer[] = [];
    for (let start = 0; start < values.length; start += RECORDS_PER_BATCH) {
      const slice = values.slice(start, start + RECORDS_PER_BATCH);
      const batch = await RecordBatch({
        firstOffset: Long.fromInt(offset + start),
        firstTimestamp: 1_772_000_000_000,
        maxTimestamp: 1_772_000_000_000,
        lastOffsetDelta: slice.length - 1,
        records: slice.map((value, index) => encodeRecord({ offsetDelta: index, timestampDelta: index, key: null, value })),
      });
      batches.push(batch.buffer);
    }
    const end = Long.fromInt(offset + values.length);
    encoded.push(
      new Encoder()
        .writeInt32(partition)
        .writeInt16(0)
        .writeInt64(end)
        .writeInt64(end)
        .writeInt64(Long.fromInt(0))
        .writeArray([])
        .writeInt32(-1)
        .writeBytes(Buffer.concat(batches)),
    );
  }
  const ofTopic = new Encoder().writeString(topic).writeArray(encoded);
  return new Encoder().writeInt32(0).writeInt16(0).writeInt32(0).writeArray([ofTopic]).buffer;
}

/** The batches in a fetch response, as a kafkajs consumer hands them to its `eachBatch`. */
export async function decodeFetch(bytes: Buffer): Promise<Batch[]> {
  const { responses } = await response.decode(bytes);
  return responses.flatMap(({ topicName, partitions }: { topicName: string; partitions: readonly Batch[] }) =>
    partitions.map(
      (partition) => new KafkaBatch(topicName, partition.messages[0]?.offset ?? "0", { ...partition, abortedTransactions: [] }),
    ),
  );
}
