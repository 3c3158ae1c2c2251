/** Milliseconds since the Unix epoch, UTC. */
export type Millis = number;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Half-open stretch of event time: `from` is in it, `to` is not. */
export type Window = { readonly from: Millis; readonly to: Millis };

/** All of time, as far as the store can tell it. */
export const ALWAYS: Window = { from: 0, to: 4_294_967_295_000 };

/** A source of the present moment. Everything that needs "now" is handed one. */
export type Clock = () => Millis;

const UNITS: Readonly<Record<string, Millis>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY, y: 365 * DAY };

/** Milliseconds of a duration such as `90s`, `15m`, `1h`, `7d`, or null when the text is none. */
export function parseDuration(text: string): Millis | null {
  const match = /^(\d{1,6})(ms|s|m|h|d|y)$/.exec(text);
  if (!match) return null;
  return Number(match[1]) * (UNITS[match[2] ?? ""] ?? 0);
}

/** The shortest text that `parseDuration` reads back as `duration`. */
export function formatDuration(duration: Millis): string {
  for (const [unit, size] of [
    ["d", DAY],
    ["h", HOUR],
    ["m", MINUTE],
    ["s", SECOND],
  ] as const) {
    if (duration >= size && duration % size === 0) return `${duration / size}${unit}`;
  }
  return `${duration}ms`;
}

/** RFC 3339 in UTC; whole seconds are written without a fraction. */
export function formatTime(time: Millis): string {
  return new Date(time).toISOString().replace(".000Z", "Z");
}

/** The form most senders use, `2026-03-01T10:20:00Z` with or without milliseconds, without the cost of the general way; null for any other. */
function parseUsualTime(text: string): Millis | null {
  const hasMillis = text.length === 24;
  if ((!hasMillis && text.length !== 20) || text[text.length - 1] !== "Z") return null;
  if (text[4] !== "-" || text[7] !== "-" || text[10] !== "T" || text[13] !== ":" || text[16] !== ":" || (hasMillis && text[19] !== "."))
    return null;
  const year = 100 * twoDigits(text, 0) + twoDigits(text, 2);
  const [month, day] = [twoDigits(text, 5), twoDigits(text, 8)];
  const [hour, minute, second] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
  const millis = hasMillis ? 10 * twoDigits(text, 20) + digit(text, 22) : 0;
  // NaN is none of these.
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 23 && minute <= 59 && second <= 59 && millis <= 999))
    return null;
  const time = Date.UTC(year, month - 1, day, hour, minute, second, millis);
  // 30 February would be the 1st of March.
  return day <= 28 || new Date(time).getUTCDate() === day ? time : null;
}

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 48;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}

function twoDigits(text: string, at: number): number {
  return 10 * digit(text, at) + digit(text, at + 1);
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2}))?$/;

/** Milliseconds of an RFC 3339 time or date (UTC midnight), or null. A time without an offset is refused: it has no meaning. */
export function parseTime(text: string): Millis | null {
  const usual = parseUsualTime(text);
  if (usual !== null) return usual;
  if (!RFC_3339.test(text)) return null;
  const dayText = text.slice(0, 10);
  const day = Date.parse(`${dayText}T00:00:00Z`);
  // Date.parse rolls 30 February over to March; a date that does not read back is no date.
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== dayText) return null;
  if (text.length === 10) return day;
  const time = Date.parse(text.replace(" ", "T").toUpperCase());
  return Number.isNaN(time) ? null : time;
}

/** The largest multiple of `step` (counted from the epoch, so aligned to UTC days) not after `time`. */
export function floorTo(time: Millis, step: Millis): Millis {
  return Math.floor(time / step) * step;
}

/** The smallest multiple of `step` not before `time`. */
export function ceilTo(time: Millis, step: Millis): Millis {
  return Math.ceil(time / step) * step;
}

/**
 * The windows of length `length`, one ending at every multiple of `every`, that end in `(after, upTo]`.
 * Oldest first.
 */
export function windowsEnding(after: Millis, upTo: Millis, length: Millis, every: Millis): Window[] {
  const windows: Window[] = [];
  for (let to = floorTo(after, every) + every; to <= upTo; to += every) windows.push({ from: to - length, to });
  return windows;
}
