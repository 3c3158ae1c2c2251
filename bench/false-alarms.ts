import { SingleBar } from "cli-progress";
import { formatTable } from "../src/cli/table.ts";
import type { SubjectWindow } from "../src/monitor/subject-window.ts";
import { seeded } from "./support/chance.ts";
import { readCommandLine } from "./support/command-line.ts";
import { judgeFeatures, measureFeature, shippedFeatureRules } from "./support/shipped-rules.ts";
import {
  autoregressive,
  categories,
  CATEGORICAL,
  daily,
  datedWindows,
  drawRows,
  independentWindows,
  missing,
  normal,
  NUMERIC,
  sticky,
  type Draw,
} from "./support/simulated-features.ts";

const HELP = `Usage: npm run bench -- false-alarms [--runs N] [--only TABLE] [--kind NAME]

How often the shipped rules fire at nothing, and how often at something: single features, and 50 at once. Counts one evaluation;
an alert needs as many in a row as its rule says.

  --runs N       runs of each figure, 1,000 unless told; fewer of what costs more
  --only TABLE   one of still, together, dated, dated-together, drift
  --kind NAME    one line of the table still, "lognormal"
`;

const { values: options } = readCommandLine(HELP, {
  options: { runs: { type: "string", default: "1000" }, only: { type: "string" }, kind: { type: "string" } },
});
const RUNS = Number(options.runs);
const SIZES = [50, 100, 200, 500, 1000, 5000];
const REFERENCE_ROWS = 5000;
const FEATURES = 50;
/** Days judged against one dated baseline. */
const DAYS = 10;
const WEEKS = 8;
/** Fewer of what costs more: 50 features a run, baselines of weeks, and 50 of those. */
const DATASETS = Math.ceil(RUNS / 4);
const STREAMS = Math.ceil(RUNS / 20);
const DATED_DATASETS = Math.ceil(RUNS / 150);

const rules = shippedFeatureRules();
const dated: Readonly<Record<string, () => Draw>> = {
  "AR(1) .3": () => autoregressive(0.3),
  "AR(1) .6": () => autoregressive(0.6),
  "AR(1) .9": () => autoregressive(0.9),
  "daily season": () => daily,
  "K=10, kept with .6": () => sticky(0.6),
};
const nothing = Object.fromEntries(
  Object.entries({ ...NUMERIC, ...CATEGORICAL, "normal, 2 % missing": missing(0.02, normal) }).filter(
    ([name]) => options.kind === undefined || name === options.kind,
  ),
);
const tenth = new Array<number>(10).fill(1);
const shifts: Readonly<Record<string, { before: Draw; after: Draw }>> = {
  "mean +0.2 sigma": { before: normal, after: (chance, time) => (normal(chance, time) as number) + 0.2 },
  "variance x1.3": { before: normal, after: (chance, time) => (normal(chance, time) as number) * Math.sqrt(1.3) },
  "5 points moved, K=10": { before: categories(tenth), after: categories([1.5, 0.5, ...tenth.slice(2)]) },
  "missing 2 -> 6 %": { before: missing(0.02, normal), after: missing(0.06, normal) },
};

const bar = new SingleBar({
  stream: process.stderr,
  format: "{bar} {percentage}% {what}, {eta_formatted} left",
  hideCursor: true,
  clearOnComplete: true,
});
const percent = (part: number, whole: number): string => ((100 * part) / whole).toFixed(1);
const windowsOf = (name: string, before: Draw, after: Draw, chance: () => number): SubjectWindow[] =>
  independentWindows(
    name,
    drawRows(REFERENCE_ROWS, before, chance),
    SIZES.map((rows) => drawRows(rows, after, chance)),
  );

function add(counts: number[], size: number, more: number): void {
  counts[size] = (counts[size] ?? 0) + more;
}

/** By window size: how many of `runs` windows fired, and of how many nothing could be said. */
type Line = { readonly name: string; readonly fired: number[]; readonly blind: number[]; readonly runs: number };
const emptyLine = (name: string, runs: number): Line => ({ name, fired: SIZES.map(() => 0), blind: SIZES.map(() => 0), runs });

function alone(name: string, before: Draw, after: Draw): Line {
  const chance = seeded(`alone ${name}`);
  const line = emptyLine(name, RUNS);
  for (let run = 0; run < RUNS; run += 1) {
    for (const [size, window] of windowsOf(name, before, after, chance).entries()) {
      const { fired, blind } = judgeFeatures(rules, measureFeature(window));
      add(line.fired, size, fired.size);
      add(line.blind, size, blind.size);
    }
    bar.increment({ what: name });
  }
  return line;
}

function datedAlone(name: string, stream: () => Draw): Line {
  const line = emptyLine(name, STREAMS * DAYS);
  for (const [size, rowsPerDay] of SIZES.entries()) {
    const chance = seeded(`dated ${name} ${rowsPerDay}`);
    for (let run = 0; run < STREAMS; run += 1) {
      for (const window of datedWindows(name, stream(), { rowsPerDay, weeks: WEEKS, judged: DAYS }, chance)) {
        const { fired, blind } = judgeFeatures(rules, measureFeature(window));
        add(line.fired, size, fired.size);
        add(line.blind, size, blind.size);
      }
      bar.increment({ what: name });
    }
  }
  return line;
}

/** By window size: datasets with any flag, and flags in all. */
type Together = { readonly any: number[]; readonly flags: number[]; readonly runs: number };
const emptyTogether = (runs: number): Together => ({ any: SIZES.map(() => 0), flags: SIZES.map(() => 0), runs });

function addDataset(together: Together, size: number, features: readonly SubjectWindow[]): void {
  const { fired } = judgeFeatures(rules, features.flatMap(measureFeature));
  add(together.any, size, fired.size > 0 ? 1 : 0);
  add(together.flags, size, fired.size);
}

function undriftedDatasets(): Together {
  const kinds = Object.values({ ...NUMERIC, ...CATEGORICAL });
  const chance = seeded("datasets");
  const together = emptyTogether(DATASETS);
  for (let run = 0; run < DATASETS; run += 1) {
    const features = Array.from({ length: FEATURES }, (_, index) => {
      const draw = kinds[index % kinds.length] ?? normal;
      bar.increment({ what: "50 features" });
      return windowsOf(`f${index}`, draw, draw, chance);
    });
    for (const size of SIZES.keys())
      addDataset(
        together,
        size,
        features.flatMap((windows) => windows[size] ?? []),
      );
  }
  return together;
}

function datedDatasets(): Together {
  const kinds = Object.values(dated);
  const together = emptyTogether(DATED_DATASETS * DAYS);
  for (const [size, rowsPerDay] of SIZES.entries()) {
    const chance = seeded(`dated datasets ${rowsPerDay}`);
    for (let run = 0; run < DATED_DATASETS; run += 1) {
      const features = Array.from({ length: FEATURES }, (_, index) => {
        bar.increment({ what: "50 dated features" });
        return datedWindows(
          `f${index}`,
          (kinds[index % kinds.length] ?? (() => daily))(),
          { rowsPerDay, weeks: WEEKS, judged: DAYS },
          chance,
        );
      });
      for (let day = 0; day < DAYS; day += 1)
        addDataset(
          together,
          size,
          features.flatMap((windows) => windows[day] ?? []),
        );
    }
  }
  return together;
}

/** The shifted feature among 49 that are not: what the correction costs. */
function amongOthers(name: string, before: Draw, after: Draw): Line {
  const chance = seeded(`among ${name}`);
  const undisturbed = Array.from({ length: FEATURES - 1 }, (_, index) => windowsOf(`other ${index}`, normal, normal, chance));
  const others = SIZES.map((_, size) => undisturbed.flatMap((windows) => windows.slice(size, size + 1).flatMap(measureFeature)));
  const line = emptyLine(`${name}, one of ${FEATURES}`, RUNS);
  for (let run = 0; run < RUNS; run += 1) {
    for (const [size, window] of windowsOf(name, before, after, chance).entries()) {
      const { fired } = judgeFeatures(rules, [...measureFeature(window), ...(others[size] ?? [])]);
      add(line.fired, size, fired.has(name) ? 1 : 0);
    }
    bar.increment({ what: line.name });
  }
  return line;
}

/** Several lines as one. */
function pooled(name: string, lines: readonly Line[]): Line {
  const sum = (of: "fired" | "blind") => SIZES.map((_, size) => lines.reduce((all, line) => all + (line[of][size] ?? 0), 0));
  return { name, fired: sum("fired"), blind: sum("blind"), runs: lines.reduce((all, line) => all + line.runs, 0) };
}

function print(title: string, rows: readonly (readonly string[])[]): void {
  const columns = [
    { title: "" },
    ...SIZES.map((rowsOf) => ({ title: String(rowsOf), align: "right" as const })),
    { title: "n", align: "right" as const },
  ];
  process.stdout.write(`\n${title}\n${formatTable(columns, rows, null)}`);
}

const shown = ({ name, fired, runs }: Line): string[] => [name, ...fired.map((count) => percent(count, runs)), String(runs)];
const shownBlind = ({ name, blind, runs }: Line): string[] => [name, ...blind.map((count) => percent(count, runs)), String(runs)];
const shownTogether = (name: string, { any, flags, runs }: Together): string[] => [
  name,
  ...any.map((count, size) => `${percent(count, runs)} (${((flags[size] ?? 0) / runs).toFixed(2)})`),
  String(runs),
];

/** Each table with the steps of its work. */
const tables: Readonly<Record<string, { steps: number; run: () => () => void }>> = {
  still: {
    steps: Object.keys(nothing).length * RUNS,
    run: () => {
      const kinds = Object.entries(nothing).map(([name, draw]) => alone(name, draw, draw));
      const pools = [
        pooled(
          "numeric, pooled",
          kinds.filter(({ name }) => name in NUMERIC),
        ),
        pooled(
          "categorical, pooled",
          kinds.filter(({ name }) => name in CATEGORICAL),
        ),
      ];
      const lines = [...(options.kind === undefined ? pools : []), ...kinds];
      return () => {
        print(`No drift, reference ${REFERENCE_ROWS} rows without times: % of feature-windows that fire`, lines.map(shown));
        print("Of these: % that are too few rows for a drift as small as the rule asks for", lines.map(shownBlind));
      };
    },
  },
  together: {
    steps: DATASETS * FEATURES,
    run: () => {
      const found = undriftedDatasets();
      return () =>
        print(`No drift, ${FEATURES} features at once: % of runs in which any fires (mean of features that do)`, [
          shownTogether("reference without times", found),
        ]);
    },
  },
  dated: {
    steps: Object.keys(dated).length * SIZES.length * STREAMS,
    run: () => {
      const lines = Object.entries(dated).map(([name, stream]) => datedAlone(name, stream));
      return () =>
        print(`No drift, baseline of ${WEEKS} weeks with times, windows of a day: % of feature-windows that fire`, lines.map(shown));
    },
  },
  "dated-together": {
    steps: SIZES.length * DATED_DATASETS * FEATURES,
    run: () => {
      const found = datedDatasets();
      return () =>
        print(`No drift, ${FEATURES} features at once: % of days on which any fires (mean of features that do)`, [
          shownTogether("baseline with times", found),
        ]);
    },
  },
  drift: {
    steps: Object.keys(shifts).length * 2 * RUNS,
    run: () => {
      const lines = Object.entries(shifts).flatMap(([name, { before, after }]) => [
        alone(name, before, after),
        amongOthers(name, before, after),
      ]);
      return () => print("Drift: % of shifted feature-windows that fire", lines.map(shown));
    },
  },
};

for (const [name, { steps, run }] of Object.entries(tables)) {
  if (options.only !== undefined && options.only !== name) continue;
  bar.start(steps, 0, { what: name });
  const tell = run();
  bar.stop();
  tell();
}
