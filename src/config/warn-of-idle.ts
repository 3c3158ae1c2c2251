import type { Document } from "./document.ts";

/** Warns of shipped rules that apply to no model: their names, by why they do not. */
export function warnOfIdle(document: Document, idle: ReadonlyMap<string, readonly string[]>): void {
  for (const [why, names] of idle) {
    const [count, verb] = names.length === 1 ? ["one", "applies"] : [String(names.length), "apply"];
    document.warn(
      ["models"],
      `${count} of the rules that come with driftwatch ${verb} to no model (${names.join(", ")}): ${why}`,
      "give a model what they need, or leave them: they judge nothing",
    );
  }
}
