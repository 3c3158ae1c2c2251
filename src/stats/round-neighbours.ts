/** The numbers of two leading digits on either side of a whole number, and how far it lies from the lower to the upper one. */
export interface RoundNeighbours {
  below: number;
  above: number;
  /** From 0, where it is the lower one itself, to less than 1. */
  part: number;
}

/** For what changes slowly with a number: worked out at round ones, and read off the line between. At least 1, by promise of the caller. Cost: constant. */
export function roundNeighbours(value: number): RoundNeighbours {
  const step = Math.max(1, 10 ** (Math.floor(Math.log10(value)) - 1));
  const below = Math.floor(value / step) * step;
  return { below, above: below + step, part: (value - below) / step };
}
