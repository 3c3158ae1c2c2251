import { createHash } from "node:crypto";
import type { Prediction } from "../model/event.ts";
import type { Store } from "./store.ts";

/** The names of a model's features, each at its place. */
export type Layout = { readonly id: bigint; readonly names: readonly string[]; readonly places: ReadonlyMap<string, number> };

/** A layout is made longer at most so often: a sender of ever new names pays for them itself. */
const LONGEST_GROWTH = 64;
const MOST_NAMES = 4_096;
/** Rows that would leave most of their places empty carry their own names instead. */
const SPARSE = 4;

export type Layouts = {
  /** The layout a row fits in, made longer where names are new; null when the row is to carry its names itself. */
  layoutOf(prediction: Prediction): Layout | null;
  /** Stores the layouts that rows were given since the last time: before those rows. */
  store(store: Store): Promise<void>;
};

/** The layouts of this process. They start empty: the same names in the same order have the same id, whoever met them. */
export function createLayouts(): Layouts {
  const current = new Map<string, { layout: Layout; growth: number }>();
  const unstored = new Map<bigint, Layout>();

  function layoutOf(prediction: Prediction): Layout | null {
    const known = current.get(prediction.model);
    const places = known?.layout.places;
    const added: string[] = [];
    for (const name of prediction.numbers.keys()) if (!places?.has(name)) added.push(name);
    for (const name of prediction.categories.keys()) if (!places?.has(name)) added.push(name);
    const size = (known?.layout.names.length ?? 0) + added.length;
    const held = prediction.numbers.size + prediction.categories.size;
    if (added.length === 0) return known && held * SPARSE >= size ? known.layout : null;
    const growth = (known?.growth ?? 0) + 1;
    if (growth > LONGEST_GROWTH || size > MOST_NAMES || held * SPARSE < size) return null;
    // What is null now will be a number soon.
    for (const name of prediction.missing) if (!places?.has(name) && added.length < MOST_NAMES) added.push(name);
    const layout = layoutFrom([...(known?.layout.names ?? []), ...added].slice(0, MOST_NAMES));
    current.set(prediction.model, { layout, growth });
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

  return { layoutOf, store };
}

function layoutFrom(names: readonly string[]): Layout {
  const hash = createHash("sha256").update(JSON.stringify(names)).digest().readBigUInt64LE(0);
  // 0 says that there is none.
  return { id: hash === 0n ? 1n : hash, names, places: new Map(names.map((name, place) => [name, place])) };
}
