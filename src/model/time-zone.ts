import { MINUTE, DAY, type Millis } from "./time.ts";

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  return format;
}

/** Whether this is the name of a time zone in the IANA database, as `Europe/Zagreb`, or `UTC`. */
export function isTimeZone(name: string): boolean {
  // Newer engines take offsets such as +01:00 as well; what runs on one Node should run on all.
  if (!/^[A-Za-z][\w+-]*(\/[\w+-]+)*$/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Offsets by zone and quarter of an hour: they change at such times only, and asking costs microseconds. */
const offsets = new Map<string, number>();
const MOST_OFFSETS = 10_000;

/** What a zone's clocks are ahead of UTC at a moment. */
function offsetAt(time: Millis, zone: string): Millis {
  const quarter = Math.floor(time / (15 * MINUTE));
  const key = `${quarter} ${zone}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const at = quarter * 15 * MINUTE;
  const parts = new Map(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const number = (part: Intl.DateTimeFormatPartTypes) => Number(parts.get(part));
  const wall = Date.UTC(number("year"), number("month") - 1, number("day"), number("hour"), number("minute"), number("second"));
  if (offsets.size >= MOST_OFFSETS) offsets.clear();
  offsets.set(key, wall - at);
  return wall - at;
}

/** What a zone's clocks show at a moment, given as if it were UTC. */
export function wallClock(time: Millis, zone: string): Millis {
  return time + offsetAt(time, zone);
}

/**
 * The moment at which a zone's clocks show `wall` (given as if it were UTC). Of an hour that comes twice the first
 * is meant; in an hour that is skipped, the clock is read as if it had not been put forward yet.
 */
export function fromWallClock(wall: Millis, zone: string): Millis {
  const [before, after] = [offsetAt(wall - DAY, zone), offsetAt(wall + DAY, zone)];
  const possible = [wall - before, wall - after].filter((time) => time + offsetAt(time, zone) === wall);
  return possible.length > 0 ? Math.min(...possible) : wall - before;
}
