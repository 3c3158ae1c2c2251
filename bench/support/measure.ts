import { mulberry32 } from "../../test/support/mulberry32.ts";

/** What a piece of work took, all threads of the process together. */
export type Cost = { readonly cpu: number; readonly wall: number };

/** Microseconds of CPU (user and system) and of wall time. */
export async function costOf(work: () => Promise<void>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  await work();
  const used = process.cpuUsage(cpu);
  return { cpu: used.user + used.system, wall: (performance.now() - wall) * 1000 };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The median with its 95 % interval by bootstrap, seeded. */
export function medianWithInterval(values: readonly number[]): { median: number; low: number; high: number } {
  const random = mulberry32(1);
  const resampled = Array.from({ length: 1000 }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN)),
  ).sort((a, b) => a - b);
  return { median: median(values), low: resampled[25] ?? Number.NaN, high: resampled[974] ?? Number.NaN };
}

/** The slope of log y over log x by least squares, and how well it fits. */
export function growthExponent(points: readonly { readonly x: number; readonly y: number }[]): { exponent: number; rSquared: number } {
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const mean = (of: "x" | "y") => logs.reduce((sum, point) => sum + point[of], 0) / logs.length;
  const [mx, my] = [mean("x"), mean("y")];
  const sxy = logs.reduce((sum, { x, y }) => sum + (x - mx) * (y - my), 0);
  const sxx = logs.reduce((sum, { x }) => sum + (x - mx) ** 2, 0);
  const syy = logs.reduce((sum, { y }) => sum + (y - my) ** 2, 0);
  return { exponent: sxy / sxx, rSquared: syy === 0 ? 1 : sxy ** 2 / (sxx * syy) };
}
