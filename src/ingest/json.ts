import { isUtf8 } from "node:buffer";
import type { Reject } from "./fields.ts";
import type { DecodeLimits } from "./limits.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether arrays and objects nest deeper than `limit`. One pass over the bytes, stopping at the first that is too deep. */
export function isDeeperThan(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  let inText = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (inText) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth++;
      if (depth > limit) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}

/** The JSON object a message holds, or null once `reject` was told why there is none. */
export function parseObject(bytes: Uint8Array | null, limits: DecodeLimits, reject: Reject): Record<string, unknown> | null {
  if (bytes === null || bytes.length === 0) {
    reject(
      "empty",
      bytes === null ? "The message has no value (a tombstone); expected a JSON object." : "The message is empty; expected a JSON object.",
    );
    return null;
  }
  if (bytes.length > limits.bytes) {
    reject("too_large", `The message has ${bytes.length} bytes or more; at most ${limits.bytes} are taken.`);
    return null;
  }
  if (isDeeperThan(bytes, limits.depth)) {
    reject("too_deep", `The JSON nests deeper than ${limits.depth} levels.`);
    return null;
  }
  if (!isUtf8(bytes)) {
    reject("invalid_json", "The message is not UTF-8 text.");
    return null;
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  let value: unknown;
  try {
    // Files written on Windows begin with a byte order mark, which JSON does not know.
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    const where = error instanceof Error ? error.message : String(error);
    reject("invalid_json", `The message is not valid JSON: ${where.slice(0, 200).toWellFormed()}`);
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    reject(
      "not_an_object",
      `The JSON is ${Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`}; expected one object for one event.`,
    );
    return null;
  }
  return value as Record<string, unknown>;
}
