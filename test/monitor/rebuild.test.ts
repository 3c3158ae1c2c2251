import { join } from "node:path";
import { expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { createSite } from "../../src/cli/serve.ts";
import { silentLog } from "../../src/log.ts";
import type { BaselineSettings } from "../../src/model/settings.ts";
import { DAY } from "../../src/model/time.ts";
import { readNewestGrid } from "../../src/store/grids.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { ingest, play, startProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { driftRule, fileBaseline, toyConfig } from "../support/toy-config.ts";
import { createToyModel } from "../support/toy-model.ts";

const DAY_ONE = Date.UTC(2026, 0, 1);
const LIVE = { from: DAY_ONE, to: DAY_ONE + 10 * DAY };
const RECENT: BaselineSettings = { kind: "trailing", name: "recent", window: 3 * DAY, offset: 0 };

/** A file of the toy model's rows, as a baseline. */
function training(directory: string, name: string, seed: number, shift = 0): BaselineSettings {
  const toy = createToyModel(seed);
  const rows = Array.from({ length: 10 }, (_, day) => toy.day(DAY_ONE - (10 - day) * DAY, { shift }).predictions).flat();
  return fileBaseline(directory, rows, name);
}

async function start(directory: string, baselines: readonly BaselineSettings[]): Promise<App> {
  const rules = [driftRule(new Map([["psi", 0.2]]), { baseline: "recent" })];
  return (await startProgram(toyConfig(directory, { driftMetrics: [], baselines }, rules))).app;
}

/** Ten days far beyond what the model was trained on, with colours it has not seen. */
function liveDays(): object[][] {
  const toy = createToyModel(3);
  return Array.from({ length: 10 }, (_, index) => {
    const { predictions, labels } = toy.day(DAY_ONE + index * DAY, { shift: 30 });
    const other = predictions.map((event) => ({ ...event, features: { ...event.features, colour: `dark ${event.features.colour}` } }));
    return [...other, ...labels];
  });
}

/** Everything that is stored, but which bins by number and how often it was measured. */
async function answers(app: App) {
  const rows = await readMeasurements(app.store, { model: "toy" });
  return rows.map((one) => ({ ...one, detail: { ...one.detail, grid: 0 }, revision: 0 }));
}

test("a new file makes new bins, on which all is counted and measured as if they had been there from the start", async () => {
  const directory = scratchDirectory();
  const files = [training(directory, "training", 1), training(directory, "validation", 2, 4)];
  const live = liveDays();
  const whole = await start(join(directory, "whole"), files);
  await play(whole, live.flat());
  const expected = await answers(whole);
  expect(expected.length).toBeGreaterThan(100);
  await whole.stop();

  const before = await start(directory, files.slice(0, 1));
  await play(before, live.slice(0, 6).flat());
  expect((await readNewestGrid(before.store, "toy"))?.grid.version).toBe(1);
  expect((await readMeasurements(before.store, { model: "toy", metric: "psi" })).every(({ detail }) => detail.grid === 1)).toBe(true);
  await before.stop();
  const after = await start(directory, files);
  await play(after, live.slice(6).flat());
  expect((await readNewestGrid(after.store, "toy"))?.grid.version).toBe(2);
  expect((await readMeasurements(after.store, { model: "toy", metric: "psi" })).every(({ detail }) => detail.grid === 2)).toBe(true);
  expect(await answers(after)).toEqual(expected);
}, 300_000);

test("bins that do not fit are found out, and made again with live rows; then all is as if they had been there from the start", async () => {
  const directory = scratchDirectory();
  const baselines = [training(directory, "training", 1), RECENT];
  const live = liveDays();
  type Fit = { grid: number; stale: boolean; subjects: { subject: string; feature: string | null }[] };
  const request = async (app: App, method = "GET", query = "") => {
    const response = await createSite(app, { log: silentLog }).request(`/v1/models/toy/grid${query}`, {
      method,
      headers: { authorization: `Bearer ${app.localToken}` },
    });
    return { status: response.status, body: await response.json() };
  };
  const fit = async (app: App, query = "") => {
    const { grid, stale, subjects } = (await request(app, "GET", query)).body as Fit;
    return { grid, stale, of: new Map(subjects.map((one) => [one.feature ?? one.subject, one])) };
  };

  const app = await start(directory, baselines);
  await play(app, live.flat());
  const before = await fit(app, "?from=2026-01-01");
  expect(before).toMatchObject({ grid: 1, stale: true });
  expect(before.of.get("amount")).toMatchObject({ outside: expect.closeTo(1, 2) as number, outside_baselines: 0, stale: true });
  expect(before.of.get("colour")).toMatchObject({ outside: 1, outside_baselines: 0, stale: true });
  expect(before.of.get("score")).toMatchObject({ stale: false });
  /** The bins that hold rows on the last day. */
  const colours = async () => {
    const measured = await readMeasurements(app.store, { model: "toy", baseline: "recent", metric: "psi", subject: "colour" });
    const bins = measured.at(-1)?.detail.bins ?? [];
    return bins
      .filter(({ current }) => current > 0)
      .map(({ bin }) => bin)
      .sort();
  };
  expect(await colours()).toEqual(["(unseen)"]);

  expect(await request(app, "POST", "?from=2025-12-01&to=2025-12-31")).toMatchObject({
    status: 400,
    body: { detail: "There are fewer than 1,000 live rows in that stretch." },
  });
  expect(await request(app, "POST", "?from=2026-01-01&to=2026-01-11")).toEqual({
    status: 200,
    body: { model: "toy", grid: 2, from: "2026-01-01T00:00:00Z", to: "2026-01-11T00:00:00Z" },
  });
  // Who asks before all is counted on the new bins waits for it, and is told by those.
  const waiting = app.monitor.measure({
    model: "toy",
    window: { from: LIVE.from + 9 * DAY, to: LIVE.to },
    baselines: ["recent"],
    families: ["drift"],
  });
  await app.tick();
  expect((await waiting).every(({ detail, rows }) => detail.grid === 2 && rows.current === 120)).toBe(true);
  const after = await fit(app);
  expect(after).toMatchObject({ grid: 2, stale: false });
  expect(after.of.get("amount")).toMatchObject({ outside: 0 });
  expect(after.of.get("colour")).toMatchObject({ outside: 0 });
  expect(await colours()).toContainEqual(expect.stringMatching(/^dark /));
  const rebuilt = await answers(app);
  expect(await app.tick()).toMatchObject({ windowsMeasured: 0 });
  await app.stop();

  const again = await start(directory, baselines);
  expect((await readNewestGrid(again.store, "toy"))?.grid.version).toBe(2);
  await again.stop();

  const fresh = await start(join(directory, "fresh"), baselines);
  await ingest(fresh, live.flat());
  fresh.watermarks.finish();
  await fresh.rebuild("toy", LIVE);
  await fresh.tick();
  expect(rebuilt.length).toBeGreaterThan(100);
  expect(rebuilt).toEqual(await answers(fresh));
}, 300_000);
