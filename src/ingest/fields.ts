import type { RejectReason } from "../model/event.ts";
import { formatTime, parseTime, type Millis } from "../model/time.ts";
import type { DecodeLimits } from "./limits.ts";

/** Notes why an event is refused. The first reason stays: what follows it is often its consequence. */
export type Reject = (reason: RejectReason, message: string) => void;

export type Fields = ReturnType<typeof createFields>;

const EXCERPT = 40;

/** What was found, for a message to a person: its kind and the start of it, escaped. */
export function found(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value === "string")
    return `the text ${JSON.stringify(value.slice(0, EXCERPT).toWellFormed())}${value.length > EXCERPT ? `… (${value.length} characters)` : ""}`;
  return typeof value === "number" || typeof value === "boolean" ? `the ${typeof value} ${String(value)}` : `a ${typeof value}`;
}

/**
 * Readers of one event's fields. A field that is wrong is told to `reject` and read as something harmless, so that
 * callers need no branch of their own. A null is a field not sent. `nameOfField` is what messages call a field.
 */
export function createFields(
  object: Readonly<Record<string, unknown>>,
  limits: DecodeLimits,
  reject: Reject,
  onReplaced: () => void,
  nameOfField: (field: string) => string = (field) => field,
) {
  const at = (name: string): unknown => (Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined);

  function invalid(name: string, value: unknown, expected: string): void {
    reject("invalid_field", `${nameOfField(name)} is ${found(value)}; expected ${expected}.`);
  }

  /** The same text with halves of surrogate pairs replaced: the store takes Unicode only, and one half would refuse a whole batch. */
  function clean(text: string): string {
    if (text.isWellFormed()) return text;
    onReplaced();
    return text.toWellFormed();
  }

  function required(name: string, expected: string): unknown {
    const value = at(name);
    if (value === undefined) reject("missing_field", `${nameOfField(name)} is missing; expected ${expected}.`);
    return value;
  }

  function text(name: string, value: unknown, limit: number): string {
    if (typeof value !== "string" || value.length === 0 || value.length > limit) {
      invalid(name, value, `a text of 1 to ${limit} characters`);
      return "";
    }
    return clean(value);
  }

  function requiredText(name: string, limit: number): string {
    const value = required(name, `a text of at most ${limit} characters`);
    return value === undefined ? "" : text(name, value, limit);
  }

  function optionalText(name: string, limit: number, fallback: string): string {
    const value = at(name);
    return value === undefined || value === "" ? fallback : text(name, value, limit);
  }

  function number(name: string, value: unknown, expected: string, isRight: (value: number) => boolean = () => true): number {
    if (typeof value === "number" && Number.isFinite(value) && isRight(value)) return value;
    invalid(name, value, expected);
    return 0;
  }

  function optionalNumber(name: string, expected: string, isRight?: (value: number) => boolean): number | null {
    const value = at(name);
    return value === undefined ? null : number(name, value, expected, isRight);
  }

  /** A map of names to finite numbers; names sent as null are left out. */
  function numbers(name: string, limit: number, expected: string, isRight?: (value: number) => boolean): Map<string, number> {
    const map = new Map<string, number>();
    const value = at(name);
    if (value === undefined) return map;
    if (typeof value !== "object" || Array.isArray(value)) {
      invalid(name, value, "an object of numbers");
      return map;
    }
    const entries = Object.entries(value as Record<string, unknown>);
    if (entries.length > limit) {
      reject("invalid_field", `${name} has ${entries.length} entries; at most ${limit} are taken.`);
      return map;
    }
    for (const [key, entry] of entries) {
      if (entry === null) continue;
      map.set(nameOf(name, key), number(`${name}.${excerpt(key)}`, entry, expected, isRight));
    }
    return map;
  }

  function nameOf(field: string, name: string): string {
    if (name.length > limits.nameLength)
      reject(
        "invalid_field",
        `${field} has a name of ${name.length} characters, ${excerpt(name)}; at most ${limits.nameLength} are taken.`,
      );
    return clean(name);
  }

  /** A class as text: a string as it is, numbers and booleans as JSON writes them. */
  function classText(name: string, value: unknown): string {
    if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return String(value);
    if (typeof value === "string" && value.length <= limits.textLength) return clean(value);
    invalid(name, value, `a class: a text of at most ${limits.textLength} characters, a finite number or a boolean`);
    return "";
  }

  function time(name: string, value: unknown, horizon: { readonly now: Millis; readonly live: boolean }): Millis {
    const parsed = typeof value === "string" ? parseTime(value) : typeof value === "number" && Number.isSafeInteger(value) ? value : null;
    const hint = typeof value === "number" ? unitHint(value) : null;
    if (parsed === null || hint !== null) {
      invalid(name, value, `an RFC 3339 time with an offset, or epoch milliseconds${hint ? `; it looks like ${hint}` : ""}`);
      return 0;
    }
    if (parsed < limits.notBefore)
      reject("before_horizon", `${nameOfField(name)} is ${shown(parsed)}; events before ${formatTime(limits.notBefore)} are not taken.`);
    const latest = horizon.live ? Math.min(limits.notAfter, horizon.now + limits.ahead) : limits.notAfter;
    if (parsed > latest)
      reject("in_the_future", `${nameOfField(name)} is ${shown(parsed)}; events later than ${formatTime(latest)} are not taken.`);
    return parsed;
  }

  return { at, required, requiredText, optionalText, number, optionalNumber, numbers, nameOf, classText, clean, time, invalid };
}

const excerpt = (name: string): string => (name.length > EXCERPT ? `${name.slice(0, EXCERPT)}…` : name).toWellFormed();

/** The unit a number that is no sensible count of milliseconds was probably meant in. */
function unitHint(value: number): string | null {
  const size = Math.abs(value);
  if (size >= 1e9 && size < 1e10) return "seconds: multiply by 1000";
  if (size >= 1e17) return "nanoseconds: divide by 1000000";
  if (size >= 1e15) return "microseconds: divide by 1000";
  return null;
}

/** Years that RFC 3339 cannot write are shown as milliseconds. */
function shown(time: Millis): string {
  return Math.abs(time) <= 8.64e15 ? formatTime(time) : `${time} ms`;
}
