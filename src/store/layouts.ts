import { createHash } from "node:crypto";
import type { Store } from "./store.ts";

/** The names of a model's features, each at its place. */
export type Layout = { readonly id: bigint; readonly names: readonly string[]; readonly places: ReadonlyMap<string, number> };

/** A layout, and for each name of a row where it stands in there; null where each stands where it stood. */
export type Placed = { readonly layout: Layout; readonly places: Uint16Array | null };

/** A layout is made longer at most so often: a sender of ever new names pays for them itself. */
const LONGEST_GROWTH = 64;
const MOST_NAMES = 4_096;
/** Rows that would leave most of their places empty carry their own names instead. */
const SPARSE = 4;

export type Layouts = {
  /** The layout that rows with these names fit in, made longer where names are new; null when they are to carry their names themselves. */
  place(model: string, names: readonly string[]): Placed | null;
  /** Stores the layouts that rows were given since the last time: before those rows. */
  store(store: Store): Promise<void>;
};

/** The layouts of this process. They start empty: the same names in the same order have the same id, whoever met them. */
export function createLayouts(): Layouts {
  const current = new Map<string, { layout: Layout; growth: number }>();
  const unstored = new Map<bigint, Layout>();
  // Events alike share one list of names, so most are answered from here.
  const placed = new WeakMap<readonly string[], { model: string; of: Layout | undefined; answer: Placed | null }>();

  function place(model: string, names: readonly string[]): Placed | null {
    const before = placed.get(names);
    if (before && before.model === model && before.of === current.get(model)?.layout) return before.answer;
    const layout = layoutOf(model, names);
    const answer = layout && { layout, places: placesIn(layout, names) };
    placed.set(names, { model, of: current.get(model)?.layout, answer });
    return answer;
  }

  function layoutOf(model: string, names: readonly string[]): Layout | null {
    const known = current.get(model);
    const added = names.filter((name) => !known?.layout.places.has(name));
    const size = (known?.layout.names.length ?? 0) + added.length;
    if (names.length * SPARSE < size) return null;
    if (added.length === 0) return known?.layout ?? null;
    const growth = (known?.growth ?? 0) + 1;
    if (growth > LONGEST_GROWTH || size > MOST_NAMES) return null;
    const layout = layoutFrom([...(known?.layout.names ?? []), ...added]);
    current.set(model, { layout, growth });
    unstored.set(layout.id, layout);
    return layout;
  }

  async function store(into: Store): Promise<void> {
    if (unstored.size === 0) return;
    const layouts = [...unstored.values()];
    await into.insert(
      "layouts",
      layouts.map(({ id, names }) => ({ layout: String(id), names })),
    );
    for (const { id } of layouts) unstored.delete(id);
  }

  return { place, store };
}

function placesIn(layout: Layout, names: readonly string[]): Uint16Array | null {
  if (names.length === layout.names.length && names.every((name, place) => name === layout.names[place])) return null;
  return Uint16Array.from(names, (name) => layout.places.get(name) ?? 0);
}

function layoutFrom(names: readonly string[]): Layout {
  const hash = createHash("sha256").update(JSON.stringify(names)).digest().readBigUInt64LE(0);
  // 0 says that there is none.
  return { id: hash === 0n ? 1n : hash, names, places: new Map(names.map((name, place) => [name, place])) };
}
