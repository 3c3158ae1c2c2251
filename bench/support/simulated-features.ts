import { addCounts, noCounts, type Counts } from "../../src/model/counts.ts";
import { binCount, numericBin, type SubjectGrid } from "../../src/model/grid.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { buildGrid } from "../../src/monitor/build-grid.ts";
import type { SubjectWindow } from "../../src/monitor/subject-window.ts";
import { NOTHING_USUAL, usualWindows } from "../../src/monitor/usual-windows.ts";
import { drawNormal } from "./chance.ts";

/** Features whose law is known, on the program's own grids, counted as the store counts them. */

export type Value = number | string | null;
/** Draws the next value of one feature; `time` is that of the row. */
export type Draw = (chance: () => number, time: number) => Value;

export const START = Date.UTC(2026, 0, 5);

export const normal: Draw = (chance) => drawNormal(chance);

function poisson(mean: number, chance: () => number): number {
  const limit = Math.exp(-mean);
  let events = 0;
  for (let product = chance(); product > limit; product *= chance()) events += 1;
  return events;
}

/** Categories 1 to K with the given weights. */
export function categories(weights: readonly number[]): Draw {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return (chance) => {
    let left = chance() * total;
    const found = weights.findIndex((weight) => (left -= weight) < 0);
    return `c${found === -1 ? weights.length : found + 1}`;
  };
}

const uniform = (size: number): Draw => categories(new Array<number>(size).fill(1));
const zipf = (size: number): Draw => categories(Array.from({ length: size }, (_, rank) => 1 / (rank + 1)));

export const NUMERIC: Readonly<Record<string, Draw>> = {
  normal,
  lognormal: (chance) => Math.exp(drawNormal(chance)),
  "Poisson(1)": (chance) => poisson(1, chance),
  "half zero, half exponential": (chance) => (chance() < 0.5 ? 0 : -Math.log(1 - chance())),
};

export const CATEGORICAL: Readonly<Record<string, Draw>> = {
  "K=3 uniform": uniform(3),
  "K=3 Zipf": zipf(3),
  "K=10 uniform": uniform(10),
  "K=10 Zipf": zipf(10),
  "K=50 uniform": uniform(50),
  "K=50 Zipf": zipf(50),
};

/** With this share of its values missing. */
export const missing =
  (share: number, draw: Draw): Draw =>
  (chance, time) =>
    chance() < share ? null : draw(chance, time);

/** A stream of its own in which a value remembers the one before; its law at any one time is standard normal. */
export function autoregressive(memory: number): Draw {
  let last: number | null = null;
  return (chance) => (last = last === null ? drawNormal(chance) : memory * last + Math.sqrt(1 - memory ** 2) * drawNormal(chance));
}

/** Ten categories, each row keeping the one before with this probability. */
export function sticky(keeps: number): Draw {
  let last: Value = null;
  const fresh = uniform(10);
  return (chance, time) => (last = last !== null && chance() < keeps ? last : fresh(chance, time));
}

/** Up and down with the hours of the day, by as much as its noise. */
export const daily: Draw = (chance, time) => Math.sin((2 * Math.PI * (time % DAY)) / DAY) + drawNormal(chance);

export const drawRows = (rows: number, draw: Draw, chance: () => number): Value[] =>
  Array.from({ length: rows }, () => draw(chance, START));

/** Inverted-CDF quantiles of sorted values: the k-th of `parts` is the value at rank ceil(k n / parts). */
const quantiles = (sorted: readonly number[], parts: number): number[] =>
  Array.from({ length: parts - 1 }, (_, k) => sorted[Math.ceil(((k + 1) * sorted.length) / parts) - 1] ?? Number.NaN);

function gridOf(feature: string, reference: readonly Value[]): SubjectGrid {
  const key = { subject: "feature", feature } as const;
  const numbers = [...Float64Array.from(reference.filter((value) => typeof value === "number")).sort()];
  const texts = new Map<string, number>();
  for (const value of reference) if (typeof value === "string") texts.set(value, (texts.get(value) ?? 0) + 1);
  const summary = {
    numbers:
      numbers.length === 0
        ? []
        : [
            {
              ...key,
              rows: numbers.length,
              quantiles: quantiles(numbers, 1024),
              deciles: quantiles(numbers, 10),
              low: numbers[0] ?? Number.NaN,
              high: numbers.at(-1) ?? Number.NaN,
            },
          ],
    categories: [...texts].map(([value, rows]) => ({ ...key, value, rows })),
  };
  const built = buildGrid("simulated", 1, [summary]).subjects[0];
  if (!built) throw new Error(`${feature} has no value in its reference`);
  return built.grid;
}

/** What the statement of `store/feature-counts.ts` makes of these rows. */
function countRows(grid: SubjectGrid, values: readonly Value[]): Counts {
  const none = noCounts(binCount(grid));
  const bins = [...none.bins];
  const placeOf = new Map(grid.kind === "categorical" ? grid.categories.map((category, place) => [category, place]) : []);
  let { missing: absent, unseen, low, high, lowSum, highSum } = none;
  for (const value of values) {
    if (value === null) absent += 1;
    else if (grid.kind === "numeric" && typeof value === "number") {
      const bin = numericBin(grid.edges, value);
      bins[bin] = (bins[bin] ?? 0) + 1;
      const units = Math.round(value / grid.quantum) * grid.quantum;
      if (bin === 0) lowSum += units;
      if (bin === grid.edges.length) highSum += units;
      low = Math.min(low ?? value, value);
      high = Math.max(high ?? value, value);
    } else if (grid.kind === "categorical" && typeof value === "string") {
      const place = placeOf.get(value);
      if (place === undefined) unseen += 1;
      const bin = place ?? bins.length - 1;
      bins[bin] = (bins[bin] ?? 0) + 1;
    } else throw new Error(`${value} is of another kind than its grid`);
  }
  return { ...none, bins, rows: values.length, missing: absent, unseen, low, high, lowSum, highSum };
}

const shared = { model: "simulated", version: "1", segment: null, baseline: "training", complete: true, recent: [] } as const;

/** One feature's windows against a reference without times: rows are taken as independent. */
export function independentWindows(feature: string, reference: readonly Value[], windows: readonly (readonly Value[])[]): SubjectWindow[] {
  const grid = gridOf(feature, reference);
  const then = countRows(grid, reference);
  return windows.map((rows) => ({
    ...shared,
    key: { subject: "feature", feature },
    grid,
    window: { from: START, to: START + DAY },
    current: countRows(grid, rows),
    reference: then,
    usual: NOTHING_USUAL,
  }));
}

/**
 * One feature's days against a baseline of weeks that carries time. The stream goes on from the baseline into the days
 * that are judged, every third one unless told otherwise; rows lie evenly in a day and are counted by the hour.
 */
export function datedWindows(
  feature: string,
  draw: Draw,
  size: {
    readonly rowsPerDay: number;
    readonly weeks: number;
    readonly judged: number;
    /** Days from one that is judged to the next; 3 unless told. */
    readonly stride?: number;
  },
  chance: () => number,
): SubjectWindow[] {
  const { rowsPerDay, weeks, judged, stride = 3 } = size;
  const days = Array.from({ length: weeks * 7 + judged * stride }, (_, day) => {
    const hours: Value[][] = Array.from({ length: DAY / HOUR }, () => []);
    for (let row = 0; row < rowsPerDay; row += 1) {
      const time = START + day * DAY + Math.floor((row / rowsPerDay) * DAY);
      hours[Math.floor((time % DAY) / HOUR)]?.push(draw(chance, time));
    }
    return hours;
  });
  const baseline = days.slice(0, weeks * 7);
  const grid = gridOf(feature, baseline.flat(2));
  const countDay = (hours: readonly (readonly Value[])[]) =>
    addCounts(
      hours.map((rows) => countRows(grid, rows)),
      binCount(grid),
    );
  const windows = baseline.map(countDay);
  const reference = addCounts(windows, binCount(grid));
  const usual = usualWindows(grid, reference, windows);
  return Array.from({ length: judged }, (_, index) => {
    const day = weeks * 7 + index * stride;
    return {
      ...shared,
      key: { subject: "feature", feature } as const,
      grid,
      window: { from: START + day * DAY, to: START + (day + 1) * DAY },
      current: countDay(days[day] ?? []),
      reference,
      usual,
    };
  });
}
