import type { TimeSource } from "../../model/settings.ts";
import { fromWallClock } from "../../model/time-zone.ts";
import { parseTime, type Millis } from "../../model/time.ts";
import { found, type Reject } from "../fields.ts";
import type { Message } from "../source.ts";
import { valueOf } from "./bodies.ts";

const WITHOUT_OFFSET = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?$/;
const PER_MILLISECOND = { s: 0.001, ms: 1, us: 1_000, ns: 1_000_000 };

/**
 * The time a source finds in a message, in milliseconds; undefined where there is none, or once `reject` was told
 * what is wrong. A message nobody looks into for a time has that of its Kafka record.
 */
export function readTime(object: unknown, source: TimeSource | null, message: Message, reject: Reject): Millis | undefined {
  if (source === null || source.path === null) return (source?.fallback as number | null) ?? message.timestamp ?? undefined;
  const value = valueOf(object, source);
  if (value === undefined) return undefined;
  const number = typeof value === "string" && /^\d{9,20}(\.\d{1,9})?$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return Math.floor(number / PER_MILLISECOND[source.unit]);
  if (typeof value === "string") {
    const wall = WITHOUT_OFFSET.test(value) && (source.timezone !== null || value.length > 10);
    const parsed = parseTime(wall && value.length > 10 ? `${value}Z` : value);
    if (parsed !== null && !wall) return parsed;
    if (parsed !== null && source.timezone !== null) return fromWallClock(parsed, source.timezone);
    if (parsed !== null) {
      reject(
        "invalid_field",
        `time (from ${source.written}) is ${found(value)}, which has no offset; expected one, or a timezone in the configuration.`,
      );
      return undefined;
    }
  }
  reject(
    "invalid_field",
    `time (from ${source.written}) is ${found(value)}; expected an RFC 3339 time, or a number of ${source.unit} since 1970.`,
  );
  return undefined;
}

/** Microseconds of an RFC 3339 time, or null: `parseTime` and the three digits it leaves. */
export function parseMicros(text: string): number | null {
  const time = parseTime(text);
  if (time === null) return null;
  const digits = /\.\d{3}(\d{1,3})/.exec(text)?.[1] ?? "";
  return time * 1000 + Number(digits.padEnd(3, "0"));
}
