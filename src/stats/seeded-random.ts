/** Randomness that answers the same for the same data. */

/** A seed made of whole numbers, in order (FNV-1a over the low 32 bits of each). Cost: linear. */
export function seedOf(numbers: Iterable<number>): number {
  let hash = 0x811c9dc5;
  for (const number of numbers) hash = Math.imul(hash ^ number, 0x01000193);
  return hash >>> 0;
}

/**
 * A generator of numbers in [0, 1), the same from the same seed: 32 bits of a Weyl sequence, mixed by MurmurHash3's
 * finaliser. Its period is 2³²: enough to simulate with, nothing to keep secrets with. Cost: constant a number.
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
