import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import type { Measurement } from "../src/model/measurement.ts";
import { DAY, type Window } from "../src/model/time.ts";
import { openStore } from "../src/store/open.ts";
import { ksCritical } from "../src/stats/ks.ts";
import { isCategory, STATES, type State } from "./support/drift-columns.ts";
import { driftOf, fewerRows, FIRST_DAY, fillStore, nameOf, openMonitor, type Stored } from "./support/drift-store.ts";
import { costOf, median } from "./support/measure.ts";
import { askPeer } from "./support/peers.ts";

/** Days at the beginning that are left out of all figures: they read the baseline. */
const FIRST_DAYS = 4;
/** A daemon runs for months, and the engine under its JavaScript compiles what runs often: how often the first days are measured before a figure counts. */
const WARM_UP = 100;

/** CPU seconds of the ticks of some days, in a process of its own so that nobody else's memory is counted. */
export type TickRun = {
  /** Oldest first. */
  readonly ticks: readonly { readonly state: State; readonly cpu: number; readonly measurements: number }[];
  /** Measuring a day's drift, without what a tick stores and asks beside it; one figure a day. */
  readonly measured: readonly { readonly state: State; readonly cpu: number }[];
  /** By state, metric and feature. */
  readonly values: Readonly<Record<State, Readonly<Record<string, Readonly<Record<string, number | null>>>>>>;
  /** Bytes resident with the store open, and at most. */
  readonly loaded: number;
  readonly peak: number;
};

/** `warmUp` is how often the first days are measured beforehand. */
export async function runTicks(directory: string, days: readonly State[], warmUp: number): Promise<TickRun> {
  const store = await openStore({ kind: "embedded", path: join(directory, "store") });
  await store.query("SELECT count() FROM feature_counts");
  (globalThis as { gc?: () => void }).gc?.();
  const loaded = process.memoryUsage.rss();
  const { monitor, setNow } = await openMonitor(store);
  const ticks: TickRun["ticks"][number][] = [];
  const measured: TickRun["measured"][number][] = [];
  const values: Record<State, Record<string, Record<string, number | null>>> = { still: {}, moved: {} };
  const windowOf = (day: number): Window => ({ from: FIRST_DAY + day * DAY, to: FIRST_DAY + (day + 1) * DAY });
  for (let time = 0; time < warmUp; time++) for (let day = 0; day < FIRST_DAYS; day++) await driftOf(monitor, windowOf(day));
  // All days before the first tick: what a tick stores is merged in the background, whatever runs meanwhile.
  for (const [day, state] of days.entries()) {
    let found: Measurement[] = [];
    const { cpu } = await costOf(async () => void (found = await driftOf(monitor, windowOf(day))));
    measured.push({ state, cpu: cpu / 1e6 });
    if (days.indexOf(state) === day) for (const { metric, feature, value } of found) (values[state][metric] ??= {})[feature ?? ""] = value;
  }
  for (const [day, state] of days.entries()) {
    setNow(windowOf(day).to);
    let measurements = 0;
    const { cpu } = await costOf(async () => void ({ measurements } = await monitor.tick()));
    if (measurements === 0) throw new Error("A tick measured nothing: the program made bins of its own instead of those that were stored.");
    ticks.push({ state, cpu: cpu / 1e6, measurements });
  }
  const peak = process.resourceUsage().maxRSS * 1024;
  await store.close();
  return { ticks, measured, values, loaded, peak };
}

/** Fills a store, and beside it the columns as files of doubles where somebody else is to read them. */
export async function fill(directory: string, stored: Stored, keepColumns: boolean): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const store = await openStore({ kind: "embedded", path: join(directory, "store") });
  await fillStore(store, stored, (feature, of, values) => {
    if (keepColumns) writeFileSync(join(directory, `${feature}.${of}.f64`), values);
  });
  await store.close();
}

/** Runs the ticks of a filled store on a copy of it: what was measured is not measured again. */
export function ticksOf(directory: string, days: readonly State[], warmUp = WARM_UP): TickRun {
  const copy = mkdtempSync(join(tmpdir(), "driftwatch-bench-"));
  try {
    cpSync(join(directory, "store"), join(copy, "store"), { recursive: true });
    const program = fileURLToPath(new URL("drift.js", import.meta.url));
    const run = spawnSync(
      process.execPath,
      ["--expose-gc", program, "--child", copy, "--days", days.join(","), "--warm-up", String(warmUp)],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
        maxBuffer: 2 ** 28,
      },
    );
    if (run.status !== 0) throw new Error(`Ticks ended with ${run.status ?? run.signal}.`);
    return JSON.parse(run.stdout) as TickRun;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

type ScipyRun = Readonly<
  Record<State, { cpu: number; ks: Record<string, number>; psi: Record<string, number>; wasserstein: Record<string, number> }>
>;
type EvidentlyRun = { cpu: number; loaded: number; peak: number };

/** A day of a million rows beside a baseline of as many, from counts, against the same question asked of rows. */
export async function tick(options: {
  features: number;
  rows: number;
  rounds: number;
  python: string | null;
  evidently: string | null;
}): Promise<void> {
  const { features, rows, rounds, python, evidently } = options;
  const directory = mkdtempSync(join(tmpdir(), "driftwatch-bench-"));
  const days = Array.from({ length: 2 * rounds }, (_, day): State => (day % 2 === 0 ? "still" : "moved"));
  try {
    process.stderr.write(`${features} features, ${rows} rows on either side\n`);
    await fill(directory, { features, rows, days, versions: 1, hours: 24 }, python !== null || evidently !== null);
    const all = Array.from({ length: features }, (_, feature) => feature);
    const shape = {
      numbers: all.filter((feature) => !isCategory(feature)),
      texts: all.filter(isCategory),
      states: Object.fromEntries(STATES.map((state) => [state, fewerRows(days.indexOf(state))])),
    };
    writeFileSync(join(directory, "shape.json"), JSON.stringify(shape));
    const started = ticksOf(directory, days, 0);
    const ours = ticksOf(directory, days);
    const scipy = python === null ? null : (askPeer(python, "scipy", directory) as ScipyRun);
    const preset = evidently === null ? null : (askPeer(evidently, "evidently", directory) as EvidentlyRun);
    printCosts(ours, started, scipy, preset);
    if (scipy !== null) printAccuracy(ours, scipy, rows);
    printMemory(ours, preset);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function printCosts(ours: TickRun, started: TickRun, scipy: ScipyRun | null, preset: EvidentlyRun | null): void {
  const table = new Table({ head: ["CPU seconds", "nothing moved", "moved by 0.02 standard deviations"] });
  const row = (name: string, of: (state: State) => string) => void table.push([name, ...STATES.map(of)]);
  const middle = (of: TickRun["measured"], state: State) =>
    median(of.slice(FIRST_DAYS).flatMap((one) => (one.state === state ? one.cpu : [])));
  const ofTicks = (state: State) => middle(ours.ticks, state);
  const ofMeasured = (state: State) => middle(ours.measured, state);
  row("driftwatch: all drift metrics from counts", (state) => ofMeasured(state).toFixed(4));
  row("the same in a program that has just started", (state) => middle(started.measured, state).toFixed(4));
  row("driftwatch: a whole tick, quality and storing included", (state) => ofTicks(state).toFixed(4));
  if (scipy !== null) {
    row("SciPy: KS alone, texts left out", (state) => scipy[state].cpu.toFixed(2));
    row("times less than SciPy, from counts (goal: 100)", (state) => (scipy[state].cpu / ofMeasured(state)).toFixed(0));
    row("times less than SciPy, a whole tick", (state) => (scipy[state].cpu / ofTicks(state)).toFixed(0));
  }
  if (preset !== null) {
    row("Evidently: its default preset", (state) => (state === "still" ? preset.cpu.toFixed(1) : ""));
    row("times less than Evidently, from counts (goal: 2,000)", (state) => (preset.cpu / ofMeasured(state)).toFixed(0));
    row("times less than Evidently, a whole tick", (state) => (preset.cpu / ofTicks(state)).toFixed(0));
  }
  const { measurements } = ours.ticks.at(-1) ?? { measurements: 0 };
  console.log(table.toString());
  console.log(
    `The first day, whose measuring reads the baseline: ${started.measured[0]?.cpu.toFixed(2)} s. Every tick stores ${measurements} measurements.\n`,
  );
}

/** The same numbers from counts as from rows: what makes the speed mean something. */
function printAccuracy(ours: TickRun, scipy: ScipyRun, rows: number): void {
  const table = new Table({ head: ["largest difference from the rows' own value", ...STATES] });
  const worst = (state: State, metric: "ks" | "psi" | "wasserstein", of: (ours: number, theirs: number) => number) =>
    Math.max(
      ...Object.entries(scipy[state][metric]).map(([feature, theirs]) => {
        const found = ours.values[state][metric]?.[nameOf(Number(feature))];
        return found === null || found === undefined ? Infinity : of(found, theirs);
      }),
    );
  const critical = ksCritical(0.05, rows, rows);
  const misses: string[] = [];
  const row = (name: string, goal: number, of: (state: State) => number) => {
    const values = STATES.map(of);
    if (values.some((value) => !(value <= goal))) misses.push(name);
    table.push([`${name} (goal: at most ${goal})`, ...values.map((value) => value.toPrecision(2))]);
  };
  row("KS, in critical distances", 0.1, (state) => worst(state, "ks", (a, b) => Math.abs(a - b) / critical));
  row("PSI, relative", 0.01, (state) => worst(state, "psi", (a, b) => Math.abs(a / b - 1)));
  table.push([
    "Wasserstein, standard deviations",
    ...STATES.map((state) => worst(state, "wasserstein", (a, b) => Math.abs(a - b)).toPrecision(2)),
  ]);
  console.log(table.toString());
  console.log(misses.length === 0 ? "The accuracy gate holds.\n" : `THE ACCURACY GATE IS MISSED: ${misses.join(", ")}.\n`);
}

function printMemory(ours: TickRun, preset: EvidentlyRun | null): void {
  const text = ({ loaded, peak }: { loaded: number; peak: number }) =>
    `${((peak - loaded) / 1e6).toFixed(0)} MB over the ${(loaded / 1e6).toFixed(0)} MB with the data open`;
  console.log(`Memory at most: driftwatch ${text(ours)}`);
  if (preset === null) return;
  console.log(`                Evidently  ${text(preset)}`);
  console.log(
    `                ${((ours.peak - ours.loaded) / (preset.peak - preset.loaded)).toFixed(2)} of it (goal: at most 0.25); of the whole process ${(ours.peak / preset.peak).toFixed(2)}\n`,
  );
}
