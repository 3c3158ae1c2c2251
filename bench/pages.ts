import { SingleBar } from "cli-progress";
import { formatTable } from "../src/cli/table.ts";
import { DAY } from "../src/model/time.ts";
import { readCommandLine } from "./support/command-line.ts";
import { shippedFeatureRules } from "./support/shipped-rules.ts";
import { firstDetectable, INJECTIONS, pagesOf, simulateMonth } from "./support/simulated-month.ts";

const HELP = `Usage: npm run bench -- pages [options]

How often the shipped rules on features page somebody in a month in which nothing moves, with all that makes an alert of an evaluation
(days in a row, corrections); and how soon they page for what does move, counted from the first window in which it can be told.

  --runs N      months, 20 unless told
  --features N  features of the model, 50 unless told
  --rows N      rows of a day, 480 unless told
  --days N      30 unless told
  --weeks N     weeks of the baseline, 8 unless told
`;

const { values } = readCommandLine(HELP, {
  options: {
    runs: { type: "string", default: "20" },
    features: { type: "string", default: "50" },
    rows: { type: "string", default: "480" },
    days: { type: "string", default: "30" },
    weeks: { type: "string", default: "8" },
  },
});
const [runs, features, rowsPerDay, days, weeks] = [values.runs, values.features, values.rows, values.days, values.weeks].map(Number) as [
  number,
  number,
  number,
  number,
  number,
];
const size = { features, rowsPerDay, days, weeks };
const rules = shippedFeatureRules();
const bar = new SingleBar({
  stream: process.stderr,
  format: "{bar} {percentage}% {what}, {eta_formatted} left",
  hideCursor: true,
  clearOnComplete: true,
});

bar.start(runs + 1, 0, { what: "nothing moves" });
const alarms: string[] = [];
let clean = 0;
for (let run = 0; run < runs; run += 1) {
  const pages = await pagesOf(rules, simulateMonth(`still ${run}`, size));
  if (pages.length === 0) clean += 1;
  alarms.push(...pages.map(({ key, window }) => `run ${run}: ${key.rule} of ${key.subject}, day ${Math.round(window.from / DAY)}`));
  bar.increment({ what: "nothing moves" });
}

const from = 3;
const injected = new Map(INJECTIONS.map((injection, index) => [index * 3, injection] as const));
const windows = simulateMonth("injected", { ...size, days: 12 }, injected, from);
const pages = await pagesOf(rules, windows);
bar.stop();

process.stdout.write(
  `${runs} months of ${days} days, ${features} features, ${rowsPerDay} rows a day in hourly buckets, a baseline of ${weeks} weeks.\nNothing moves: ${alarms.length} pages, ${clean} months without any.\n${alarms.map((line) => `  ${line}\n`).join("")}\n`,
);
const rows = [...injected].map(([index, { name }]) => {
  const subject = `f${index}`;
  const detectable = firstDetectable(rules, windows, subject, from);
  const page = pages.find(({ key }) => key.subject === subject);
  const paged = page === undefined ? -1 : windows.findIndex(({ window }) => window.to === page.window.to);
  return [
    name,
    detectable < 0 ? "never" : `day ${detectable - from + 1}`,
    paged < 0 ? "never" : `day ${paged - from + 1}`,
    page?.key.rule ?? "",
    paged < 0 ? "" : String(paged - detectable),
  ];
});
process.stdout.write(
  formatTable(
    [
      { title: "what moves, on day 1" },
      { title: "can be told" },
      { title: "paged" },
      { title: "by" },
      { title: "windows after", align: "right" },
    ],
    rows,
    null,
  ),
);
