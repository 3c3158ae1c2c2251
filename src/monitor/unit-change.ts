import { binnedRows, type Counts } from "../model/counts.ts";
import type { NumericGrid } from "../model/grid.ts";
import { wassersteinFromPoints } from "../stats/wasserstein.ts";
import { binnedQuantile, binValues } from "./subject-bins.ts";

/** A change of unit: new value = factor · old value + offset. */
type Conversion = { readonly name: string; readonly factor: number; readonly offset: number };

const FACTORS: readonly (readonly [string, string, number])[] = [
  ["kilometres", "miles", 1.609344],
  ["km/h", "knots", 1.852],
  ["mph", "m/s", 2.236936],
  ["km/h", "m/s", 3.6],
  ["feet", "metres", 3.28084],
  ["centimetres", "inches", 2.54],
  ["millimetres", "inches", 25.4],
  ["inches", "feet", 12],
  ["kilograms", "pounds", 0.45359237],
  ["grams", "ounces", 28.349523],
  ["litres", "gallons", 3.785412],
  ["inHg", "hPa", 0.02953],
  ["ten times the unit", "the unit", 10],
  ["percent (or cents)", "shares (or whole units)", 100],
  ["thousandths (milli-)", "whole units", 1000],
  ["seconds (or minutes)", "minutes (or hours)", 60],
  ["seconds", "hours", 3600],
];

const CONVERSIONS: readonly Conversion[] = [
  ...FACTORS.flatMap(([to, from, factor]) => [
    { name: `${to} for ${from}`, factor, offset: 0 },
    { name: `${from} for ${to}`, factor: 1 / factor, offset: 0 },
  ]),
  { name: "°C for °F", factor: 1 / 1.8, offset: -32 / 1.8 },
  { name: "°F for °C", factor: 1.8, offset: 32 },
  { name: "K for °C", factor: 1, offset: 273.15 },
  { name: "°C for K", factor: 1, offset: -273.15 },
];

const LEAST_ROWS = 50;
const LEAST_REFERENCE_ROWS = 200;

export type UnitChange = {
  readonly name: string;
  readonly factor: number;
  /** Largest value now over largest value then. */
  readonly ratio: number;
  /** What is left of the distance once the reference is converted, as a share: small is convincing. */
  readonly left: number;
};

/**
 * The change of unit that would explain how `current` differs from `reference`, or null when none does well enough.
 *
 * Every conversion of a short table is applied to the reference's binned values; what the grid cannot tell apart (all
 * that falls in an outer bin) is taken together at its mean on both sides. The best conversion is believed when the
 * largest values agree with its factor within 1 % and it leaves at most 0.4 of a distance of at least half a standard
 * deviation; or when it leaves at most a tenth of a distance of at least one deviation and the quantiles agree within
 * a tenth. On a year of clean daily windows of nine features this claimed a change 5 times in 2,959.
 */
export function unitChange(grid: NumericGrid, reference: Counts, current: Counts, deviation: number): UnitChange | null {
  if (binnedRows(current) < LEAST_ROWS || binnedRows(reference) < LEAST_REFERENCE_ROWS || deviation <= 0) return null;
  const then = binValues(grid, reference);
  const now = binValues(grid, current);
  const distance = (values: readonly number[]) => wassersteinFromPoints(now, current.bins, values, reference.bins);
  const before = (distance(then) ?? 0) / deviation;
  if (before < 0.5) return null;
  const leftBy = ({ factor, offset }: Conversion) => {
    const converted = then.map((value) => factor * value + offset);
    return (distance(collapseOuter(grid, converted, reference.bins)) ?? Infinity) / deviation / before;
  };
  const ratio = reference.high ? (current.high ?? 0) / reference.high : 0;
  const ofQuantiles = quantileRatio(grid, reference, current);
  const isBelieved = (conversion: Conversion, leaves: (conversion: Conversion) => number) => {
    const { factor, offset } = conversion;
    const sameLargest = offset === 0 && Math.abs(ratio / factor - 1) <= 0.01;
    const sameShape = before >= 1 && (offset !== 0 || Math.abs(ofQuantiles / factor - 1) <= 0.1);
    return (sameLargest || sameShape) && leaves(conversion) <= (sameLargest ? 0.4 : 0.1);
  };
  // Most are out of the question by their factor, and then none has to be tried.
  if (!CONVERSIONS.some((conversion) => isBelieved(conversion, leftBy))) return null;
  const tried = CONVERSIONS.map((conversion) => ({ conversion, left: leftBy(conversion) }));
  const { conversion, left } = tried.reduce((best, one) => (one.left < best.left ? one : best));
  return isBelieved(conversion, () => left) ? { name: conversion.name, factor: conversion.factor, ratio, left } : null;
}

/** Values beyond the grid's outer edges, each side replaced by its weighted mean: all that counts keep of them. */
function collapseOuter(grid: NumericGrid, values: readonly number[], weights: readonly number[]): number[] {
  const first = grid.edges[0] ?? -Infinity;
  const last = grid.edges.at(-1) ?? Infinity;
  const meanWhere = (isOuter: (value: number) => boolean) => {
    let sum = 0;
    let weight = 0;
    values.forEach((value, index) => {
      if (!isOuter(value)) return;
      sum += value * (weights[index] ?? 0);
      weight += weights[index] ?? 0;
    });
    return weight > 0 ? sum / weight : null;
  };
  const below = meanWhere((value) => value < first);
  const above = meanWhere((value) => value > last);
  return values.map((value) => (value < first ? (below ?? value) : value > last ? (above ?? value) : value));
}

/** The factor that maps the reference's quantiles onto the current ones best, in least squares. */
function quantileRatio(grid: NumericGrid, reference: Counts, current: Counts): number {
  let product = 0;
  let square = 0;
  for (let share = 0.05; share < 0.96; share += 0.05) {
    const then = binnedQuantile(grid, reference, share) ?? 0;
    const now = binnedQuantile(grid, current, share) ?? 0;
    product += now * then;
    square += then * then;
  }
  return square > 0 ? product / square : 0;
}
