import type { Admin } from "kafkajs";
import type { Log } from "../log.ts";
import { textOf } from "./kafka-failure.ts";
import type { Sighting } from "./kafka-watchdog.ts";
import type { PartitionStatus } from "./source.ts";

/** What is known of a partition this process reads. */
export type Partition = {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to read, where it is known. */
  next: bigint | null;
  committed: string | null;
  high: bigint | null;
  drained: boolean;
  inHand: boolean;
  /** Why the handler rejected last; null once it resolved. */
  failure: string | null;
  failures: number;
};

/** The partitions of the present assignment: how far each is read, where it ends, and what was lost on the way. */
export type Partitions = {
  get(topic: string, partition: number): Partition | undefined;
  all(): readonly Partition[];
  keys(): readonly string[];
  statuses(): readonly PartitionStatus[];
  /** Takes over an assignment. Resolves once its committed offsets are known. */
  assign(assignment: Readonly<Record<string, readonly number[]>>): Promise<void>;
  /** Remembers what the group has committed, before kafkajs can change it. */
  readCommitted(topics: readonly string[]): Promise<void>;
  /** Asks the broker how far the group is and where the partitions end: the only way to learn that an empty one is drained. */
  look(isReading: boolean): Promise<readonly Sighting[]>;
  /** Counts what is missing between what was read last and `first`. */
  countGap(state: Partition, first: bigint): Promise<void>;
  gaps(): { readonly gaps: number; readonly lost: number };
  clear(): void;
};

export function createPartitions({ admin, group, log }: { admin: Admin; group: string; log: Log }): Partitions {
  let present = new Map<string, Partition>();
  let committedAtStart = new Map<string, string>();
  let gaps = 0;
  let lost = 0n;

  async function committedOf(topics: readonly string[]): Promise<Map<string, string>> {
    const committed = new Map<string, string>();
    for (const { topic, partitions } of await admin.fetchOffsets({ groupId: group, topics: [...topics] })) {
      // Negative: nothing committed yet.
      for (const { partition, offset } of partitions) if (!offset.startsWith("-")) committed.set(keyOf(topic, partition), offset);
    }
    return committed;
  }

  async function assign(assignment: Readonly<Record<string, readonly number[]>>): Promise<void> {
    const before = present;
    const mine = Object.entries(assignment).flatMap(([topic, numbers]) => numbers.map((partition) => ({ topic, partition })));
    const unread = { next: null, committed: null, high: null, drained: false, inHand: false, failure: null, failures: 0 };
    const after = new Map(
      mine.map(({ topic, partition }): [string, Partition] => {
        const key = keyOf(topic, partition);
        return [key, before.get(key) ?? { topic, partition, ...unread }];
      }),
    );
    present = after;
    // Who reads a partition meanwhile commits what it read.
    for (const key of committedAtStart.keys()) if (!after.has(key)) committedAtStart.delete(key);
    if (after.size === 0) return;
    // Known already, whether or not the broker answers now.
    for (const [key, state] of after) {
      const start = committedAtStart.get(key);
      if (start !== undefined) state.next = BigInt(start);
    }
    try {
      for (const [key, offset] of await committedOf(Object.keys(assignment))) {
        const state = after.get(key);
        if (!state) continue;
        state.committed = offset;
        // Groups may be joined twice before anything is read: what was committed at the start holds until then.
        state.next = BigInt(committedAtStart.get(key) ?? offset);
      }
    } catch (cause) {
      // Without them reading goes on all the same; only a gap right at the start would pass unseen.
      log.warn("kafka: the committed offsets could not be read", { error: textOf(cause) });
    }
  }

  async function look(isReading: boolean): Promise<Sighting[]> {
    const asked = present;
    const topics = [...new Set([...asked.values()].map((state) => state.topic))];
    if (topics.length === 0) return [];
    const committed = await committedOf(topics);
    const seen: Sighting[] = [];
    for (const topic of topics) {
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        const key = keyOf(topic, partition);
        const state = asked.get(key);
        if (!state) continue;
        const next = state.next === null || state.next < BigInt(low) ? BigInt(low) : state.next;
        if (state.high === null || BigInt(high) > state.high) state.high = BigInt(high);
        state.drained = !state.inHand && isReading && next >= state.high;
        const position = BigInt(committed.get(key) ?? low);
        seen.push({ key, position: position < BigInt(low) ? BigInt(low) : position, end: BigInt(high) });
      }
    }
    return seen;
  }

  /** A hole in the offsets is a loss where the log now begins later than we had read; compaction leaves holes that are none. */
  async function countGap(state: Partition, first: bigint): Promise<void> {
    committedAtStart.delete(keyOf(state.topic, state.partition));
    if (state.next === null || first === state.next) return;
    const facts = { partition: keyOf(state.topic, state.partition), expected: String(state.next), found: String(first) };
    if (first < state.next) {
      state.high = null;
      log.warn("kafka: offsets went back; was the topic deleted and made anew, or the group reset?", facts);
      return;
    }
    const ends = await admin.fetchTopicOffsets(state.topic);
    const low = BigInt(ends.find(({ partition }) => partition === state.partition)?.low ?? first);
    const missing = (low < first ? low : first) - state.next;
    if (missing <= 0n) return;
    gaps += 1;
    lost += missing;
    log.error("kafka: messages were gone before they could be read; is retention shorter than the lag?", {
      ...facts,
      lost: String(missing),
    });
  }

  return {
    get: (topic, partition) => present.get(keyOf(topic, partition)),
    all: () => [...present.values()],
    keys: () => [...present.keys()],
    statuses: () =>
      [...present].map(([key, { committed, high, drained }]) => ({
        key,
        committed,
        highWatermark: high === null ? null : String(high),
        drained,
      })),
    assign,
    async readCommitted(topics) {
      committedAtStart = await committedOf(topics);
    },
    look,
    countGap,
    gaps: () => ({ gaps, lost: Number(lost) }),
    clear() {
      present = new Map();
    },
  };
}

/** How a partition is called in reports. */
export function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
