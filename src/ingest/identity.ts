import { hash } from "node:crypto";
import type { Label, Prediction } from "../model/event.ts";

/**
 * The order among rows that claim one identity, as the UInt128 that ReplacingMergeTree compares: the largest stays,
 * whatever arrived first. It is a function of the event alone, so a replay changes nothing.
 */

const UINT32_MAX = (1n << 32n) - 1n;
const UINT48_MAX = (1n << 48n) - 1n;

/**
 * Of predictions with one id the smallest (time, latency, content) wins: 48, 32 and 48 bits, complemented. Latency is
 * in microseconds, and one that is not known is the largest: of two requests that an answer could belong to, it is
 * that of the later one.
 */
export function predictionPrecedence(prediction: Prediction): bigint {
  const time = BigInt(prediction.time) & UINT48_MAX;
  const micros =
    prediction.latencyMs === null ? UINT32_MAX : BigInt(Math.min(Math.round(prediction.latencyMs * 1000), Number(UINT32_MAX - 1n)));
  const content = contentHash(prediction) & UINT48_MAX;
  return ((UINT48_MAX - time) << 80n) | ((UINT32_MAX - micros) << 48n) | (UINT48_MAX - content);
}

/** Of labels with one id the newest (revision, time, content) wins: 32, 48 and 48 bits. No time is older than any. */
export function labelPrecedence(label: Label): string {
  const time = label.time === null ? 0n : BigInt(label.time) + 1n;
  return ((BigInt(label.revision) << 96n) | (time << 48n) | (contentHash(label) & UINT48_MAX)).toString();
}

/**
 * 64 bits of SHA-256 over what is stored of an event but its identity. The order in which names were sent does not
 * matter, and a feature sent as null is the same as one not sent.
 */
export function contentHash(event: Prediction | Label): bigint {
  const content =
    event.type === "label"
      ? [event.label, event.labelNumber, event.time, event.revision]
      : [
          event.version,
          event.time,
          sorted(event.numbers),
          sorted(event.categories),
          sorted(event.embeddings),
          [...event.unparsable].sort(),
          event.predictedClass,
          event.predictedNumber,
          event.score,
          sorted(event.scores),
          event.latencyMs,
          event.status,
          event.role,
          event.entity,
          event.weight,
          sorted(event.telemetry),
        ];
  return hash("sha256", JSON.stringify(content), "buffer").readBigUInt64BE(0);
}

/** By UTF-16 code unit: the same on every host, unlike a locale's order. */
function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return map.size === 0 ? [] : [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
