import * as z from "zod";
import { REJECT_REASONS, type DeadLetter } from "../model/event.ts";
import { formatTime } from "../model/time.ts";
import { count, moment, timeOrNull } from "./json.ts";

export const deadLetter = z
  .strictObject({
    received_at: moment,
    source: z.enum(["kafka", "http", "file"]),
    topic: z.string(),
    partition: z.int(),
    offset: z.string(),
    reason: z.enum(REJECT_REASONS),
    message: z.string(),
    payload: z.string(),
    payload_bytes: count,
    replayed_at: moment.nullable(),
    became: z
      .enum(["taken", ...REJECT_REASONS])
      .nullable()
      .meta({ description: "What came of trying it again: taken, or the reason it was refused for then." }),
  })
  .meta({ id: "DeadLetter" });

export function deadLetterJson(letter: DeadLetter) {
  return {
    received_at: formatTime(letter.receivedAt),
    source: letter.origin.source,
    topic: letter.origin.topic,
    partition: letter.origin.partition,
    offset: letter.origin.offset,
    reason: letter.reason,
    message: letter.message,
    payload: letter.payload,
    payload_bytes: letter.payloadBytes,
    replayed_at: timeOrNull(letter.replayed?.at ?? null),
    became: letter.replayed?.became ?? null,
  };
}

export const replayed = z
  .strictObject({
    found: count.meta({ description: "Letters that were looked at." }),
    taken: count,
    refused: z.record(z.string(), count).meta({ description: "Letters that were refused again, by the reason." }),
    unavailable: count.meta({ description: "Letters whose message is nowhere to be had any more." }),
    next_cursor: z.string().nullable().meta({ description: "Pass it as cursor to go on; null at the end." }),
  })
  .meta({ id: "Replayed" });
