import { bernoulliDifferenceSequence, proportionSequence } from "../src/stats/bernoulli-sequence.ts";
import { comparisonVerdict } from "../src/stats/comparison-verdict.ts";
import type { SuccessCount } from "../src/stats/confidence-sequence.ts";
import { twoProportionTest } from "../src/stats/proportion.ts";
import { seeded } from "./support/chance.ts";
import { readCommandLine } from "./support/command-line.ts";

const HELP = `Usage: npm run bench -- version-comparison [--months N] [--rows N] [--margin X]

What comes of looking every hour of a month at two versions: how often a verdict is false when nothing differs, and how often
and how soon it is right when something does.

  --months N   months of each kind, 300 unless told; the exact sequences take 100 at the most
  --rows N     rows of each version in an hour, 200 unless told
  --margin X   the smallest difference that would matter, 0.01 unless told
`;

const { values: options } = readCommandLine(HELP, {
  options: {
    months: { type: "string", default: "300" },
    rows: { type: "string", default: "200" },
    margin: { type: "string", default: "0.01" },
  },
});
const MONTHS = Number(options.months);
const ROWS = Number(options.rows);
const MARGIN = Number(options.margin);
const HOURS = 720;
const ALPHA = 0.05;

/** Successes of `rows` rows, by looking a uniform number up in the binomial distribution. */
function sampler(rows: number, rate: number, chance: () => number): () => number {
  const upTo: number[] = [];
  let mass = (1 - rate) ** rows;
  let sum = 0;
  for (let k = 0; k <= rows; k++) {
    sum += mass;
    upTo.push(sum);
    mass *= ((rows - k) / (k + 1)) * (rate / (1 - rate));
  }
  return () => {
    const u = chance() * sum;
    let low = 0;
    let high = rows;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] ?? 1) > u) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

type Rule = (champion: SuccessCount, challenger: SuccessCount) => string;

const sequenceRule =
  (tunedRows: number): Rule =>
  (champion, challenger) => {
    const sequence = proportionSequence(champion, challenger, ALPHA, tunedRows);
    return sequence === null ? "not_yet" : comparisonVerdict(sequence, "lower_is_better", MARGIN).kind;
  };

const RULES: Record<string, Rule> = {
  "z test at 5 %": (champion, challenger) => {
    const test = twoProportionTest(champion.successes, champion.n, challenger.successes, challenger.n);
    if (test === null || test.pValue > ALPHA) return "not_yet";
    return test.difference < 0 ? "better" : "worse";
  },
  "sequence tuned for 5,000": sequenceRule(5000),
  "sequence tuned for 50,000": sequenceRule(50_000),
  "sequence tuned for 288,000": sequenceRule(2 * ROWS * HOURS),
  "exact sequence, 50,000": (champion, challenger) => {
    const sequence = bernoulliDifferenceSequence(champion, challenger, ALPHA, 50_000);
    return sequence === null ? "not_yet" : comparisonVerdict(sequence, "lower_is_better", MARGIN).kind;
  },
};
const KINDS = ["better", "worse", "no_larger_difference", "not_yet"];

type Case = { readonly rates: readonly [number, number]; readonly rows: readonly [number, number] };

function month(
  rule: Rule,
  draws: readonly [() => number, () => number],
  { rows }: Case,
  stopsAtEqual: boolean,
): { kind: string; hours: number } {
  const champion = { successes: 0, n: 0 };
  const challenger = { successes: 0, n: 0 };
  for (let hours = 1; hours <= HOURS; hours++) {
    champion.successes += draws[0]();
    challenger.successes += draws[1]();
    champion.n += rows[0];
    challenger.n += rows[1];
    const kind = rule(champion, challenger);
    if (kind !== "not_yet" && (stopsAtEqual || kind !== "no_larger_difference")) return { kind, hours };
  }
  return { kind: "not_yet", hours: HOURS };
}

const quantile = (sorted: readonly number[], share: number): string => String(sorted[Math.ceil(share * sorted.length) - 1] ?? "-");

const even = [ROWS, ROWS] as const;
const canary = [1.9 * ROWS, 0.1 * ROWS] as const;
const CASES: Case[] = [
  ...[0.002, 0.02, 0.1, 0.3].flatMap((rate) => [even, canary].map((rows) => ({ rates: [rate, rate] as const, rows }))),
  ...(
    [
      [0.1, 0.09],
      [0.1, 0.08],
      [0.1, 0.12],
      [0.02, 0.015],
    ] as const
  ).map((rates) => ({ rates, rows: even })),
  { rates: [0.1, 0.12], rows: canary },
];
for (const one of CASES) {
  console.log(
    `\nErrors ${one.rates.join(" against ")}, ${one.rows.join(" and ")} rows an hour, ${HOURS} hours, margin ${MARGIN}: % of months; hours to the verdict`,
  );
  console.log(`${"".padEnd(34)}${[...KINDS, "median h", "90 % h", "ever b or w"].map((cell) => cell.padStart(21)).join("")}`);
  for (const [name, rule] of Object.entries(RULES)) {
    const months = name.startsWith("exact") ? Math.min(MONTHS, 100) : MONTHS;
    const run = (stopsAtEqual: boolean) => {
      const chance = seeded(`${one.rates.join(" ")} ${one.rows.join(" ")} ${name} ${stopsAtEqual}`);
      const draws = [sampler(one.rows[0], one.rates[0], chance), sampler(one.rows[1], one.rates[1], chance)] as const;
      return Array.from({ length: months }, () => month(rule, draws, one, stopsAtEqual));
    };
    const ends = run(true);
    // Going on after "no larger difference": whether the interval ever leaves 0 out.
    const ever = run(false).filter(({ kind }) => kind === "better" || kind === "worse").length;
    const hours = ends.filter(({ kind }) => kind !== "not_yet").map((end) => end.hours);
    hours.sort((a, b) => a - b);
    const shares = KINDS.map((kind) => ((100 * ends.filter((end) => end.kind === kind).length) / months).toFixed(1));
    const cells = [...shares, quantile(hours, 0.5), quantile(hours, 0.9), ((100 * ever) / months).toFixed(1)];
    console.log(`${`${name} (${months})`.padEnd(34)}${cells.map((cell) => cell.padStart(21)).join("")}`);
  }
}
