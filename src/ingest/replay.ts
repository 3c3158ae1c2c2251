import type { Log } from "../log.ts";
import type { RejectReason } from "../model/event.ts";
import type { AdapterSettings, KafkaSettings, ModelSettings } from "../model/settings.ts";
import type { Clock, Millis } from "../model/time.ts";
import { markReplayed, openPlace, readOpenLetters, type FullLetter, type OpenPlace } from "../store/dead-letters.ts";
import type { Store } from "../store/store.ts";
import { createAdapters } from "./adapters/adapter.ts";
import { readEnvelope } from "./envelope.ts";
import { openKafkaReader, type KafkaReader, type Stretch } from "./kafka-reader.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Message } from "./source.ts";

/** Letters tried by one call: they are held in memory, whole. */
const AT_ONCE = 500;
/** Messages between two that are wanted from Kafka up to which reading on is quicker than seeking anew. */
const NEAR = 10_000n;

/** How replayed messages are called among the partitions. */
export const REPLAYED = "replay";

export type ReplayQuery = {
  readonly reason?: RejectReason | undefined;
  readonly since: Millis;
  /** Letters received later are left alone: a letter that is refused anew must not come twice. */
  readonly before: Millis;
  readonly after: OpenPlace | null;
  /** Tells what would become of them, and stores nothing. */
  readonly dryRun: boolean;
};

export type Replayed = {
  readonly found: number;
  readonly taken: number;
  readonly refused: ReadonlyMap<RejectReason, number>;
  /** Messages that are not kept, and not to be had from Kafka either. */
  readonly unavailable: number;
  /** Where to go on; null at the end. */
  readonly next: OpenPlace | null;
};

export type Replay = (query: ReplayQuery) => Promise<Replayed>;

type Found = { readonly letter: FullLetter; readonly message: Message };

/**
 * Takes dead letters again: the same bytes, from the same place, through the same pipeline. What is an event by now is
 * stored, under the id it would have had; what is refused again stays, with the reason it is refused for now.
 */
export function createReplay(options: {
  store: Store;
  pipeline: Pick<Pipeline, "ingest">;
  models: ReadonlyMap<string, ModelSettings>;
  liveClock: boolean;
  adapters?: ReadonlyMap<string, AdapterSettings>;
  kafka: KafkaSettings | null;
  clock: Clock;
  log: Log;
}): Replay {
  const { store, pipeline, models, liveClock, kafka, adapters = new Map<string, AdapterSettings>(), clock, log } = options;
  const adapt = createAdapters(adapters);
  const adapterOf = new Map(kafka?.topics.map(({ topic, adapter }) => [topic, adapter]));

  async function replay(query: ReplayQuery): Promise<Replayed> {
    const letters = await readOpenLetters(store, query, AT_ONCE, query.after);
    const found = await messagesOf(letters);
    const refused = query.dryRun ? tryOut(found) : await take(found);
    const reasons = new Map<RejectReason, number>();
    for (const reason of refused.values()) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    const last = letters.at(-1);
    return {
      found: letters.length,
      taken: found.length - refused.size,
      refused: reasons,
      unavailable: letters.length - found.length,
      next: letters.length === AT_ONCE && last ? openPlace(last) : null,
    };
  }

  /** Why messages would be refused, by their index. */
  function tryOut(found: readonly Found[]): Map<number, RejectReason> {
    const context = { models, now: clock(), liveClock };
    return new Map(
      found.flatMap(({ message }, index) => {
        const made = adapt(message, context);
        return made.kind === "rejected" ? [[index, made.reason] as const] : [];
      }),
    );
  }

  async function take(found: readonly Found[]): Promise<Map<number, RejectReason>> {
    const { rejected } = await pipeline.ingest(
      found.map(({ message }) => message),
      { partition: REPLAYED },
    );
    const refused = new Map(rejected.map(({ index, reason }) => [index, reason]));
    // Refused for the same reason again, it is the same letter, received once more.
    const changed = found.flatMap(({ letter }, index) => {
      const became = refused.get(index) ?? ("taken" as const);
      return became === letter.reason ? [] : [{ ...letter, became }];
    });
    await markReplayed(store, changed, clock());
    return refused;
  }

  async function messagesOf(letters: readonly FullLetter[]): Promise<Found[]> {
    const kept = letters.map((letter) => ({ letter, message: keptMessage(letter) }));
    const cut = kept.flatMap(({ letter, message }) => (message === null && letter.origin.source === "kafka" ? [letter] : []));
    const read = kafka === null || cut.length === 0 ? new Map<string, Message>() : await readAgain(kafka, cut);
    return kept.flatMap(({ letter, message }) => {
      const found = message ?? read.get(placeOf(letter.origin));
      return found ? [{ letter, message: found }] : [];
    });
  }

  /** The message as it would come now, or null where not all of it is kept. Which adapter reads a topic is the configuration's to say. */
  function keptMessage(letter: FullLetter): Message | null {
    const { origin } = letter;
    const bytes = bytesOf(letter);
    const around = readEnvelope(letter.envelope);
    const adapter = origin.source === "kafka" && adapterOf.has(origin.topic) ? adapterOf.get(origin.topic) : (around?.adapter ?? null);
    if (bytes === undefined) return null;
    if (adapter === null || adapter === undefined) return { origin, bytes, timestamp: null };
    if (around === null || around.cut || !adapters.has(adapter)) return null;
    const { timestamp, key, headers = new Map<string, string>() } = around;
    return { origin, bytes, timestamp, headers, adapter, ...(key === undefined ? {} : { key }) };
  }

  async function readAgain(settings: KafkaSettings, letters: readonly FullLetter[]): Promise<Map<string, Message>> {
    const wanted = new Set(letters.map(({ origin }) => placeOf(origin)));
    const read = new Map<string, Message>();
    const reader = await openKafkaReader({ settings, log, now: clock });
    try {
      const known = new Set(settings.topics.map(({ topic }) => topic));
      const topics = [...new Set(letters.map(({ origin }) => origin.topic))].filter((topic) => known.has(topic));
      for (const round of roundsOf(letters, await reader.retained(topics))) await readRound(reader, round, wanted, read);
    } finally {
      await reader.close();
    }
    return read;
  }

  return replay;
}

async function readRound(
  reader: KafkaReader,
  round: readonly Stretch[],
  wanted: ReadonlySet<string>,
  read: Map<string, Message>,
): Promise<void> {
  await reader.read(round, (messages) => {
    for (const message of messages) if (wanted.has(placeOf(message.origin))) read.set(placeOf(message.origin), message);
  });
}

/** The whole message; null for one that was withdrawn or empty; undefined where it is not kept. */
function bytesOf({ body, payload, payloadBytes }: FullLetter): Uint8Array | null | undefined {
  if (payloadBytes === 0) return null;
  if (body !== null) return body;
  const bytes = Buffer.from(payload);
  return bytes.length === payloadBytes ? bytes : undefined;
}

function placeOf({ topic, partition, offset }: { readonly topic: string; readonly partition: number; readonly offset: string }): string {
  return `${topic}/${partition}@${offset}`;
}

/** What to read of each partition, one stretch of it a round: wanted offsets that lie near each other together, and none that is gone. */
export function roundsOf(letters: readonly Pick<FullLetter, "origin">[], retained: readonly Stretch[]): Stretch[][] {
  const rounds: Stretch[][] = [];
  for (const { topic, partition, from, to } of retained) {
    const offsets = letters
      .flatMap(({ origin }) => (origin.topic === topic && origin.partition === partition ? [BigInt(origin.offset)] : []))
      .filter((offset) => offset >= from && offset < to)
      .sort((a, b) => (a < b ? -1 : 1));
    const stretches: Stretch[] = [];
    for (const offset of offsets) {
      const last = stretches.at(-1);
      if (last && offset - last.to < NEAR) stretches.splice(-1, 1, { ...last, to: offset + 1n });
      else stretches.push({ topic, partition, from: offset, to: offset + 1n });
    }
    for (const [round, stretch] of stretches.entries()) (rounds[round] ??= []).push(stretch);
  }
  return rounds;
}
