import { basename } from "node:path";
import { createAdapters } from "../../ingest/adapters/adapter.ts";
import { createFileSource } from "../../ingest/file-source.ts";
import { openKafkaReader } from "../../ingest/kafka-reader.ts";
import type { Log } from "../../log.ts";
import { REJECT_REASONS, type RejectReason } from "../../model/event.ts";
import type { Config, ModelSettings } from "../../model/settings.ts";
import type { Clock } from "../../model/time.ts";
import type { Counted, Due } from "../../store/held.ts";
import type { Connection } from "../connection.ts";
import { askJson } from "../request.ts";
import type { Place } from "./account.ts";
import { compareEvents, comparePlaces, type ComparedModel } from "./compare.ts";
import { miscounts, type Miscount } from "./counted.ts";
import { createEventReader, type EventReader } from "./read-events.ts";
import { pathOf, planHeld, readHeld, readLetters } from "./read-held.ts";
import { createSlots } from "./records.ts";
import { createTally, type Tally } from "./tally.ts";

/** Told how far the reading is: of a topic or file in messages or bytes, then of the store in rows. */
export type OnProgress = (step: {
  readonly of: string;
  readonly done: number;
  readonly total: number;
  readonly unit: "messages" | "bytes" | "rows";
}) => void;

/** What is held against the store. */
export type Produced =
  | { readonly kind: "kafka" }
  | { readonly kind: "file"; readonly files: readonly string[]; readonly adapter?: string | undefined };

export type VerifiedModel = {
  readonly name: string;
  /** Buckets that are still to be settled or counted, and were not compared. */
  readonly due: number;
  readonly buckets: number;
  readonly miscounts: readonly Miscount[];
};

export type Verified = {
  /** Topics or files. */
  readonly streams: readonly {
    readonly name: string;
    readonly read: number;
    readonly ignored: number;
    /** Halves of predictions, which are counted and not followed: the predictions they make count as from elsewhere. */
    readonly halves: number;
  }[];
  readonly tally: Tally;
  readonly models: readonly VerifiedModel[];
};

export type VerifyOptions = {
  readonly config: Config;
  readonly connection: Connection;
  readonly produced: Produced;
  readonly log: Log;
  readonly now: Clock;
  readonly onProgress: OnProgress;
};

type Read = { readonly streams: readonly string[]; readonly reader: EventReader; isDone(place: Place): boolean };
type Compared = ComparedModel & { readonly counted: Counted; isDue(bucket: number): boolean };

/**
 * Holds every event that was produced against what is stored, and every count against what it counts.
 *
 * Both sides are read once, from end to end: events as messages, decoded anew; the store as rows of hashes, through
 * the API. Each becomes a record of a few bytes that goes to one of 256 slots by the hash of its id, and the slots are
 * compared one after the other. So the memory follows a 256th of it all, whatever order it came in.
 */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const events = createSlots();
  const places = createSlots();
  try {
    const tally = createTally();
    const { connection, config, produced } = options;
    const read = await readProduced(options, { events, places });
    const models: Compared[] = [];
    for (const [index, settings] of [...config.models.values()].entries())
      models.push(await readModel(connection, settings, index, events, read.isDone, options.onProgress));
    const reasonIndex = (reason: string) => REJECT_REASONS.indexOf(reason as RejectReason);
    await readLetters(connection, produced.kind, read.streams, reasonIndex, places);
    compareEvents(events, places, models, tally);
    comparePlaces(places, models, { lettersDue: produced.kind === "kafka", isDone: read.isDone }, tally);
    return {
      streams: read.streams.map((name, stream) => ({
        name,
        read: read.reader.read[stream] ?? 0,
        ignored: read.reader.ignored[stream] ?? 0,
        halves: read.reader.halves[stream] ?? 0,
      })),
      tally,
      models: models.map((model) => verifiedModel(model, config.models.get(model.name))),
    };
  } finally {
    events.close();
    places.close();
  }
}

type Into = Pick<Parameters<typeof createEventReader>[0], "events" | "places">;

async function readProduced(options: VerifyOptions, into: Into): Promise<Read> {
  const { config, produced, log, now, onProgress } = options;
  const readerOf = (streams: readonly string[]) =>
    createEventReader({
      adapt: createAdapters(config.adapters),
      context: { models: config.models, now: now(), liveClock: config.clock === "live" },
      streams,
      models: [...config.models.keys()],
      ...into,
    });
  if (produced.kind === "file") return readFiles(produced, readerOf, onProgress);
  if (config.kafka === null) throw new Error("There is no Kafka to read.");
  const { topics } = config.kafka;
  const streams = topics.map(({ topic }) => topic);
  const reader = readerOf(streams);
  const kafka = await openKafkaReader({ settings: config.kafka, log, now });
  try {
    const stretches = await kafka.retained(streams);
    const total = stretches.reduce((sum, { from, to }) => sum + Number(to - from), 0);
    let done = 0;
    await kafka.read(stretches, async (messages) => {
      await reader.take(messages);
      done += messages.length;
      onProgress({ of: messages[0]?.origin.topic ?? "", done, total, unit: "messages" });
    });
    // Asked before the store: what is behind a commit is stored by then.
    const committed = await kafka.committed(streams);
    return {
      streams,
      reader,
      isDone: ({ stream, partition, offset }) => BigInt(offset) < (committed.get(`${streams[stream]}/${partition}`) ?? 0n),
    };
  } finally {
    await kafka.close();
  }
}

async function readFiles(
  { files, adapter }: Extract<Produced, { kind: "file" }>,
  readerOf: (streams: readonly string[]) => EventReader,
  onProgress: OnProgress,
): Promise<Read> {
  // Events without an id are named after the file's name, wherever it lies.
  const streams = [...new Set(files.map((file) => basename(file)))];
  const reader = readerOf(streams);
  const source = createFileSource({
    files,
    onProgress: ({ file, bytes, totalBytes }) => onProgress({ of: file, done: bytes, total: totalBytes, unit: "bytes" }),
    ...(adapter === undefined ? {} : { adapter }),
  });
  await source.start((messages) => reader.take(messages));
  await source.done;
  return { streams, reader, isDone: () => true };
}

async function readModel(
  connection: Connection,
  settings: ModelSettings,
  index: number,
  events: Into["events"],
  isDone: Read["isDone"],
  onProgress: OnProgress,
): Promise<Compared> {
  const { name, bucket } = settings;
  const ask = <Answer>(what: string, since?: number) =>
    askJson<Answer>(connection, `${pathOf(name)}/${what}`, since === undefined ? {} : { since: String(since) });
  const before = await ask<Due>("due");
  const plan = await planHeld(connection, name);
  const total = plan.reduce((sum, { rows }) => sum + rows, 0);
  let done = 0;
  await readHeld(connection, { name, index }, plan, events, (rows) => {
    done += rows;
    onProgress({ of: name, done, total, unit: "rows" });
  });
  const counted = await ask<Counted>("counted");
  // A daemon goes on meanwhile: what it touched since is no more to be compared than what was due before.
  const after = await ask<Due>("due", before.last);
  const marks = [...before.marks, ...after.marks];
  const of = (kinds: readonly string[]) => new Set(marks.filter(({ kind }) => kinds.includes(kind)).map((mark) => mark.bucket));
  const [due, unsettled, arriving] = [of(["features", "outcomes"]), of(["features", "outcomes", "identity"]), of(["labels"])];
  const bucketOf = (at: number) => Math.floor(at / bucket) * bucket;
  return {
    name,
    bucket,
    situation: { isDone, isUnsettled: (at) => unsettled.has(bucketOf(at)), isArriving: (minute) => arriving.has(minute) },
    expected: new Map(),
    counted,
    isDue: (start) => due.has(start),
  };
}

function verifiedModel({ name, counted, expected, isDue }: Compared, settings: ModelSettings | undefined): VerifiedModel {
  const buckets = new Set([...expected.keys(), ...counted.buckets.map((one) => one.bucket)]);
  return {
    name,
    due: [...buckets].filter(isDue).length,
    buckets: buckets.size,
    miscounts: miscounts(counted, expected, { outcomes: settings?.task === "binary" && settings.positive !== null, isDue }),
  };
}
