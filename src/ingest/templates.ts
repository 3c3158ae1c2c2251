import { isUtf8 } from "node:buffer";
import type { Features, Prediction } from "../model/event.ts";
import type { ModelSettings } from "../model/settings.ts";
import { parseTime, type Millis } from "../model/time.ts";
import { MOST_WEIGHT, type DecodeLimits } from "./limits.ts";

/**
 * A quicker way through events that are like one seen before. A serving system writes the same keys in the same order
 * with the same spaces, event after event; so what lies between the values of one event, byte for byte, is a template for
 * the next. Where an event has those bytes, its values are read where they stand, with no text and no object made of the
 * whole. Where it has not, or a value is anything but plain, the general way decides: an event read here is read alike there.
 */
export type Templates = {
  /** The prediction in these bytes, or null where the general way is to look at them. */
  read(bytes: Uint8Array, context: TemplateContext): Prediction | null;
  /** Takes an event that the general way has read for a template. */
  learn(bytes: Uint8Array, prediction: Prediction): void;
};

export type TemplateContext = {
  readonly models: ReadonlyMap<string, ModelSettings>;
  readonly limits: DecodeLimits;
  readonly earliest: Millis;
  readonly latest: Millis;
};

type Template = {
  readonly model: string;
  readonly names: readonly string[];
  /** The bytes before each value, and behind the last one. */
  readonly literals: readonly Uint8Array[];
  readonly slots: readonly Slot[];
  /** NaN for each name: what the numbers of an event begin as. */
  readonly blank: readonly number[];
};

/** What a value is. The type and the model of an event never change within a template: they are no values but part of it. */
const SLOTS = ["feature", "id", "version", "time", "prediction", "score", "latency_ms", "status", "role", "entity", "weight"] as const;
type Slot = (typeof SLOTS)[number];
const CONSTANT = ["type", "model"];
const NEEDED: readonly Slot[] = ["id", "version", "time"];

const TEMPLATES_KEPT = 8;
/** Where so many templates were of no use in a row, only one event in so many is made one: some senders' events are never alike. */
const USELESS_TEMPLATES = 64;

export function createTemplates(): Templates {
  const templates: Template[] = [];
  let useless = 0;

  function read(bytes: Uint8Array, context: TemplateContext): Prediction | null {
    const buffer = bufferOf(bytes);
    for (const [index, template] of templates.entries()) {
      const prediction = readWith(template, buffer, context);
      if (!prediction) continue;
      if (index > 0) templates.unshift(...templates.splice(index, 1));
      useless = 0;
      return prediction;
    }
    return null;
  }

  function learn(bytes: Uint8Array, prediction: Prediction): void {
    useless++;
    if (useless > USELESS_TEMPLATES && useless % USELESS_TEMPLATES !== 0) return;
    const template = templateOf(bufferOf(bytes), prediction);
    if (!template) return;
    templates.unshift(template);
    templates.length = Math.min(templates.length, TEMPLATES_KEPT);
  }

  return { read, learn };
}

const QUOTE = 0x22;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const LOWER_E = 0x65 - ZERO;
const UPPER_E = 0x45 - ZERO;

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();
// Shared by all events that have none, and never written to.
const NO_PLACES: number[] = [];
const NO_TEXTS: string[] = [];

// Where the reading of one value ended, and what it was. Nothing in here waits, so there is one at a time.
let end = 0;
let isAscii = true;
const number = new Float64Array(1);

const isDigit = (byte: number | undefined): boolean => byte! >= ZERO && byte! <= NINE;

/** Powers of ten that a double holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/;
const LONGEST_NUMBER = 40;

/**
 * Reads a JSON number. Up to 15 digits and 22 places it is a whole number divided by a power of ten, both exact, so the
 * quotient is the nearest double, which is what JSON.parse answers; any other is left to the engine.
 */
function readNumber(bytes: Buffer, from: number): boolean {
  let at = from;
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at++;
  const first = at;
  let whole = 0;
  let digit = bytes[at]! - ZERO;
  while (digit >= 0 && digit <= 9) {
    whole = whole * 10 + digit;
    digit = bytes[++at]! - ZERO;
  }
  if (at === first || (at > first + 1 && bytes[first] === ZERO)) return false;
  let digits = at - first;
  let places = 0;
  if (digit === DOT - ZERO) {
    const point = ++at;
    digit = bytes[at]! - ZERO;
    while (digit >= 0 && digit <= 9) {
      whole = whole * 10 + digit;
      digit = bytes[++at]! - ZERO;
    }
    places = at - point;
    if (places === 0) return false;
    digits += places;
  }
  if (digits > 15 || digit === LOWER_E || digit === UPPER_E) return readLongNumber(bytes, from);
  const size = places === 0 ? whole : whole / POWERS[places]!;
  number[0] = isNegative ? -size : size;
  end = at;
  return true;
}

function readLongNumber(bytes: Buffer, from: number): boolean {
  const [text] = JSON_NUMBER.exec(bytes.toString("latin1", from, Math.min(bytes.length, from + LONGEST_NUMBER))) ?? [""];
  if (text === "" || text.length === LONGEST_NUMBER) return false;
  const value = Number(text);
  number[0] = value;
  end = from + text.length;
  return Number.isFinite(value);
}

/** Where a text without escapes ends, or -1: its closing quote. */
function endOfText(bytes: Buffer, from: number, limit: number): number {
  const last = Math.min(bytes.length, from + limit + 1);
  isAscii = true;
  for (let at = from; at < last; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return isAscii || isUtf8(bytes.subarray(from, at)) ? at : -1;
    if (byte < 0x20 || byte === BACKSLASH) return -1;
    if (byte > 0x7f) isAscii = false;
  }
  return -1;
}

function hasAt(bytes: Buffer, at: number, literal: Uint8Array): boolean {
  const { length } = literal;
  if (at + length > bytes.length) return false;
  // The end first: keys that are numbered differ there.
  for (let index = length - 1; index >= 0; index--) if (bytes[at + index] !== literal[index]) return false;
  return true;
}

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What kind of value begins at a place, and where it ends (`end`); null where it is none to be read here. */
function readValue(bytes: Buffer, at: number, limit: number): "number" | "text" | "true" | "false" | "null" | null {
  const byte = bytes[at];
  if (byte === QUOTE) {
    const close = endOfText(bytes, at + 1, limit);
    if (close < 0) return null;
    end = close + 1;
    return "text";
  }
  if (byte === MINUS || isDigit(byte)) return readNumber(bytes, at) ? "number" : null;
  const [kind, literal] =
    byte === 0x6e ? (["null", NULL] as const) : byte === 0x74 ? (["true", TRUE] as const) : (["false", FALSE] as const);
  if (!hasAt(bytes, at, literal)) return null;
  end = at + literal.length;
  return kind;
}

function readWith(template: Template, bytes: Buffer, { models, limits, earliest, latest }: TemplateContext): Prediction | null {
  const model = models.get(template.model);
  if (!model) return null;
  const { literals, slots, names } = template;
  const numbers = template.blank.slice();
  let categoryPlaces = NO_PLACES;
  let categories = NO_TEXTS;
  let id = "";
  let version = "";
  let status = "ok";
  let role = "";
  let entity = "";
  let time = Number.NaN;
  let predictedClass: string | null = null;
  let predictedNumber: number | null = null;
  let score: number | null = null;
  let latencyMs: number | null = null;
  let weight = 1;

  let at = 0;
  let place = 0;
  for (let index = 0; index < slots.length; index++) {
    const literal = literals[index]!;
    if (!hasAt(bytes, at, literal)) return null;
    at += literal.length;
    const slot = slots[index]!;
    const kind = readValue(bytes, at, slot === "id" || slot === "entity" ? limits.idLength : limits.textLength);
    if (kind === null) return null;
    const value = number[0]!;
    const text = kind === "text" ? bytes.toString(isAscii ? "latin1" : "utf8", at + 1, end - 1) : kind;
    at = end;
    if (slot === "feature") {
      if (kind === "number") numbers[place] = value;
      else if (kind !== "null") {
        if (categories === NO_TEXTS) [categoryPlaces, categories] = [[], []];
        categoryPlaces.push(place);
        categories.push(text);
      }
      place++;
      continue;
    }
    if (kind === "null") {
      if (NEEDED.includes(slot)) return null;
      continue;
    }
    switch (slot) {
      case "time":
        time = kind === "text" ? (parseTime(text) ?? Number.NaN) : kind === "number" && Number.isInteger(value) ? value : Number.NaN;
        break;
      case "prediction":
        // What is one item and what is a list the general way tells apart.
        if (model.task === "ranking") return null;
        if (model.task !== "regression") predictedClass = kind === "number" ? String(value) : text;
        else if (kind === "number") predictedNumber = value;
        else return null;
        break;
      case "score":
      case "latency_ms":
      case "weight":
        if (kind !== "number") return null;
        if (slot === "score") score = value;
        else if (slot === "latency_ms") latencyMs = value;
        else weight = value;
        break;
      case "id":
      case "version":
      case "status":
      case "role":
      case "entity": {
        if (kind !== "text" || (slot !== "id" && slot !== "entity" && text.length > limits.nameLength)) return null;
        if (slot === "id") id = text;
        else if (slot === "version") version = text;
        else if (slot === "status") status = text === "" ? "ok" : text;
        else if (slot === "role") role = text;
        else entity = text;
        break;
      }
    }
  }
  const rest = literals[slots.length] ?? NULL;
  if (at + rest.length !== bytes.length || !hasAt(bytes, at, rest)) return null;
  if (id === "" || version === "" || !(time >= earliest && time <= latest)) return null;
  if (predictedClass === null && predictedNumber === null && score === null && status !== "error") return null;
  if (model.task === "binary" && score !== null && !(score >= 0 && score <= 1)) return null;
  if ((latencyMs !== null && latencyMs < 0) || weight < 0 || weight > MOST_WEIGHT) return null;
  const features: Features = { names, numbers, categoryPlaces, categories, embeddings: NOTHING, unparsable: NO_TEXTS };
  return {
    type: "prediction",
    id,
    model: model.name,
    version,
    time,
    features,
    predictedClass,
    predictedNumber,
    score,
    scores: NOTHING,
    latencyMs,
    status,
    role,
    entity,
    weight,
    telemetry: NOTHING,
  };
}

/** The template that an event is one of; null where it holds anything but plain values in known fields. */
function templateOf(bytes: Buffer, prediction: Prediction): Template | null {
  const literals: Uint8Array[] = [];
  const slots: Slot[] = [];
  const names: string[] = [];
  let from = 0;
  let at = 0;

  const skipSpace = (): void => {
    while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  };
  const take = (byte: number): boolean => {
    skipSpace();
    if (bytes[at] !== byte) return false;
    at++;
    return true;
  };
  /** A key with its colon, as JSON reads it; names may hold anything, since only their bytes are compared later. */
  const takeKey = (): string | null => {
    if (!take(QUOTE)) return null;
    const begin = at - 1;
    while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    const key: unknown = JSON.parse(bytes.toString("utf8", begin, ++at));
    return take(0x3a) && typeof key === "string" ? key : null;
  };
  const takeMembers = (member: (key: string) => boolean): boolean => {
    if (!take(0x7b)) return false;
    if (take(0x7d)) return true;
    do {
      const key = takeKey();
      skipSpace();
      if (key === null || !member(key)) return false;
    } while (take(0x2c));
    return take(0x7d);
  };
  const takeSlot = (slot: Slot): boolean => {
    literals.push(Uint8Array.from(bytes.subarray(from, at)));
    slots.push(slot);
    if (readValue(bytes, at, bytes.length) === null) return false;
    at = from = end;
    return true;
  };
  const takeFeature = (name: string): boolean => {
    names.push(name);
    return takeSlot("feature");
  };
  const takeField = (key: string): boolean => {
    if (key === "features") return takeMembers(takeFeature);
    const slot = SLOTS.find((one) => one === key && one !== "feature");
    if (slot) return !slots.includes(slot) && takeSlot(slot);
    if (!CONSTANT.includes(key) || readValue(bytes, at, bytes.length) !== "text") return false;
    at = end;
    return true;
  };
  if (!takeMembers(takeField) || NEEDED.some((slot) => !slots.includes(slot))) return null;
  literals.push(Uint8Array.from(bytes.subarray(from)));
  const known = prediction.features.names;
  // Keys that JSON puts in another order, or takes for one, are none to be read by place.
  if (names.length !== known.length || names.some((name, place) => name !== known[place])) return null;
  return { model: prediction.model, names: known, literals, slots, blank: known.map(() => Number.NaN) };
}
