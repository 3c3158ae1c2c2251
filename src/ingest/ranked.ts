import { isRankedJson } from "../model/ranked.ts";
import type { Fields } from "./fields.ts";
import type { DecodeLimits } from "./limits.ts";

/** What a gain is: more than a billion times another it is no judgement of relevance, and no whole number of JSON's either. */
const MOST_GAIN = 1e9;
export const EXPECTED_RELEVANT = "a relevant item, a list of them, or an object of items and their gains";

/**
 * A ranked list, best first, as the text that is stored. One item is that item, several are their list as JSON; an item
 * that would be read as JSON is kept as a list of one.
 */
export function rankedText(fields: Fields, limits: DecodeLimits, name: string, value: unknown): string {
  if (!Array.isArray(value)) {
    const item = fields.classText(name, value);
    return isRankedJson(item) ? JSON.stringify([item]) : item;
  }
  if (!isBounded(fields, limits, name, value, value)) return "";
  return JSON.stringify(value.map((item, place) => fields.classText(`${name}[${place}]`, item)));
}

/** What was relevant of a list: an item, items that are all as good, or items with their gains. */
export function relevantText(fields: Fields, limits: DecodeLimits, name: string, value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return rankedText(fields, limits, name, value);
  const entries = Object.entries(value as Record<string, unknown>);
  const items = entries.map(([item]) => item);
  if (!isBounded(fields, limits, name, value, items)) return "";
  const isGain = (gain: number) => gain >= 0 && gain <= MOST_GAIN;
  const gains = entries.flatMap(([item, gain], place): [string, number][] => {
    const text = fields.classText(`the name of ${name}[${place}]`, item);
    return gain === null ? [] : [[text, fields.number(`the gain of ${name}[${place}]`, gain, `a number from 0 to ${MOST_GAIN}`, isGain)]];
  });
  return JSON.stringify(Object.fromEntries(gains));
}

/** Before anything is made of it: a list costs as much to look at as it is long. */
function isBounded(fields: Fields, limits: DecodeLimits, name: string, value: unknown, items: readonly unknown[]): boolean {
  if (items.length > limits.items) {
    fields.invalid(name, value, `at most ${limits.items} items`);
    return false;
  }
  const length = items.reduce<number>((sum, item) => sum + (typeof item === "string" ? item.length : 0), 0);
  if (length <= limits.itemsLength) return true;
  fields.invalid(name, value, `items of at most ${limits.itemsLength} characters together`);
  return false;
}
