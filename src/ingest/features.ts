import type { Features } from "../model/event.ts";
import type { Fields, Reject } from "./fields.ts";
import type { DecodeLimits } from "./limits.ts";

/** Lists of names that were met. The same list again is the same array, so that what was worked out for it holds. */
export type NameLists = (names: readonly string[]) => readonly string[];

const LISTS_KEPT = 32;

/** Remembers the lists met last. */
export function createNameLists(): NameLists {
  const lists: (readonly string[])[] = [];
  return (names) => {
    const at = lists.findIndex((list) => list.length === names.length && names.every((name, place) => name === list[place]));
    const list = lists[at] ?? names;
    if (at !== 0) {
      if (at > 0) lists.splice(at, 1);
      lists.unshift(list);
      if (lists.length > LISTS_KEPT) lists.pop();
    }
    return list;
  };
}

/** Features sorted by kind of value. A value that is none is named, never guessed at: `1e999` is no large number. */
export function readFeatures(fields: Fields, limits: DecodeLimits, reject: Reject, lists: NameLists = (names) => names): Features {
  const names: string[] = [];
  const numbers: number[] = [];
  const categoryPlaces: number[] = [];
  const categories: string[] = [];
  const embeddings = new Map<string, readonly number[]>();
  const unparsable: string[] = [];
  const features = (): Features => ({ names: lists(names), numbers, categoryPlaces, categories, embeddings, unparsable });
  const value = fields.at("features");
  if (value === undefined) return features();
  if (typeof value !== "object" || Array.isArray(value)) {
    fields.invalid("features", value, "an object of names and values");
    return features();
  }
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length > limits.features) {
    reject("too_many_features", `features has ${entries.length} entries; at most ${limits.features} are taken.`);
    return features();
  }
  // Two names can become one when halves of surrogate pairs are replaced; a feature must not be of two kinds.
  const replaced = new Set<string>();
  for (const [key, entry] of entries) {
    const name = fields.nameOf("features", key);
    if (name.includes("\ufffd")) {
      if (replaced.has(name)) continue;
      replaced.add(name);
    }
    const place = names.push(name) - 1;
    if (typeof entry === "number" && Number.isFinite(entry)) {
      numbers.push(entry);
      continue;
    }
    numbers.push(Number.NaN);
    if (entry === null) continue;
    const text =
      typeof entry === "boolean"
        ? String(entry)
        : typeof entry === "string" && entry.length <= limits.textLength
          ? fields.clean(entry)
          : null;
    if (text !== null) {
      categoryPlaces.push(place);
      categories.push(text);
    } else if (isEmbedding(entry)) embeddings.set(name, entry);
    else unparsable.push(name);
  }
  return features();
}

/** Embeddings are stored in single precision: what overflows there is not one. An empty list would read back as absent. */
function isEmbedding(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === "number" && Number.isFinite(Math.fround(part)));
}
