import * as z from "zod";
import { Problem } from "./problem.ts";

/** Long enough for four names of the greatest length an event may carry. */
const LONGEST = 8_000;

/** A page's end as text. `list` keeps a cursor from being used on another list. */
export function writeCursor(list: string, place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...place])).toString("base64url");
}

/** The place a cursor names; throws a Problem when it is none of this list. */
export function readCursor<Place extends readonly (string | number)[]>(
  list: string,
  text: string | undefined,
  place: z.ZodType<Place>,
): Place | null {
  if (text === undefined) return null;
  try {
    if (text.length > LONGEST) throw new Error("too long");
    const [from, ...rest] = z.array(z.union([z.string(), z.int()])).parse(JSON.parse(Buffer.from(text, "base64url").toString()));
    if (from !== list) throw new Error("of another list");
    return place.parse(rest);
  } catch {
    throw new Problem(
      400,
      "The cursor is not one of this list.",
      "Use next_cursor of the page before as it is, or leave cursor out to begin anew.",
    );
  }
}

export type Page = { readonly items: readonly unknown[]; readonly next_cursor: string | null };

/** A page of what was read with a limit of one more than `limit`. */
export function pageOf<Item>(
  list: string,
  found: readonly Item[],
  limit: number,
  place: (item: Item) => readonly (string | number)[],
  json: (item: Item) => unknown,
): Page {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(json), next_cursor: found.length > limit && last !== undefined ? writeCursor(list, place(last)) : null };
}

/** A page of a list short enough to be at hand whole, by position. */
export function pageOfWhole<Item>(
  list: string,
  all: readonly Item[],
  limit: number,
  cursor: string | undefined,
  json: (item: Item) => unknown,
): Page {
  const [start] = readCursor(list, cursor, z.tuple([z.int().min(0)])) ?? [0];
  const end = start + limit;
  return { items: all.slice(start, end).map(json), next_cursor: end < all.length ? writeCursor(list, [end]) : null };
}
