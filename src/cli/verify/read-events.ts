import { hash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Adapter } from "../../ingest/adapters/adapter.ts";
import type { DecodeContext } from "../../ingest/decode.ts";
import { labelPrecedence, precedenceNumber, predictionPrecedence } from "../../ingest/identity.ts";
import type { Message } from "../../ingest/source.ts";
import { REJECT_REASONS, type Event } from "../../model/event.ts";
import { NO_ID, NO_PRECEDENCE, slotOfId, slotOfPlace, type Slots } from "./records.ts";

/** How long one turn of the event loop may be spent decoding: heartbeats share the thread. */
const SLICE = 50;

export type EventReader = {
  take(messages: readonly Message[]): Promise<void>;
  /** Messages read, by stream. */
  readonly read: readonly number[];
  /** Those that are no events and were not expected to be, by stream. */
  readonly ignored: readonly number[];
  /** Those that are half of a prediction each, by stream: what two of them make is known to the store alone. */
  readonly halves: readonly number[];
};

/** Makes events of messages as the program does, and notes which they are. */
export function createEventReader(options: {
  adapt: Adapter;
  context: DecodeContext;
  /** Topics or files, by the names messages have them under. */
  streams: readonly string[];
  models: readonly string[];
  /** Events by id, and refused messages by their place. */
  events: Slots;
  places: Slots;
}): EventReader {
  const { adapt, context, streams, models, events, places } = options;
  const streamOf = new Map(streams.map((name, index) => [name, index]));
  const modelOf = new Map(models.map((name, index) => [name, index]));
  const read = streams.map(() => 0);
  const ignored = streams.map(() => 0);
  const halves = streams.map(() => 0);
  const count = (counts: number[], stream: number): void => {
    counts[stream] = (counts[stream] ?? 0) + 1;
  };

  function note(message: Message): void {
    const { topic, partition, offset } = message.origin;
    const stream = streamOf.get(topic) ?? 0;
    count(read, stream);
    const place = { stream, partition, at: Number(offset) };
    const adapted = adapt(message, context);
    if (adapted.kind === "ignored") return count(ignored, stream);
    if (adapted.kind === "half") return count(halves, stream);
    if (adapted.kind === "events") return adapted.events.forEach((event) => noteEvent(event, place));
    const detail = REJECT_REASONS.indexOf(adapted.reason);
    places.add(slotOfPlace(partition, place.at), { ...place, kind: "refused", detail, model: 0, id: NO_ID, precedence: NO_PRECEDENCE });
  }

  function noteEvent(event: Event, place: { readonly stream: number; readonly partition: number; readonly at: number }): void {
    const id = idHash(event.id);
    const precedence = event.type === "label" ? labelPrecedence(event) : precedenceNumber(predictionPrecedence(event));
    const model = modelOf.get(event.model) ?? 0;
    events.add(slotOfId(id), { ...place, kind: event.type, detail: 0, model, id, precedence: hexadecimal(precedence) });
  }

  async function take(messages: readonly Message[]): Promise<void> {
    let sliceEnd = performance.now() + SLICE;
    for (const message of messages) {
      note(message);
      if (performance.now() <= sliceEnd) continue;
      await nextTurn();
      sliceEnd = performance.now() + SLICE;
    }
  }

  return { take, read, ignored, halves };
}

/** As the store hashes an id: the first 8 bytes of its SHA-256. */
export function idHash(id: string): string {
  return hash("sha256", id).slice(0, 16);
}

/** A precedence as 16 bytes, which compare as text as the numbers do. */
export function hexadecimal(precedence: string | bigint): string {
  return BigInt(precedence).toString(16).padStart(32, "0");
}
