import type { Millis } from "../model/time.ts";
import type { RejectReason } from "../model/event.ts";
import type { FullLetter } from "../store/dead-letters.ts";
import { writeEnvelope } from "./envelope.ts";
import type { Paired } from "./pairing.ts";
import type { Message } from "./source.ts";

export type LetterLimits = {
  /** Bytes of a refused message that are shown. */
  readonly payloadBytes: number;
  /** Up to how many bytes a refused message is kept whole, to be taken again. */
  readonly bodyBytes: number;
};

/**
 * The letter that a refused message leaves. Letters are kept by origin, and the second request begins at index 0 again:
 * `request` tells them apart; null where the origin is told already.
 */
export function deadLetter(
  message: Message,
  { reason, message: why }: { reason: RejectReason; message: string },
  now: Millis,
  request: string | null,
  limits: LetterLimits,
): FullLetter {
  const payload = excerpt(message.bytes, limits.payloadBytes);
  const isWhole = message.bytes === null || Buffer.from(payload).equals(message.bytes);
  const origin =
    message.origin.source === "http" && request !== null
      ? { ...message.origin, offset: `${request}-${message.origin.offset}` }
      : message.origin;
  return {
    receivedAt: now,
    origin,
    reason,
    message: why,
    payload,
    payloadBytes: message.bytes?.length ?? 0,
    body: isWhole || message.bytes === null || message.bytes.length > limits.bodyBytes ? null : message.bytes,
    envelope: writeEnvelope(message, limits.bodyBytes),
  };
}

/** The letter of a prediction that was made here of two halves: there is no message to be taken again. */
export function pairLetter(
  { origin, reason, message, payload }: Paired["rejected"][number],
  now: Millis,
  payloadBytes: number,
): FullLetter {
  const bytes = Buffer.from(payload);
  return {
    receivedAt: now,
    origin,
    reason,
    message,
    payload: excerpt(bytes, payloadBytes),
    payloadBytes: bytes.length,
    body: null,
    envelope: "",
  };
}

/** At most `limit` bytes of well-formed text. */
export function excerpt(bytes: Uint8Array | null, limit: number): string {
  if (bytes === null) return "";
  const cut = Buffer.from(bytes.subarray(0, limit)).toString("utf8");
  // Bytes that are no text become three bytes each.
  const text = Buffer.byteLength(cut) <= limit ? cut : Buffer.from(cut).subarray(0, limit).toString("utf8");
  return bytes.length > limit || text.length < cut.length ? text.replace(/\ufffd+$/, "") : text;
}
