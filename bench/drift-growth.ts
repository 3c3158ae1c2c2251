import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { DAY, HOUR } from "../src/model/time.ts";
import { openStore } from "../src/store/open.ts";
import { fill } from "./drift-ticks.ts";
import type { State } from "./support/drift-columns.ts";
import { driftOf, FIRST_DAY, openMonitor, type Stored } from "./support/drift-store.ts";
import { costOf, growthExponent, median } from "./support/measure.ts";

const STORED: Stored = { features: 20, rows: 50_000, days: days(8), versions: 1, hours: 24 };

function days(count: number): State[] {
  return Array.from({ length: count }, (_, day): State => (day % 2 === 0 ? "still" : "moved"));
}

/** What grows, by how much, and the exponent it may have at most. */
const AXES: readonly {
  name: string;
  goal: number;
  sizes: readonly number[];
  stored: (size: number) => Stored;
  windowHours: (size: number) => number;
}[] = [
  {
    name: "rows",
    goal: 0.1,
    sizes: [10_000, 31_600, 100_000, 316_000, 1_000_000],
    stored: (rows) => ({ ...STORED, rows }),
    windowHours: () => 24,
  },
  {
    name: "features",
    goal: 1.05,
    sizes: [20, 40, 80, 160, 320],
    stored: (features) => ({ ...STORED, features, rows: 5_000 }),
    windowHours: () => 24,
  },
  {
    name: "versions",
    goal: 1.05,
    sizes: [1, 2, 4, 8, 16],
    stored: (versions) => ({ ...STORED, versions, rows: 20_000 }),
    windowHours: () => 24,
  },
  {
    name: "hours in the window, one bucket each",
    goal: 0.5,
    sizes: [1, 3, 12, 48, 192, 768],
    stored: () => ({ ...STORED, days: days(36) }),
    windowHours: (size) => size,
  },
];

/** How the CPU of measuring a window's drift from counts grows. */
export async function growth(): Promise<void> {
  for (const { name, goal, sizes, stored, windowHours } of AXES) {
    const points: { x: number; y: number }[] = [];
    let [filled, directory] = ["", ""];
    for (const size of sizes) {
      process.stderr.write(`growth with ${name}: ${size}\n`);
      const wanted = stored(size);
      if (filled !== JSON.stringify(wanted)) {
        if (directory !== "") rmSync(directory, { recursive: true, force: true });
        directory = mkdtempSync(join(tmpdir(), "driftwatch-bench-"));
        await fill(directory, wanted, false);
        filled = JSON.stringify(wanted);
      }
      points.push({ x: size, y: await measuredCpu(directory, wanted.days.length, windowHours(size)) });
    }
    rmSync(directory, { recursive: true, force: true });
    const { exponent, rSquared } = growthExponent(points);
    const table = new Table({ head: [name, ...points.map(({ x }) => x.toLocaleString("en"))] });
    table.push(["milliseconds of CPU", ...points.map(({ y }) => (y / 1000).toFixed(1))]);
    console.log(table.toString());
    console.log(`growth exponent ${exponent.toFixed(3)} (R² ${rSquared.toFixed(2)}; goal: at most ${goal})\n`);
  }
}

/** Microseconds of CPU of measuring a window of so many hours: the median of five, each of other days. */
async function measuredCpu(directory: string, stored: number, windowHours: number): Promise<number> {
  const store = await openStore({ kind: "embedded", path: join(directory, "store") });
  try {
    const { monitor } = await openMonitor(store);
    const costs: number[] = [];
    for (let round = -2; round < 5; round++) {
      const starts = stored - Math.ceil(windowHours / 24) + 1;
      const from = FIRST_DAY + ((round + 2) % starts) * DAY;
      const window = { from, to: from + windowHours * HOUR };
      const { cpu } = await costOf(async () => {
        const found = await driftOf(monitor, window);
        if (found.every(({ value }) => value === null)) throw new Error("Nothing was measured.");
      });
      // The first two read the baseline and compile what runs often.
      if (round >= 0) costs.push(cpu);
    }
    return median(costs);
  } finally {
    await store.close();
  }
}
