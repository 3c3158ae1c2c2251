import type { Millis } from "../model/time.ts";

/**
 * A time as a DateTime64(3) column takes it from JSON. Thirteen digits are read as milliseconds; fewer would be
 * taken for seconds, so early times go as text.
 */
export function dateTimeValue(time: Millis): number | string {
  return time >= 1_000_000_000_000 ? time : new Date(time).toISOString().replace("T", " ").replace("Z", "");
}

/** A plain record of a map. Its prototype is null: `__proto__` is a key like any other. */
export function recordOf<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  const record = Object.create(null) as Record<string, T>;
  for (const [key, value] of map) record[key] = value;
  return record;
}
