import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adwinStart, adwinStep } from "../src/stats/adwin.ts";
import { meanResidual, rateResidual } from "../src/stats/bucket-residual.ts";
import { cusumStart, cusumStep } from "../src/stats/cusum.ts";
import { ewmaStart, ewmaStep } from "../src/stats/ewma.ts";
import { wilsonInterval } from "../src/stats/proportion.ts";
import { rateChangeStart, rateChangeStep } from "../src/stats/rate-change.ts";
import { drawNormal, seeded } from "./support/chance.ts";
import { readCommandLine } from "./support/command-line.ts";
import { median } from "./support/measure.ts";

const HELP = `Usage: npm run bench -- concept-drift [--streams N] [--bucket N] [--runs N] [--river PYTHON]

How often the detectors alarm at nothing, and how soon at something: errors and values in buckets, beside river's detectors on
the same rows, one by one.

  --streams N      streams of each kind, 200 unless told
  --bucket N       rows in a bucket, 100 unless told
  --runs N         runs of 1,000 buckets without a change, 2,000 unless told
  --river PYTHON   path of a Python that has river; without it river is left out
`;

const { values: options } = readCommandLine(HELP, {
  options: {
    river: { type: "string" },
    streams: { type: "string", default: "200" },
    bucket: { type: "string", default: "100" },
    runs: { type: "string", default: "2000" },
  },
});
const STREAMS = Number(options.streams);
const BUCKET = Number(options.bucket);
const REFERENCE_ROWS = 20_000;

type Streams = { readonly name: string; readonly kind: "errors" | "values"; readonly rows: number; readonly data: Float64Array[] };
/** The last row of the bucket of each alarm, by stream; and the microseconds of a row. */
type Answer = { readonly alarms: number[][]; readonly microseconds: number };
type Bucket = { at: number; n: number; sum: number; sumOfSquares: number };
/** What a detector makes of the next bucket: whether it alarms. */
type Detector = (bucket: Bucket) => boolean;

function errorsOf(rate: (row: number) => number, rows: number, chance: () => number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => (chance() < rate(row) ? 1 : 0));
}

function streamsOf(
  name: string,
  kind: Streams["kind"],
  count: number,
  rows: number,
  draw: (chance: () => number) => Float64Array,
): Streams {
  const chance = seeded(name);
  return { name, kind, rows, data: Array.from({ length: count }, () => draw(chance)) };
}

function folded<State>(start: State, step: (state: State, bucket: Bucket) => { state: State; change: object | null }): Detector {
  let state = start;
  return (bucket) => {
    const next = step(state, bucket);
    state = next.state;
    return next.change !== null;
  };
}

/** Our detectors for a stream whose usual mean is known; null for those that do not take values. */
function detectors(kind: Streams["kind"], usual: number, chance: () => number): Record<string, Detector | null> {
  const isErrors = kind === "errors";
  const errors = isErrors ? errorsOf(() => usual, REFERENCE_ROWS, chance).reduce((sum, one) => sum + one, 0) : 0;
  const noise = isErrors ? 0 : drawNormal(chance) / Math.sqrt(REFERENCE_ROWS);
  const residual = (mean: number) => (bucket: Bucket) =>
    (isErrors
      ? rateResidual({ n: bucket.n, successes: bucket.sum }, { rate: mean, between: 0 })
      : meanResidual(bucket, { mean, variance: 1, between: 0 })) ?? 0;
  const known = residual(usual);
  const estimated = residual(isErrors ? errors / REFERENCE_ROWS : usual + noise);
  const [low, high] = wilsonInterval(errors, REFERENCE_ROWS, 0.99) ?? [usual, usual];
  const rateChange = (range: { low: number; high: number }): Detector | null =>
    isErrors ? folded(rateChangeStart(), (state, { at, n, sum }) => rateChangeStep(state, { at, n, successes: sum }, range, 0.01)) : null;
  return {
    ADWIN: folded(adwinStart(), (state, bucket) => adwinStep(state, bucket)),
    "ADWIN, range 6": isErrors ? null : folded(adwinStart(), (state, bucket) => adwinStep(state, bucket, 0.002, 6)),
    CUSUM: folded(cusumStart(), (state, bucket) => cusumStep(state, bucket.at, known(bucket))),
    "CUSUM, reference 20k": folded(cusumStart(), (state, bucket) => cusumStep(state, bucket.at, estimated(bucket))),
    EWMA: folded(ewmaStart(), (state, bucket) => ewmaStep(state, bucket.at, known(bucket))),
    "EWMA, reference 20k": folded(ewmaStart(), (state, bucket) => ewmaStep(state, bucket.at, estimated(bucket))),
    "e-process": rateChange({ low: usual, high: usual }),
    "e-process, reference 20k": rateChange({ low, high }),
  };
}

function ours(streams: Streams, usual: number): Record<string, Answer> {
  const answers: Record<string, Answer> = {};
  for (const name of Object.keys(detectors(streams.kind, usual, seeded("names")))) {
    const chance = seeded(`${streams.name} reference`);
    let spent = 0;
    const alarms = streams.data.map((stream) => {
      const detector = detectors(streams.kind, usual, chance)[name];
      if (detector == null) return null;
      const found: number[] = [];
      const started = process.cpuUsage();
      for (let from = 0; from < stream.length; from += BUCKET) {
        const rows = stream.subarray(from, from + BUCKET);
        let sum = 0;
        let sumOfSquares = 0;
        for (const value of rows) {
          sum += value;
          sumOfSquares += value * value;
        }
        if (detector({ at: from, n: rows.length, sum, sumOfSquares })) found.push(from + rows.length - 1);
      }
      const used = process.cpuUsage(started);
      spent += used.user + used.system;
      return found;
    });
    const told = alarms.filter((one) => one !== null);
    if (told.length > 0) answers[`ours: ${name}`] = { alarms: told, microseconds: spent / streams.rows / streams.data.length };
  }
  return answers;
}

function rivers(streams: Streams, python: string): Record<string, Answer> {
  const directory = mkdtempSync(join(tmpdir(), "concept-drift-"));
  try {
    const file = join(directory, "streams");
    const width = streams.kind === "errors" ? 1 : 8;
    writeFileSync(file, Buffer.concat(streams.data.map((one) => Buffer.from((width === 1 ? Uint8Array.from(one) : one).buffer))));
    const script = join("test", "oracle", "river_drift.py");
    const run = spawnSync(python, [script, file, String(streams.rows), String(width)], { encoding: "utf8", maxBuffer: 1 << 28 });
    if (run.status !== 0) throw new Error(`${python} ${script} failed: ${run.stderr}`);
    const { version, detectors } = JSON.parse(run.stdout) as { version: string; detectors: Record<string, Answer> };
    return Object.fromEntries(Object.entries(detectors).map(([name, answer]) => [`river ${version}: ${name}`, answer]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const both = (streams: Streams, usual: number): Record<string, Answer> => ({
  ...ours(streams, usual),
  ...(options.river === undefined ? {} : rivers(streams, options.river)),
});

const percent = (part: number, whole: number): string => ((100 * part) / whole).toFixed(1);
const line = (cells: readonly string[]): void =>
  console.log(
    `${(cells[0] ?? "").padEnd(32)}${cells
      .slice(1)
      .map((cell) => cell.padStart(16))
      .join("")}`,
  );

function noChange(): void {
  const rows = 20_000;
  const columns = [
    ...[0.02, 0.1, 0.3].map((rate) => ({
      usual: rate,
      streams: streamsOf(`errors ${rate}`, "errors", STREAMS, rows, (chance) => errorsOf(() => rate, rows, chance)),
    })),
    {
      usual: 0,
      streams: streamsOf("N(0,1)", "values", STREAMS, rows, (chance) => Float64Array.from({ length: rows }, () => drawNormal(chance))),
    },
  ];
  console.log(`\nNo change, ${STREAMS} streams of ${rows} rows, buckets of ${BUCKET}: % of streams with an alarm (mean alarms; streams)`);
  line(["", ...columns.map(({ streams }) => streams.name), "us/row"]);
  const answers = columns.map(({ streams, usual }) => both(streams, usual));
  for (const name of new Set(answers.flatMap((column) => Object.keys(column)))) {
    const cells = answers.map((column) => {
      const answer = column[name];
      if (answer === undefined) return "-";
      const alarms = answer.alarms.flat().length / answer.alarms.length;
      return `${percent(answer.alarms.filter((one) => one.length > 0).length, answer.alarms.length)} (${alarms.toFixed(1)}; ${answer.alarms.length})`;
    });
    const costs = answers.flatMap((column) => column[name]?.microseconds ?? []);
    line([name, ...cells, median(costs).toFixed(2)]);
  }
}

function change(before: number, after: number, at: number): void {
  const rows = 2 * at;
  const streams = streamsOf(`${before} to ${after}`, "errors", STREAMS, rows, (chance) =>
    errorsOf((row) => (row < at ? before : after), rows, chance),
  );
  console.log(
    `\nErrors from ${before} to ${after} at row ${at}, ${STREAMS} streams: % alarmed before, % found within ${at} rows, rows until then`,
  );
  line(["", "before", "found", "median", "95 %"]);
  for (const [name, { alarms }] of Object.entries(both(streams, before))) {
    const delays = alarms.flatMap((one) => one.find((row) => row >= at) ?? []).map((row) => row - at + 1);
    const late = [...delays].sort((a, b) => a - b)[Math.ceil(0.95 * delays.length) - 1];
    line([
      name,
      percent(alarms.filter((one) => one.some((row) => row < at)).length, alarms.length),
      percent(delays.length, alarms.length),
      delays.length === 0 ? "-" : String(median(delays)),
      String(late ?? "-"),
    ]);
  }
}

/** The promise of the charts: at most 1 % of runs of 1,000 buckets. */
function longRuns(): void {
  const runs = Number(options.runs);
  const sources: Record<string, { kind: Streams["kind"]; usual: number; draw: (chance: () => number) => number }> = {
    ...Object.fromEntries(
      [0.02, 0.1, 0.3].map(
        (rate) => [`errors ${rate}`, { kind: "errors", usual: rate, draw: (chance: () => number) => (chance() < rate ? 1 : 0) }] as const,
      ),
    ),
    "N(0,1)": { kind: "values", usual: 0, draw: drawNormal },
    exponential: { kind: "values", usual: 1, draw: (chance) => -Math.log(1 - chance()) },
  };
  console.log(`\nNo change, ${runs} runs of 1000 buckets of ${BUCKET} rows: % of runs with an alarm`);
  const names = [
    "ADWIN",
    "ADWIN, range 6",
    "CUSUM",
    "CUSUM, reference 20k",
    "EWMA",
    "EWMA, reference 20k",
    "e-process",
    "e-process, reference 20k",
  ];
  const alarmed = Object.values(sources).map(({ kind, usual, draw }) => {
    const chance = seeded(`long ${kind} ${usual}`);
    const counts = new Map<string, number>();
    for (let run = 0; run < runs; run++) {
      const running = Object.entries(detectors(kind, usual, chance)).flatMap(([name, detector]) =>
        detector === null ? [] : [{ name, detector, quiet: true }],
      );
      for (const { name } of running) counts.set(name, counts.get(name) ?? 0);
      for (let at = 0; at < 1000; at++) {
        let sum = 0;
        let sumOfSquares = 0;
        for (let row = 0; row < BUCKET; row++) {
          const value = draw(chance);
          sum += value;
          sumOfSquares += value * value;
        }
        for (const one of running)
          if (one.quiet && one.detector({ at, n: BUCKET, sum, sumOfSquares })) {
            one.quiet = false;
            counts.set(one.name, (counts.get(one.name) ?? 0) + 1);
          }
      }
    }
    return counts;
  });
  line(["", ...Object.keys(sources)]);
  for (const name of names)
    line([`ours: ${name}`, ...alarmed.map((counts) => (counts.has(name) ? percent(counts.get(name) ?? 0, runs) : "-"))]);
}

noChange();
change(0.1, 0.15, 5000);
change(0.1, 0.12, 5000);
longRuns();
