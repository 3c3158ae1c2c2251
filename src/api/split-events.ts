import { Problem } from "./problem.ts";

const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * The events of a JSON body (one event, an array of them, or `{"events": […]}`), each as the bytes that were sent: a
 * number too large for a float, or a repeated key, reaches the decoder as it is. Only the frame is checked here.
 */
export function splitJson(body: Buffer, most: number): Buffer[] {
  const start = skipSpace(body, 0);
  if (start >= body.length) throw malformed("The body is empty.");
  let events: Buffer[];
  let end: number;
  if (body[start] === OPEN_ARRAY) [events, end] = elements(body, start, most);
  else if (body[start] === OPEN_OBJECT) {
    end = skipValue(body, start);
    const list = eventsMember(body, start);
    events = list === null ? [body.subarray(start, end)] : elements(body, list, most)[0];
  } else throw malformed("The body is neither an object nor an array.");
  if (skipSpace(body, end) < body.length) throw malformed("Something follows the JSON value of the body.");
  return events;
}

/** The lines of a body that hold anything. */
export function splitLines(body: Buffer, most: number): Buffer[] {
  const events: Buffer[] = [];
  for (let start = 0; start < body.length;) {
    const newline = body.indexOf(0x0a, start);
    const end = newline < 0 ? body.length : newline;
    const line = body.subarray(start, end);
    if (skipSpace(line, 0) < line.length) add(events, line, most);
    start = end + 1;
  }
  if (events.length === 0) throw malformed("The body is empty.");
  return events;
}

/** Where the array of `{"events": […]}` begins; null when the object has a `type`, so is an event itself, or has no such member. */
function eventsMember(body: Buffer, start: number): number | null {
  let list: number | null = null;
  let at = skipSpace(body, start + 1);
  while (body[at] === QUOTE) {
    const keyEnd = skipValue(body, at);
    const key = body.toString("utf8", at + 1, keyEnd - 1);
    const colon = skipSpace(body, keyEnd);
    if (body[colon] !== COLON) return null;
    const value = skipSpace(body, colon + 1);
    if (key === "type") return null;
    if (key === "events" && body[value] === OPEN_ARRAY) list = value;
    at = skipSpace(body, skipValue(body, value));
    if (body[at] !== COMMA) return list;
    at = skipSpace(body, at + 1);
  }
  return list;
}

function elements(body: Buffer, open: number, most: number): [Buffer[], number] {
  const found: Buffer[] = [];
  let at = skipSpace(body, open + 1);
  if (body[at] === CLOSE_ARRAY) return [found, at + 1];
  for (;;) {
    const end = skipValue(body, at);
    add(found, body.subarray(at, end), most);
    at = skipSpace(body, end);
    if (body[at] === CLOSE_ARRAY) return [found, at + 1];
    if (body[at] !== COMMA) throw malformed(`The array is broken after element ${found.length - 1}.`);
    at = skipSpace(body, at + 1);
  }
}

function add(events: Buffer[], event: Buffer, most: number): void {
  if (events.length >= most) throw new Problem(413, `The body holds more than ${most} events.`, "Send fewer events at a time.");
  events.push(event);
}

function skipSpace(body: Buffer, start: number): number {
  let at = start;
  while (at < body.length && SPACE.has(body[at] as number)) at += 1;
  return at;
}

/** The index after a value: brackets are counted, strings passed over; whether it is JSON inside is for the decoder. */
function skipValue(body: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < body.length) {
    const byte = body[at] as number;
    if (byte === QUOTE) {
      at = skipString(body, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      if (depth === 0) return notEmpty(start, at);
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || SPACE.has(byte))) return notEmpty(start, at);
    at += 1;
  }
  if (depth > 0) throw malformed("The JSON ends before its brackets are closed.");
  return notEmpty(start, at);
}

function notEmpty(start: number, end: number): number {
  if (end === start) throw malformed("A value is missing in the JSON.");
  return end;
}

function skipString(body: Buffer, start: number): number {
  for (let at = start + 1; at < body.length; at += 1) {
    if (body[at] === BACKSLASH) at += 1;
    else if (body[at] === QUOTE) return at + 1;
  }
  throw malformed("The JSON ends inside a string.");
}

function malformed(detail: string): Problem {
  return new Problem(
    400,
    detail,
    'Send one event, an array of events, {"events": […]}, or a line an event as application/x-ndjson. None of this body was taken.',
  );
}
