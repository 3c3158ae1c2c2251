import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";
import type { Prediction, RejectReason } from "../model/event.ts";
import type { AdapterSettings, ModelSettings } from "../model/settings.ts";
import { HOUR, SECOND, type Clock, type Millis } from "../model/time.ts";
import { createLayouts } from "../store/layouts.ts";
import { labelRow } from "../store/labels.ts";
import { createPredictionEncoder, type PredictionBlock, type PredictionRow } from "../store/predictions.ts";
import type { Store } from "../store/store.ts";
import { createSequence, type Sequence } from "../store/touched-buckets.ts";
import { createAdapters } from "./adapters/adapter.ts";
import { createAdmission } from "./admission.ts";
import { acceptedIn, createBucketSet, emptyBatch, noteStored, rowsIn, storedOf, type Batch, type Stored } from "./batch.ts";
import { createCounters, type IngestCounters } from "./counters.ts";
import type { DecodeContext } from "./decode.ts";
import { createNameLists } from "./features.ts";
import { labelPrecedence, predictionPrecedence } from "./identity.ts";
import { deadLetter, pairLetter, type LetterLimits } from "./letters.ts";
import type { DecodeLimits } from "./limits.ts";
import { createPairing, type Paired, type Pairing } from "./pairing.ts";
import { createPatientStore } from "./patient-store.ts";
import type { Message } from "./source.ts";
import { createTemplates } from "./templates.ts";
import { writeRows, type Rows } from "./write.ts";

export type IngestResult = {
  readonly accepted: number;
  readonly rejected: readonly { readonly index: number; readonly reason: RejectReason; readonly message: string }[];
};

export type PipelineLimits = LetterLimits & {
  /** Bytes of messages in hand; who comes with more waits. The blocks made of them take half to two thirds as much beside them. */
  readonly bytesInHand: number;
  /** Bytes that are stored without waiting for what is being decoded. */
  readonly flushBytes: number;
  /** How long one turn of the event loop may be spent decoding. */
  readonly slice: Millis;
  readonly retryFor: Millis;
};

export const PIPELINE_LIMITS: PipelineLimits = {
  bytesInHand: 64 * 1024 * 1024,
  flushBytes: 16 * 1024 * 1024,
  slice: 10,
  retryFor: 30 * SECOND,
  payloadBytes: 4 * 1024,
  // Sixteen times a usual large event; what is larger can be had from its topic again as long as that keeps it.
  bodyBytes: 64 * 1024,
};

/** A message that was not taken. */
export type Refused = { readonly message: Message; readonly reason: RejectReason };

/** Messages that came before: their progress is noted under a name of its own, and their letters keep their places. */
export type Again = { readonly partition: string };

export type Pipeline = {
  /** Resolves once everything that could be taken is durable; rejects, usually with a StoreError, when nothing may be assumed to be. */
  ingest(messages: readonly Message[], again?: Again): Promise<IngestResult>;
  counters(): IngestCounters;
  /** Rows were found that lost their id to another one. */
  noteConflicts(rows: number): void;
  /** Settles which halves waited in vain up to now. Cheap where there are none. */
  sweep(): Promise<void>;
  /** Halves that waited in vain, by adapter and side, as of the last sweep. */
  unpaired: Pairing["unpaired"];
  /** Resolves once what is in hand is stored. */
  close(): Promise<void>;
};

export type PipelineOptions = {
  readonly store: Store;
  readonly models: ReadonlyMap<string, ModelSettings>;
  readonly clock: Clock;
  readonly liveClock: boolean;
  readonly log: Log;
  readonly adapters?: ReadonlyMap<string, AdapterSettings>;
  readonly decodeLimits?: Partial<DecodeLimits>;
  readonly limits?: Partial<PipelineLimits>;
  /** Numbers for marks; shared with who clears them. One of its own when not given. */
  readonly nextSequence?: Sequence;
  /** Told of what was refused for the first time, once it is stored as dead letters; waited for. Must not reject. */
  readonly onRefused?: (refused: readonly Refused[]) => Promise<void>;
  readonly onStored?: (stored: readonly Stored[]) => void;
  readonly wait?: (duration: Millis) => Promise<void>;
};

type Waiting = { readonly batch: Batch; readonly resolve: () => void; readonly reject: (error: unknown) => void };

/** The one way of events into the store, whatever brings them. Calls that come while a flush runs share the next one. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { models, clock, liveClock, log, adapters = new Map<string, AdapterSettings>(), onStored, onRefused, wait = sleep } = options;
  const limits = { ...PIPELINE_LIMITS, ...options.limits };
  const counters = createCounters((name) => log.info("Events carry a field that is not known and is ignored.", { field: name }));
  const store = createPatientStore(options.store, {
    retryFor: limits.retryFor,
    clock: () => performance.now(),
    wait,
    log,
    onRetry: () => counters.add("retries", 1),
  });
  const notice = {
    unknownField: counters.unknownField,
    derivedId: () => counters.add("derivedIds", 1),
    replacedText: () => counters.add("replacedTexts", 1),
  };
  const adapt = createAdapters(adapters);
  const pairing = createPairing({ store, adapters, clock, liveClock });
  const bucketOf = (model: string): Millis => models.get(model)?.bucket ?? HOUR;

  const layouts = createLayouts();
  const encode = createPredictionEncoder(layouts);
  const lists = createNameLists();
  const templates = createTemplates();
  let sequence: Sequence | null = options.nextSequence ?? null;
  const admission = createAdmission(limits.bytesInHand);
  let closed = false;
  let requests = 0;
  let decoding: Promise<unknown> = Promise.resolve();
  let undecoded = 0;
  let flushing = false;
  let waiting: Waiting[] = [];
  let waitingBytes = 0;

  async function ingest(messages: readonly Message[], again?: Again): Promise<IngestResult> {
    if (closed) throw new Error("The pipeline is closed.");
    let bytes = 0;
    for (const message of messages) bytes += message.bytes?.length ?? 0;
    await admission.enter(bytes);
    try {
      counters.add("received", messages.length);
      counters.add("bytes", bytes);
      // One at a time: the slices of several would add up within one turn of the event loop.
      undecoded++;
      const decoded = decoding.then(() => decodeAll(messages, bytes, again)).finally(() => undecoded--);
      decoding = decoded.catch(() => flushWhenDue());
      const batch = await decoded;
      await flushed(batch);
      if (onRefused && !again && batch.rejected.length > 0)
        await onRefused(batch.rejected.flatMap(({ index, reason }) => (messages[index] ? [{ message: messages[index], reason }] : [])));
      return {
        accepted: acceptedIn(batch),
        rejected: batch.rejected,
      };
    } finally {
      admission.leave(bytes);
    }
  }

  async function flushed(batch: Batch): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      waiting.push({ batch, resolve, reject });
      waitingBytes += batch.bytes;
      flushWhenDue();
    });
  }

  /** An insert costs about the same for a thousand rows as for one: what is decoded a moment later goes with it. */
  function flushWhenDue(): void {
    if (!flushing && waiting.length > 0 && (undecoded === 0 || waitingBytes >= limits.flushBytes)) void flushWaiting();
  }

  /** Between flushes, never beside one: both judge halves. */
  async function sweep(): Promise<void> {
    if (closed || adapters.size === 0) return;
    admission.enterEmptyHanded();
    try {
      await flushed({ ...emptyBatch(0, bucketOf), sweeps: true });
    } finally {
      admission.leave(0);
    }
  }

  async function decodeAll(messages: readonly Message[], bytes: number, again?: Again): Promise<Batch> {
    const batch = emptyBatch(bytes, bucketOf);
    const request = ++requests;
    const context = contextNow();
    const { now } = context;
    let sliceEnd = performance.now() + limits.slice;
    let unchecked = 0;
    for (const [index, message] of messages.entries()) {
      unchecked += message.bytes?.length ?? 0;
      if (unchecked > BYTES_BETWEEN_CHECKS) {
        unchecked = 0;
        if (performance.now() > sliceEnd) {
          await nextTurn();
          sliceEnd = performance.now() + limits.slice;
        }
      }
      const adapted = adapt(message, context);
      const partition = again?.partition ?? partitionKey(message);
      switch (adapted.kind) {
        case "rejected":
          batch.rejected.push({ index, reason: adapted.reason, message: adapted.message });
          batch.deadLetters.push(deadLetter(message, adapted, now, again ? null : `${now}-${request}`, limits));
          break;
        case "ignored":
          counters.ignore(adapted.reason);
          break;
        case "half":
          batch.halves.push({ half: adapted.half, origin: message.origin });
          noteStored(batch, partition, { type: "half", model: adapted.half.model, time: Math.floor(adapted.half.time / 1000) });
          break;
        case "events":
          for (const event of adapted.events) {
            if (event.type === "prediction") {
              batch.rows.push(rowOf(event));
              batch.buckets.add(event.model, event.time);
              // Rows become bytes as soon as there are enough: objects that die young cost little.
              if (batch.rows.length === ROWS_PER_BLOCK) batch.predictions.push(...encode(batch.rows.splice(0)));
            } else batch.labels.push(labelRow(event, labelPrecedence(event)));
            noteStored(batch, partition, event);
          }
          break;
      }
    }
    return batch;
  }

  async function flushWaiting(): Promise<void> {
    flushing = true;
    const group = waiting;
    waiting = [];
    waitingBytes = 0;
    try {
      await flush(group.map(({ batch }) => batch));
      for (const { resolve } of group) resolve();
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    flushing = false;
    flushWhenDue();
  }

  function contextNow(): DecodeContext {
    return { models, now: clock(), liveClock, notice, lists, templates, ...(options.decodeLimits ? { limits: options.decodeLimits } : {}) };
  }

  async function flush(batches: readonly Batch[]): Promise<void> {
    const halves = batches.flatMap((batch) => batch.halves);
    await write({
      predictions: [...batches.flatMap((batch) => batch.predictions), ...(await encodeAll(batches.flatMap((batch) => batch.rows)))],
      buckets: batches.flatMap((batch) => batch.buckets.list()),
      labels: batches.flatMap((batch) => batch.labels),
      deadLetters: batches.flatMap((batch) => batch.deadLetters),
    });
    // A portion at a time: what two halves make is as large as both.
    if (halves.length > 0) for await (const paired of pairing.pair(halves, contextNow())) await writePaired(paired);
    if (batches.some((batch) => batch.sweeps)) for await (const paired of pairing.sweep(contextNow())) await writePaired(paired);
    for (const { half } of halves) counters.half(half.side);
    onStored?.(batches.flatMap(storedOf));
  }

  async function writePaired({ predictions, rejected }: Paired): Promise<void> {
    const now = clock();
    const deadLetters = rejected.map((one) => pairLetter(one, now, limits.payloadBytes));
    const buckets = createBucketSet(bucketOf);
    for (const { model, time } of predictions) buckets.add(model, time);
    await write({ predictions: await encodeAll(predictions.map(rowOf)), buckets: buckets.list(), labels: [], deadLetters });
  }

  async function encodeAll(rows: readonly PredictionRow[]): Promise<PredictionBlock[]> {
    const blocks: PredictionBlock[] = [];
    for (let start = 0; start < rows.length; start += ROWS_PER_BLOCK) {
      if (start > 0) await nextTurn();
      blocks.push(...encode(rows.slice(start, start + ROWS_PER_BLOCK)));
    }
    return blocks;
  }

  async function write(rows: Rows): Promise<void> {
    sequence ??= await createSequence(store, clock);
    await writeRows(store, rows, { sequence, layouts, now: clock() });
    const predictions = rowsIn(rows.predictions);
    counters.add("predictions", predictions);
    counters.add("labels", rows.labels.length);
    counters.add("accepted", predictions + rows.labels.length);
    for (const { reason } of rows.deadLetters) counters.reject(reason);
  }

  async function close(): Promise<void> {
    closed = true;
    await admission.allLeft();
  }

  return {
    ingest,
    sweep,
    unpaired: pairing.unpaired,
    counters: counters.read,
    noteConflicts: (rows) => counters.add("conflicts", rows),
    close,
  };
}

/** Rows that are written as one block: as many as fit a turn of the event loop. */
const ROWS_PER_BLOCK = 1_000;
/** The time is looked at again after so many bytes: a message may be a thousand times as large as another. */
const BYTES_BETWEEN_CHECKS = 16 * 1024;

function rowOf(prediction: Prediction): PredictionRow {
  return { prediction, precedence: predictionPrecedence(prediction) };
}

/** The key a source reports its progress under. Requests count as one partition. */
function partitionKey({ origin }: Message): string {
  return origin.source === "http" ? "http" : `${origin.topic}/${origin.partition}`;
}
