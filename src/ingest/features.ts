import type { Fields, Reject } from "./fields.ts";
import type { DecodeLimits } from "./limits.ts";

export type Features = {
  readonly numbers: ReadonlyMap<string, number>;
  readonly categories: ReadonlyMap<string, string>;
  readonly embeddings: ReadonlyMap<string, readonly number[]>;
  readonly missing: readonly string[];
  readonly unparsable: readonly string[];
};

/** Features sorted by kind of value. A value that is none is named, never guessed at: `1e999` is no large number. */
export function readFeatures(fields: Fields, limits: DecodeLimits, reject: Reject): Features {
  const numbers = new Map<string, number>();
  const categories = new Map<string, string>();
  const embeddings = new Map<string, readonly number[]>();
  const missing: string[] = [];
  const unparsable: string[] = [];
  const features = { numbers, categories, embeddings, missing, unparsable };
  const value = fields.at("features");
  if (value === undefined) return features;
  if (typeof value !== "object" || Array.isArray(value)) {
    fields.invalid("features", value, "an object of names and values");
    return features;
  }
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length > limits.features) {
    reject("too_many_features", `features has ${entries.length} entries; at most ${limits.features} are taken.`);
    return features;
  }
  // Two names can become one when halves of surrogate pairs are replaced; a feature must not be of two kinds.
  const replaced = new Set<string>();
  for (const [key, entry] of entries) {
    const name = fields.nameOf("features", key);
    if (name.includes("\ufffd")) {
      if (replaced.has(name)) continue;
      replaced.add(name);
    }
    if (entry === null) missing.push(name);
    else if (typeof entry === "number" && Number.isFinite(entry)) numbers.set(name, entry);
    else if (typeof entry === "string" && entry.length <= limits.textLength) categories.set(name, fields.clean(entry));
    else if (typeof entry === "boolean") categories.set(name, String(entry));
    else if (isEmbedding(entry)) embeddings.set(name, entry);
    else unparsable.push(name);
  }
  return features;
}

/** Embeddings are stored in single precision: what overflows there is not one. An empty list would read back as absent. */
function isEmbedding(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === "number" && Number.isFinite(Math.fround(part)));
}
