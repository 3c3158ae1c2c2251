import { describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { DRIFT_METRICS } from "../../src/model/metric.ts";
import type { BaselineSettings, Config, ModelSettings } from "../../src/model/settings.ts";
import { DAY, HOUR } from "../../src/model/time.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { readTraffic } from "../../src/store/traffic-counts.ts";
import { readVersions } from "../../src/store/versions.ts";
import { ingest, play, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { driftRule, fileBaseline, toyConfig } from "../support/toy-config.ts";
import { createToyModel } from "../support/toy-model.ts";

const DAY_ONE = Date.UTC(2026, 0, 1);
const TRAILING: BaselineSettings = { kind: "trailing", name: "before", window: 3 * DAY, offset: 0 };

function configOf(directory: string, changes: Partial<ModelSettings> = {}): Config {
  const rule = driftRule(new Map([["wasserstein", 0.2]]), { baseline: "before" });
  return toyConfig(directory, { baselines: [TRAILING], ...changes }, [rule]);
}

const start = async (config: Config): Promise<App> => (await startProgram(config)).app;

const answers = async (app: App) =>
  (await readMeasurements(app.store, { model: "toy" })).map((one: Measurement) => ({ ...one, revision: 0 }));

/** Days of the toy model, a day an entry, labels with their predictions: 1,200 requests, enough for bins of their own. */
function someDays(count: number): object[][] {
  const toy = createToyModel();
  return Array.from({ length: count }, (_, day) => {
    const { predictions, labels } = toy.day(DAY_ONE + day * DAY, { rows: 1_200 / count });
    return [...predictions, ...labels];
  });
}

describe("R9 whatever the order in which days arrive, and however often the program looks, the answers are the same", () => {
  const days = someDays(10);
  const first = days.slice(0, 1).flat();
  const middle = days.slice(3, 5).flat();
  const rest = [...days.slice(1, 3), ...days.slice(5)].flat();

  /** With a reference of its own: bins made from the first rows depend on which came first, and say so. */
  function pinned(): Config {
    const directory = scratchDirectory();
    const toy = createToyModel(99);
    const rows = Array.from({ length: 20 }, (_, day) => toy.day(DAY_ONE - (20 - day) * DAY).predictions).flat();
    return configOf(directory, { baselines: [TRAILING, fileBaseline(directory, rows)] });
  }

  let expected: Promise<object[]> | null = null;
  /** What comes of them at once and in order: the same for all. */
  async function atOnce(): Promise<object[]> {
    const whole = await start(pinned());
    await play(whole, days.flat());
    const found = await answers(whole);
    await whole.stop();
    return found;
  }

  test.each([
    ["the first day last", [[...middle, ...rest], first]],
    ["a reference after the windows that look back at it", [[...first, ...rest], middle]],
    ["day by day", days],
  ])("%s", async (_name, lists) => {
    const whole = await (expected ??= atOnce());
    expect(whole.length).toBeGreaterThan(100);
    const parts = await start(pinned());
    await play(parts, ...lists);
    expect(await answers(parts)).toEqual(whole);
  });
});

describe("a restart", () => {
  test("with another bucket counts everything once", async () => {
    const directory = scratchDirectory();
    const days = someDays(5);
    const app = await start(configOf(directory));
    await play(app, days.flat());
    const [version] = await readVersions(app.store, "toy");
    expect(version).toMatchObject({ rows: 1_200, labelled: 1_200 });
    await app.stop();
    const again = await start(configOf(directory, { bucket: 6 * HOUR }));
    await play(again, []);
    expect(await readVersions(again.store, "toy")).toMatchObject([{ rows: 1_200, labelled: 1_200 }]);
    const traffic = await readTraffic(again.store, "toy", { from: DAY_ONE, to: DAY_ONE + 5 * DAY }, DAY);
    expect(traffic.map(({ byVersion }) => byVersion.get("1")?.rows)).toEqual(Array.from({ length: 5 }, () => 240));
  });

  test("with another positive class counts outcomes anew", async () => {
    const directory = scratchDirectory();
    const app = await start(configOf(directory));
    await play(app, someDays(5).flat());
    const query = { model: "toy", window: { from: DAY_ONE, to: DAY_ONE + 4 * DAY }, baselines: [], families: ["performance"] as const };
    const confusion = async (of: App) => (await of.monitor.measure(query)).find((one) => one.metric === "accuracy")?.detail.confusion;
    const before = await confusion(app);
    await app.stop();
    const again = await start(configOf(directory, { positive: "no" }));
    await play(again, []);
    expect(await confusion(again)).toEqual({ tp: before?.tn, fp: before?.fn, fn: before?.fp, tn: before?.tp });
  });

  test("with a baseline file that is gone goes on counting", async () => {
    const directory = scratchDirectory();
    const days = someDays(5);
    const predictions = days.flat().filter((event) => (event as { type: string }).type === "prediction");
    const app = await start(configOf(directory, { baselines: [TRAILING, fileBaseline(directory, predictions)] }));
    await play(app, days.slice(0, 2).flat());
    await app.stop();
    const again = await start(configOf(directory));
    await play(again, days.slice(2, 4).flat());
    expect(await readVersions(again.store, "toy")).toMatchObject([{ rows: 960, labelled: 960 }]);
  });
});

describe("the drift metrics that are measured by schedule", () => {
  const stored = async (app: App, feature: string) =>
    [...new Set((await readMeasurements(app.store, { model: "toy", family: "drift", subject: feature })).map((one) => one.metric))].sort();

  test("are all that suit a subject", async () => {
    const app = await start(configOf(scratchDirectory()));
    await play(app, someDays(5).flat());
    expect(await stored(app, "amount")).toEqual([...DRIFT_METRICS].sort());
    const ofCategories = DRIFT_METRICS.filter((metric) => metric !== "ks" && metric !== "wasserstein").sort();
    expect(await stored(app, "colour")).toEqual(ofCategories);
    expect(await stored(app, "prediction")).toEqual(ofCategories);
    expect(await stored(app, "score")).toEqual([...DRIFT_METRICS].sort());
  });

  test("can be fewer: those that are judged by, those a rule names, and those of the configuration", async () => {
    const config = configOf(scratchDirectory(), { driftMetrics: ["jensen_shannon"] });
    const [rule] = config.rules;
    if (!rule) throw new Error("there is a rule");
    const named = { ...rule, name: "hellinger", measure: { ...rule.measure, metric: "hellinger" as const } };
    const app = await start({ ...config, rules: [rule, named] });
    const days = someDays(5);
    await play(app, days.flat());
    expect(await stored(app, "amount")).toEqual(["hellinger", "jensen_shannon", "psi", "wasserstein"]);
    // Asked for on the spot, there are all of them.
    const window = { from: DAY_ONE + 3 * DAY, to: DAY_ONE + 4 * DAY };
    const measured = await app.monitor.measure({ model: "toy", window, baselines: ["before"], families: ["drift"] });
    expect(
      measured
        .filter((one) => one.feature === "amount")
        .map((one) => one.metric)
        .sort(),
    ).toEqual([...DRIFT_METRICS].sort());
  });

  test("leave what was stored before as it was, when they become fewer", async () => {
    const directory = scratchDirectory();
    const days = someDays(5);
    const app = await start(configOf(directory));
    await play(app, days.flat());
    const before = await readMeasurements(app.store, { model: "toy", metric: "kl" });
    expect(before.some((one) => one.status === "ok")).toBe(true);
    await app.stop();
    const again = await start(configOf(directory, { driftMetrics: [] }));
    const late = {
      type: "prediction",
      id: "late",
      model: "toy",
      version: "1",
      time: new Date(DAY_ONE + 3 * DAY).toISOString(),
      features: { amount: 10 },
      score: 0.5,
    };
    await play(again, [late]);
    expect(await readMeasurements(again.store, { model: "toy", metric: "kl" })).toEqual(before);
    expect((await readMeasurements(again.store, { model: "toy", metric: "psi" })).some((one) => one.revision > 1)).toBe(true);
  });
});

test("an event from long ago costs a few windows, not years of them", async () => {
  const app = await start(configOf(scratchDirectory()));
  const days = someDays(10).flat();
  const old = {
    type: "prediction",
    id: "old",
    model: "toy",
    version: "1",
    time: "2001-01-01T12:00:00Z",
    features: { amount: 10 },
    score: 0.5,
  };
  await ingest(app, [...days, old]);
  app.watermarks.finish();
  expect((await app.tick()).windowsMeasured).toBeLessThan(120);
  expect(await app.tick()).toMatchObject({ windowsMeasured: 0 });
});

test("values of another type count as missing: a column that turned to text does not pass for well", async () => {
  const app = await start(configOf(scratchDirectory()));
  const days = someDays(5);
  const turned = (days[4] ?? []).map((event) => {
    const { features } = event as { features?: Record<string, unknown> };
    return features ? { ...event, features: { ...features, amount: `${String(features["amount"])} EUR` } } : event;
  });
  await play(app, days.slice(0, 4).flat(), turned);
  const window = { from: DAY_ONE + 4 * DAY, to: DAY_ONE + 5 * DAY };
  const measured = await app.monitor.measure({ model: "toy", window, baselines: ["before"], families: ["quality"] });
  expect(measured.find((one) => one.metric === "missing_rate" && one.feature === "amount")).toMatchObject({ value: 1 });
});
