import type { Features, Label, Prediction } from "../model/event.ts";

/**
 * The order among rows that claim one identity, as the UInt128 that ReplacingMergeTree compares: the largest stays,
 * whatever arrived first. It is a function of the event alone, so a replay changes nothing.
 */

const UINT32_MAX = 2 ** 32 - 1;
const UINT48_MAX = 2 ** 48 - 1;

/** The three parts of a prediction's precedence, from the highest bits to the lowest: 48, 32 and 48 of them. */
export type Precedence = { readonly time: number; readonly latency: number; readonly content: number };

/**
 * Of predictions with one id the smallest (time, latency, content) wins: each is complemented. Latency is in
 * microseconds, and one that is not known is the largest: of two requests that an answer could belong to, it is
 * that of the later one.
 */
export function predictionPrecedence(prediction: Prediction): Precedence {
  const { time, latencyMs } = prediction;
  const micros = latencyMs === null ? UINT32_MAX : Math.min(Math.round(latencyMs * 1000), UINT32_MAX - 1);
  return { time: UINT48_MAX - time, latency: UINT32_MAX - micros, content: UINT48_MAX - contentHash(prediction) };
}

/** The same as one number. */
export function precedenceNumber({ time, latency, content }: Precedence): bigint {
  return (BigInt(time) << 80n) | (BigInt(latency) << 48n) | BigInt(content);
}

/** Of labels with one id the newest (revision, time, content) wins: 32, 48 and 48 bits. No time is older than any. */
export function labelPrecedence(label: Label): string {
  const time = label.time === null ? 0n : BigInt(label.time) + 1n;
  return ((BigInt(label.revision) << 96n) | (time << 48n) | BigInt(contentHash(label))).toString();
}

/**
 * 48 bits of a hash over what is stored of an event but its identity. The order in which names were sent does not
 * matter, and a feature sent as null is the same as one not sent.
 *
 * It tells contents apart that differ by accident, not by intent: who can make two events that collide can as well
 * send one of them. Each value is mixed into 64 bits by steps that can be undone, so one that changed always shows;
 * names with their values are mixed one by one and added up, which is why their order does not matter.
 */
export function contentHash(event: Prediction | Label): number {
  one = SEED_ONE;
  two = SEED_TWO;
  if (event.type === "label") {
    addText(event.label);
    addNumber(event.labelNumber);
    addNumber(event.time);
    addNumber(event.revision);
  } else {
    addText(event.version);
    addNumber(event.time);
    addFeatures(event.features);
    addText(event.predictedClass);
    addNumber(event.predictedNumber);
    addNumber(event.score);
    addNamed(event.scores, addNumber);
    addNumber(event.latencyMs);
    addText(event.status);
    addText(event.role);
    addText(event.entity);
    addNumber(event.weight);
    addNamed(event.telemetry, addNumber);
  }
  mix();
  return (two >>> 16) * 2 ** 32 + (one >>> 0);
}

// The 64 bits of the hash under way. Nothing in here waits, so there is one at a time.
let one = 0;
let two = 0;
const SEED_ONE = 0x243f6a88;
const SEED_TWO = 0x85a308d3;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** Steps that can each be undone: no two states become one. */
function mix(): void {
  one = Math.imul(one ^ (two >>> 15), 0x85ebca6b);
  two = Math.imul(two ^ (one >>> 13), 0xc2b2ae35);
  one = Math.imul(one ^ (two >>> 16), 0x27d4eb2f);
  two = Math.imul(two ^ (one >>> 14), 0x165667b1);
}

function addWords(a: number, b: number): void {
  one ^= a;
  two ^= b;
  mix();
}

function addNumber(value: number | null): void {
  if (value === null) return addWords(1, 0);
  // 0 and -0 are stored alike.
  double[0] = value + 0;
  addWords(words[0] ?? 0, words[1] ?? 0);
}

function addText(text: string | null): void {
  if (text === null) return addWords(2, 0);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two + unit, 0x9e3779b1) ^ (two >>> 15);
  }
  addWords(3, text.length);
}

function addFeatures({ names, numbers, categoryPlaces, categories, embeddings, unparsable }: Features): void {
  const [before, beside] = [one, two];
  const hashes = hashesOf(names);
  let sumOne = 0;
  let sumTwo = 0;
  for (let place = 0; place < numbers.length; place++) {
    const value = numbers[place] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    one = hashes[2 * place] ?? 0;
    two = hashes[2 * place + 1] ?? 0;
    addNumber(value);
    sumOne = (sumOne + one) | 0;
    sumTwo = (sumTwo + two) | 0;
  }
  for (let index = 0; index < categoryPlaces.length; index++) {
    const place = categoryPlaces[index] ?? 0;
    one = hashes[2 * place] ?? 0;
    two = hashes[2 * place + 1] ?? 0;
    addText(categories[index] ?? "");
    sumOne = (sumOne + one) | 0;
    sumTwo = (sumTwo + two) | 0;
  }
  one = before;
  two = beside;
  addWords(sumOne, sumTwo);
  addNamed(embeddings, (parts) => parts.forEach(addNumber));
  addNamed(new Map(unparsable.map((name) => [name, null])), addNumber);
}

/** What each name adds, summed up. */
function addNamed<Value>(named: ReadonlyMap<string, Value>, add: (value: Value) => void): void {
  if (named.size === 0) return addWords(4, 0);
  const [before, beside] = [one, two];
  let sumOne = 0;
  let sumTwo = 0;
  for (const [name, value] of named) {
    one = SEED_ONE;
    two = SEED_TWO;
    addText(name);
    add(value);
    sumOne = (sumOne + one) | 0;
    sumTwo = (sumTwo + two) | 0;
  }
  one = before ^ sumOne;
  two = beside ^ sumTwo;
  addWords(5, named.size);
}

const knownHashes = new WeakMap<readonly string[], Int32Array>();

/** Two words for each name. Events alike share their list, so this is done once. */
function hashesOf(names: readonly string[]): Int32Array {
  const known = knownHashes.get(names);
  if (known) return known;
  const [before, beside] = [one, two];
  const hashes = new Int32Array(2 * names.length);
  for (const [place, name] of names.entries()) {
    one = SEED_ONE;
    two = SEED_TWO;
    addText(name);
    hashes[2 * place] = one;
    hashes[2 * place + 1] = two;
  }
  one = before;
  two = beside;
  knownHashes.set(names, hashes);
  return hashes;
}
