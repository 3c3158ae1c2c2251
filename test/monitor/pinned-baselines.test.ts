import { describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import type { BaselineSettings } from "../../src/model/settings.ts";
import { DAY } from "../../src/model/time.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { play, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { fileBaseline, toyConfig } from "../support/toy-config.ts";
import { createToyModel } from "../support/toy-model.ts";

const DAY_ONE = Date.UTC(2026, 0, 1);
const at = (day: number) => DAY_ONE + (day - 1) * DAY;
const day = (which: number) => ({ from: at(which), to: at(which + 1) });
const FAMILIES = ["drift", "quality", "performance"] as const;

type Prediction = ReturnType<ReturnType<typeof createToyModel>["day"]>["predictions"][number];

async function start(baselines: readonly BaselineSettings[], directory = scratchDirectory()): Promise<App> {
  return (await startProgram(toyConfig(directory, { baselines }))).app;
}

function days(count: number, seed = 7): { predictions: Prediction[]; labels: object[] }[] {
  const toy = createToyModel(seed);
  return Array.from({ length: count }, (_, index) => toy.day(at(index + 1), { shift: index === count - 1 ? 1 : 0 }));
}

const eventsOf = (some: readonly { predictions: object[]; labels: object[] }[]) =>
  some.flatMap(({ predictions, labels }) => [...predictions, ...labels]);
/** What both a file and a period say: a file says nothing of traffic, and a period does not know what explains errors. */
const plain = (measured: readonly Measurement[]) =>
  measured
    .filter((one) => one.subject !== "traffic")
    .map((one) => ({ ...one, baseline: "", detail: { ...one.detail, causes: null, explains: null } }));

describe("a pinned period", () => {
  const PERIOD: BaselineSettings = { kind: "period", name: "good_days", from: at(1), to: at(13) };

  test("says the same as a file of the same rows, with its own windows as evidence", async () => {
    const directory = scratchDirectory();
    const fortnight = days(14);
    const rows = fortnight
      .slice(0, 12)
      .flatMap(({ predictions, labels }) =>
        predictions.map((prediction, index) => ({ ...prediction, label: (labels[index] as { label: string }).label })),
      );
    const app = await start([fileBaseline(directory, rows), PERIOD], directory);
    await play(app, eventsOf(fortnight));
    const ask = (baseline: string, which: number) =>
      app.monitor.measure({ model: "toy", window: day(which), baselines: [baseline], families: FAMILIES });
    for (const which of [13, 14]) {
      const pinned = await ask("good_days", which);
      expect(pinned.length).toBeGreaterThan(20);
      expect(plain(pinned)).toEqual(plain(await ask("training", which)));
      // The labels of the last day are still to come.
      for (const metric of which === 13 ? ["wasserstein", "missing_rate", "accuracy"] : ["wasserstein", "missing_rate"])
        expect(pinned.find((one) => one.metric === metric)).toMatchObject({
          status: "ok",
          evidence: "baseline_windows",
          detail: { nullWindows: 12 },
        });
      expect(pinned.find((one) => one.metric === "wasserstein" && one.feature === "amount")?.rows).toEqual({
        reference: 12 * 120,
        current: 120,
      });
    }
    expect((await ask("good_days", 13)).find((one) => one.metric === "volume_drop")).toMatchObject({
      status: "ok",
      rows: { reference: 12 * 120, current: 120 },
      detail: { nullWindows: 12 },
    });
    const moved = (await ask("good_days", 14)).find((one) => one.metric === "wasserstein" && one.feature === "amount");
    expect(moved?.pValue).toBeLessThan(0.001);
  });

  test("is no reference before it is over; from then on windows are measured by schedule, whatever the order of arrival", async () => {
    const fortnight = days(14);
    const answers = async (...lists: readonly (readonly object[])[]) => {
      // Bins are those of a file, so that they do not hang on what arrived first.
      const directory = scratchDirectory();
      const rows = days(10, 99).flatMap(({ predictions }) => predictions);
      const app = await start([fileBaseline(directory, rows), PERIOD], directory);
      await play(app, ...lists);
      const stored = await readMeasurements(app.store, { model: "toy", baseline: "good_days" });
      await app.stop();
      return stored.map((one) => ({ ...one, revision: 0 }));
    };
    const inOrder = await answers(...[fortnight.slice(0, 6), fortnight.slice(6, 11), fortnight.slice(11)].map(eventsOf));
    const status = (which: number, metric: string) => inOrder.find((one) => one.to === at(which + 1) && one.metric === metric)?.status;
    expect([5, 11, 12, 13].map((which) => status(which, "psi"))).toEqual(["insufficient", "insufficient", "ok", "ok"]);
    expect(inOrder.find((one) => one.to === at(6) && one.metric === "accuracy")).toMatchObject({ pValue: null, rows: { reference: 0 } });
    expect(inOrder.find((one) => one.to === at(14) && one.metric === "accuracy")?.rows.reference).toBe(12 * 120);
    expect(await answers(eventsOf(fortnight))).toEqual(inOrder);
    expect(await answers(eventsOf(fortnight.slice(6)), eventsOf(fortnight.slice(0, 6)))).toEqual(inOrder);
  }, 300_000);

  test("that gets late events is another one, and what was compared with it is measured again", async () => {
    const app = await start([PERIOD]);
    const fortnight = days(14);
    await play(app, eventsOf(fortnight));
    const stored = async () => {
      const rows = await readMeasurements(app.store, { model: "toy", baseline: "good_days", metric: "wasserstein", subject: "amount" });
      return rows.find((one) => one.to === at(14));
    };
    expect(await stored()).toMatchObject({ rows: { reference: 12 * 120 }, revision: 1 });
    const [first] = fortnight[2]?.predictions ?? [];
    await play(app, [{ ...first, id: "late" }]);
    expect(await stored()).toMatchObject({ rows: { reference: 12 * 120 + 1 }, revision: 2 });
  });

  test("can be that of another version", async () => {
    const app = await start([PERIOD, { ...PERIOD, name: "of_one", version: "1" }]);
    const renamed = (event: object) => ({ ...event, version: "2" });
    const fortnight = days(14).map(({ predictions, labels }, index) => ({
      labels,
      predictions: index < 12 ? predictions : predictions.map(renamed),
    }));
    await play(app, eventsOf(fortnight));
    const ask = async (baseline: string) =>
      (await app.monitor.measure({ model: "toy", window: day(13), baselines: [baseline], families: FAMILIES })).filter(
        (one) => one.version === "2",
      );
    const wasserstein = (measured: readonly Measurement[]) => measured.find((one) => one.metric === "psi" && one.feature === "amount");
    const [exactly] = await app.monitor.withExactValues(
      "toy",
      (await ask("of_one")).filter((one) => one.metric === "psi" && one.feature === "amount"),
    );
    expect(exactly?.detail.exact?.rows).toEqual({ reference: 12 * 120, current: 120 });
    expect(wasserstein(await ask("good_days"))).toMatchObject({ status: "no_data" });
    expect(wasserstein(await ask("of_one"))).toMatchObject({ status: "ok", rows: { reference: 12 * 120 }, detail: { nullWindows: 12 } });
    expect((await ask("of_one")).find((one) => one.metric === "accuracy")).toMatchObject({ status: "ok", rows: { reference: 12 * 120 } });
  });
});

describe("another version over the same window", () => {
  test("is what every other one is compared with, rows against rows", async () => {
    const app = await start([{ kind: "version", name: "champion", version: "1" }]);
    const [one, two] = [days(6), days(6, 8)];
    const second = two.map(({ predictions, labels }, index) => ({
      predictions: predictions.map((event) => ({
        ...event,
        id: `b-${event.id}`,
        version: "2",
        features: { ...event.features, amount: event.features.amount + (index === 5 ? 2 : 0) },
        // Always the wrong way round on the last day.
        prediction: index === 5 ? (event.prediction === "yes" ? "no" : "yes") : event.prediction,
      })),
      labels: labels.map((label) => ({ ...label, id: `b-${(label as { id: string }).id}` })),
    }));
    await play(app, [...eventsOf(one), ...eventsOf(second)]);
    const ask = (which: number) => app.monitor.measure({ model: "toy", window: day(which), baselines: ["champion"], families: FAMILIES });
    const [same, other] = [await ask(5), await ask(6)];
    for (const measured of [same, other]) {
      expect(new Set(measured.map(({ version }) => version))).toEqual(new Set(["2"]));
      expect(measured.every(({ evidence }) => evidence !== "baseline_windows")).toBe(true);
      expect(measured.find(({ metric }) => metric === "wasserstein")).toMatchObject({
        status: "ok",
        rows: { reference: 120, current: 120 },
      });
    }
    const pValue = (measured: readonly Measurement[], metric: string) =>
      measured.find((found) => found.metric === metric && (found.feature === "amount" || found.subject === "performance"))?.pValue;
    expect(pValue(same, "wasserstein")).toBeGreaterThan(0.01);
    expect(pValue(same, "accuracy")).toBeGreaterThan(0.01);
    expect(pValue(other, "wasserstein")).toBeLessThan(0.001);
    expect(pValue(other, "accuracy")).toBeLessThan(1e-6);
    expect(other.find(({ metric }) => metric === "accuracy")?.detail.reference).toBeGreaterThan(0.8);
  });
});
