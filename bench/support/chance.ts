import { createHash } from "node:crypto";
import { mulberry32 } from "../../test/support/mulberry32.ts";

/** Uniform in [0, 1), the same for the same words. */
export function seeded(words: string): () => number {
  return mulberry32(createHash("sha256").update(words).digest().readUInt32LE());
}

/** Standard normal (Box and Muller, one of the pair). */
export function drawNormal(chance: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
}
