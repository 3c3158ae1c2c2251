import { createAlertEngine } from "../src/alerting/engine.ts";
import { ruleHash } from "../src/alerting/rule-hash.ts";
import { STATISTICS } from "../src/cli/statistics.ts";
import { silentLog } from "../src/log.ts";
import type { Measurement } from "../src/model/measurement.ts";
import { DRIFT_METRICS, QUALITY_METRICS } from "../src/model/metric.ts";
import type { Rule } from "../src/model/rule.ts";
import { DAY, type Millis } from "../src/model/time.ts";
import { readFeatureCounts } from "../src/store/feature-counts.ts";
import { readNewestGrid } from "../src/store/grids.ts";
import { readCommandLine } from "./support/command-line.ts";
import { DRIFT_SETTINGS, fillStore, FIRST_DAY, nameOf } from "./support/drift-store.ts";
import { costOf, median } from "./support/measure.ts";
import { withScratchStore } from "./support/scratch-store.ts";

const HELP = `Usage: npm run bench -- alerting [options]

What judging costs: one evaluation of many rules over the measurements of a day, as a ratio to the one query that reads the day's
counts of all features (as the monitor reads them), in the same process and the same rounds.

  --rules N     rules, each on one feature and one metric, 10000 unless told
  --features N  features of the model, 100 unless told
  --rounds N    evaluations, 30 unless told: the first ones compile what runs often
`;

const { values } = readCommandLine(HELP, {
  options: {
    rules: { type: "string", default: "10000" },
    features: { type: "string", default: "100" },
    rounds: { type: "string", default: "30" },
  },
});
const [count, features, rounds] = [Number(values.rules), Number(values.features), Number(values.rounds)];
const METRICS = [...DRIFT_METRICS, ...QUALITY_METRICS.slice(0, 6)];
const MODEL = DRIFT_SETTINGS.name;

const rules: Rule[] = Array.from({ length: count }, (_, index) => {
  const metric = METRICS[Math.floor(index / features) % METRICS.length] ?? "psi";
  return {
    name: `rule ${index}`,
    description: "",
    models: null,
    measure: { metric, of: [nameOf(index % features)], baseline: "training", window: DAY, every: DAY },
    fire: { above: new Map([[metric, 0.1 + index / count]]), drop: null, falseAlarms: 0.01 },
    clear: { below: new Map(), drop: null, pValue: 0.2, evaluations: 2 },
    evaluations: 3,
    atLeastRows: 50,
    severity: "warning",
    notify: ["ops"],
    retrain: false,
  };
});

/** A day of everything that is measured of every feature; one feature in fifty has moved. */
function measured(to: Millis): Measurement[] {
  return Array.from({ length: features }, (_, feature) => feature).flatMap((feature) =>
    METRICS.map((metric): Measurement => {
      const moved = feature % 50 === 0;
      return {
        model: MODEL,
        version: "v0",
        segment: null,
        subject: "feature",
        feature: nameOf(feature),
        baseline: "training",
        metric,
        from: to - DAY,
        to,
        value: moved ? 0.9 : 0.03,
        expected: 0.02,
        pValue: moved ? 1e-6 : 0.4,
        ci: null,
        rows: { reference: 100_000, current: 10_000 },
        labelled: null,
        status: "ok",
        evidence: "baseline_windows",
        revision: 1,
        detail: { nullWindows: 40 },
      };
    }),
  );
}

await withScratchStore(async (store) => {
  await fillStore(store, { features, rows: 20_000, days: ["still"], versions: 1, hours: 24 }, () => {});
  const grid = (await readNewestGrid(store, MODEL))?.grid;
  if (!grid) throw new Error("There are no bins.");
  const measure = () => Promise.resolve([]);
  const engine = createAlertEngine({ store, rules, tools: STATISTICS, measure, clock: Date.now, log: silentLog, ruleHash });
  const costs: Record<"query" | "judge", number[]> = { query: [], judge: [] };
  let transitions = 0;
  for (let round = 0; round < rounds; round += 1) {
    const to = FIRST_DAY + (round + 1) * DAY;
    const day = { from: FIRST_DAY, to: FIRST_DAY + DAY };
    const query = await costOf(async () => {
      await readFeatureCounts(store, { model: MODEL, baseline: "" }, grid, day, DAY);
    });
    const list = measured(to);
    const judge = await costOf(async () => {
      transitions += (
        await engine.evaluate({ model: MODEL, window: { from: to - DAY, to }, families: ["drift", "quality"], measurements: list })
      ).length;
    });
    costs.query.push(query.cpu);
    costs.judge.push(judge.cpu);
  }
  // The first round stores where every alert stands; then calm costs nothing but being looked at.
  const [query, judge] = [median(costs.query.slice(1)), median(costs.judge.slice(1))];
  const ms = (microseconds: number | undefined) => `${((microseconds ?? Number.NaN) / 1000).toFixed(1)} ms`;
  console.log(
    `${count} rules, ${features} features × ${METRICS.length} metrics, ${transitions} changes in ${rounds} rounds; CPU of all threads, medians`,
  );
  console.log(`one query of a day's counts     ${ms(query)}`);
  console.log(`judging, and storing what came  ${ms(judge)}   ratio ${(judge / query).toFixed(2)} (at most 2 is asked for)`);
  console.log(`the first round                 ${ms(costs.judge[0])}   ratio ${((costs.judge[0] ?? Number.NaN) / query).toFixed(2)}`);
});
