import { mulberry32 } from "../../test/support/mulberry32.ts";

/** Columns as models have them, seeded: what the benchmark of drift compares, here and in Python. */

export const STATES = ["still", "moved"] as const;
export type State = (typeof STATES)[number];

/** How far the mean of what the columns are made from moves in the state "moved", in standard deviations. */
const MOVE = 0.02;

const NUMBERS: readonly ((z: number, u: number) => number)[] = [
  (z) => z,
  (z) => Math.exp(2 * z),
  (z) => Math.max(0, Math.round(10 + 3 * z)),
  (z) => Math.round(100 * z) / 100,
  (z) => Math.min(2023, Math.max(2016, Math.round(2019.5 + 1.5 * z))),
  (z, u) => (u < 0.2 ? Number.NaN : z),
  (z) => 1e6 + z,
  (z) => Math.max(0, z),
  (z) => 1e-9 * z,
];

/** Nine kinds of numbers in turn, and every tenth a text: one with ten values, one with a thousand. NaN is missing. */
export function isCategory(feature: number): boolean {
  return feature % 10 === 9;
}

function valueOf(feature: number, z: number, u: number): number {
  if (isCategory(feature)) return feature % 20 === 9 ? Math.floor(10 * u) : Math.floor(1000 * u ** 3);
  return NUMBERS[(feature % 10) % NUMBERS.length]?.(z, u) ?? z;
}

/** `rows` values of a feature: of the reference (seed 0), or of a window. Texts are the numbers of their categories. */
export function drawColumn(feature: number, rows: number, seed: number, state: State): Float64Array {
  const random = mulberry32(1_000_003 * seed + feature);
  const move = state === "moved" ? MOVE : 0;
  return Float64Array.from({ length: rows }, () => {
    const z = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return valueOf(feature, z + move, random());
  });
}
