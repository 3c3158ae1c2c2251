import { describe, expect, test } from "vitest";
import type { Measurement } from "../../src/model/measurement.ts";
import { DAY, HOUR, type Window } from "../../src/model/time.ts";
import type { Traffic } from "../../src/model/traffic.ts";
import { measureTraffic, type TrafficWindow } from "../../src/monitor/measure-traffic.ts";
import { readMeasurements } from "../../src/store/measurements.ts";
import { readTraffic } from "../../src/store/traffic-counts.ts";
import { load, loaded } from "../config/workplace.ts";
import { play, startProgram } from "../support/program.ts";
import { createToyModel } from "../support/toy-model.ts";

const DAY_ONE = Date.UTC(2026, 0, 1);
type Sent = ReturnType<ReturnType<typeof createToyModel>["day"]>["predictions"][number];

function traffic(rows: number, changes: Partial<Traffic> = {}): Traffic {
  return {
    rows,
    superseded: 0,
    last: rows > 0 ? 0 : null,
    unknownRows: 0,
    unknown: new Map(),
    errors: 0,
    latencies: new Map(),
    ...changes,
  };
}

/** Windows before `window`, the nearest last. */
function before(window: Window, rows: readonly number[], silence = 60_000) {
  const length = window.to - window.from;
  return rows.map((count, index) => {
    const from = window.from - (rows.length - index) * length;
    return { from, to: from + length, traffic: traffic(count, { last: count > 0 ? from + length - silence : null }) };
  });
}

function measure(window: Window, now: Traffic, rows: readonly number[], changes: Partial<TrafficWindow> = {}): Map<string, Measurement> {
  const subject: TrafficWindow = {
    model: "toy",
    version: "1",
    baseline: "recent",
    window,
    current: now,
    reference: { rows: 1_000, superseded: 0, unknownRows: 0 },
    complete: true,
    schema: { gone: [], added: [], retyped: [] },
    volume: { now, windows: before(window, rows) },
    served: null,
    ...changes,
  };
  return new Map(measureTraffic(subject).map((one) => [one.metric, one]));
}

describe("how a version serves", () => {
  const today = { from: DAY_ONE + 20 * DAY, to: DAY_ONE + 21 * DAY };
  // Bins 580 and 638 are 96 and 303 ms: 1.02^580 and 1.02^638 microseconds.
  const answers = (rows: number, errors: number, bin = 580) => traffic(rows, { errors, latencies: new Map([[bin, rows]]) });
  const usual = [10, 8, 12, 9, 11, 10, 10, 9, 11, 12, 8, 10, 10, 10];
  const days = before(today, usual).map((day, index) => ({ ...day, traffic: answers(1_000, usual[index] ?? 0, 578 + (index % 5)) }));
  const found = (now: Traffic, served = days) => measure(today, now, [], { served });

  test("as it did: nothing to see", () => {
    for (const metric of ["error_rate", "latency_p50", "latency_p95", "latency_p99", "latency_rise"])
      expect(found(answers(1_000, 10)).get(metric)).toMatchObject({ status: "ok", subject: "traffic", evidence: "baseline_windows" });
    expect(found(answers(1_000, 10)).get("error_rate")).toMatchObject({
      value: 0.01,
      expected: expect.closeTo(0.01, 12),
      detail: { hits: 10 },
    });
    expect(found(answers(1_000, 10)).get("latency_p95")?.pValue).toBeGreaterThan(0.2);
  });
  test("more failures than on any day, and answers three times as slow", () => {
    expect(found(answers(1_000, 60)).get("error_rate")?.pValue).toBeLessThan(1e-4);
    const slow = found(answers(1_000, 10, 638));
    expect(slow.get("latency_p95")?.value).toBeCloseTo(1.02 ** 638 / 1.01 / 1_000, 9);
    expect(slow.get("latency_p95")?.ci).toEqual([slow.get("latency_p95")?.value, slow.get("latency_p95")?.value]);
    expect(slow.get("latency_rise")?.value).toBeGreaterThan(2);
    expect(slow.get("latency_rise")?.pValue).toBeLessThan(1e-6);
  });
  test("too few requests, too few days, no latencies, no requests", () => {
    expect(found(answers(20, 20)).get("error_rate")).toMatchObject({ status: "insufficient", value: null });
    expect(found(answers(1_000, 10), days.slice(0, 7)).get("error_rate")?.detail.note).toContain("fewer than 8 windows of 1d");
    expect([...found(traffic(1_000, { errors: 3 })).keys()].filter((metric) => metric.startsWith("latency"))).toEqual([]);
    expect(found(traffic(0)).get("error_rate")).toMatchObject({ status: "no_data" });
  });
});

describe("how many rows came", () => {
  const today = { from: DAY_ONE + 20 * DAY, to: DAY_ONE + 21 * DAY };
  const usual = [510, 490, 500, 505, 495, 500, 498, 502, 500, 500, 497, 503, 499, 501];
  const at = (rows: number, ago: number) => traffic(rows, { last: today.to - ago });

  test("as many as usual", () => {
    const found = measure(today, at(500, 60_000), usual);
    expect(found.get("volume_drop")).toMatchObject({
      status: "ok",
      detail: { usual: { like: "length", windows: 14 }, last: today.to - 60_000 },
    });
    expect(found.get("volume_drop")?.value).toBeLessThan(0.01);
    for (const metric of ["volume_drop", "volume_rise", "silence_rate"]) expect(found.get(metric)?.pValue).toBeGreaterThan(0.2);
  });

  test("half of them, twice as many, none since noon, none at all", () => {
    expect(measure(today, at(250, 60_000), usual).get("volume_drop")).toMatchObject({ value: expect.closeTo(0.5, 2), status: "ok" });
    expect(measure(today, at(250, 60_000), usual).get("volume_drop")?.pValue).toBeLessThan(1e-6);
    expect(measure(today, at(1_000, 60_000), usual).get("volume_rise")).toMatchObject({ value: expect.closeTo(1, 2) });
    const silent = measure(today, at(500, 12 * HOUR), usual).get("silence_rate");
    expect(silent).toMatchObject({ value: 0.5, expected: expect.closeTo(60 / 86_400, 9) });
    expect(silent?.pValue).toBeLessThan(1e-6);
    const none = measure(today, traffic(0), usual);
    expect(none.get("volume_drop")).toMatchObject({ value: 1, status: "ok", rows: { current: 0 } });
    expect(none.get("silence_rate")).toMatchObject({ value: 1, status: "ok" });
    expect(none.get("silence_rate")?.detail.last).toBeUndefined();
  });

  test("fewer than eight windows are too few, and what lies before the first row is none", () => {
    for (const rows of [new Array<number>(14).fill(0), usual.slice(0, 7), [0, 0, 0, 0, 0, 0, 0, ...usual.slice(0, 7)]]) {
      const found = measure(today, traffic(0), rows);
      for (const metric of ["volume_drop", "volume_rise", "silence_rate"]) {
        expect(found.get(metric)).toMatchObject({ status: "insufficient", value: null, pValue: null });
        expect(found.get(metric)?.detail.note).toContain("fewer than 8 windows of 1d");
      }
    }
  });

  test("a quiet weekend is held against weekends where there are eight of them", () => {
    const weeks = Array.from({ length: 9 * 7 }, (_, index) => (index % 7 === 0 ? 40 + (index % 3) : 500 + (index % 5)));
    const sunday = { from: today.from, to: today.to };
    const found = measure(sunday, at(41, 60_000), weeks).get("volume_drop");
    expect(found).toMatchObject({ detail: { usual: { like: "weekday", windows: 9 } } });
    expect(found?.pValue).toBeGreaterThan(0.2);
    expect(measure(sunday, at(500, 60_000), weeks).get("volume_rise")?.pValue).toBeLessThan(1e-3);
  });

  test("a quiet night is held against nights", () => {
    const hour = { from: today.from + 3 * HOUR, to: today.from + 4 * HOUR };
    const hours = Array.from({ length: 10 * 24 }, (_, index) => (index % 24 < 6 ? 3 : 200));
    const found = measure(hour, traffic(3, { last: hour.to - 60_000 }), hours).get("volume_drop");
    expect(found).toMatchObject({ value: 0, detail: { usual: { like: "hour", windows: 10 } } });
  });

  test("is not asked of a file", () => {
    expect([...measure(today, at(500, 0), usual, { volume: null }).keys()]).toEqual(["unknown_feature_rate", "conflict_rate"]);
  });
});

describe("in the whole program", () => {
  function start() {
    const rule = (name: string, metric: string, above: number) =>
      `  - {name: ${name}, measure: {metric: ${metric}, baseline: recent, window: 1d}, fire: {above: ${above}, false_alarms: 0.001}, notify: []}\n`;
    const yaml = `clock: replay
store: {path: ./data}
alerts: [rules.yaml]
models:
  toy: {task: binary, positive: "yes", labels: {expected_within: 6h}, baselines: {recent: {window: 10d}}}
`;
    const rules = `rules:\n${rule("volume", "volume_drop", 0.5)}${rule("conflicts", "conflict_rate", 0.1)}${rule("failures", "error_rate", 0.1)}${rule("slow", "latency_rise", 1)}`;
    return startProgram(loaded(load(yaml, { "rules.yaml": rules })));
  }

  function days(count: number, rows = 120): Sent[][] {
    const toy = createToyModel();
    return Array.from({ length: count }, (_, day) => toy.day(DAY_ONE + day * DAY, { rows }).predictions);
  }

  test("a feed that stops fires, though there is no row to judge by", async () => {
    const { app, transitions } = await start();
    // On the eleventh day one request in three fails, and answers take seven times as long.
    const served = (row: Sent, day: number, at: number) => ({
      ...row,
      latency_ms: (40 + (at % 7)) * (day === 10 ? 7 : 1),
      ...(day === 10 && at % 3 === 0 ? { status: "error" } : {}),
    });
    const list = days(14).map((day, index) => day.map((row, at) => served(row, index, at)));
    // The twelfth day has a fifth of its rows, the thirteenth none.
    await play(app, [...list.slice(0, 11), (list[11] ?? []).slice(0, 24), list[13] ?? []].flat());
    const drops = await readMeasurements(app.store, { model: "toy", metric: "volume_drop" });
    const onDay = (day: number) => drops.find((one) => one.from === DAY_ONE + day * DAY);
    expect(onDay(5)).toMatchObject({ status: "insufficient" });
    expect(onDay(10)).toMatchObject({ status: "ok", value: 0 });
    expect(onDay(11)).toMatchObject({ status: "ok", value: expect.closeTo(0.8, 6), rows: { current: 24 } });
    expect(onDay(12)).toMatchObject({ status: "ok", value: 1, rows: { current: 0 } });
    const fired = transitions.find(({ to, key }) => to === "firing" && key.rule === "volume");
    expect(fired).toMatchObject({ key: { subject: "traffic" }, window: { from: DAY_ONE + 11 * DAY } });
    expect(fired?.summary).toMatch(/^24 rows of the model came, of the usual 120: 80% are missing\./);
    expect(fired?.explanation.hints[1]).toMatch(/^\/models\/toy\?/);
    const failing = transitions.find(({ to, key }) => to === "firing" && key.rule === "failures");
    expect(failing).toMatchObject({ window: { from: DAY_ONE + 10 * DAY }, explanation: { value: 40 / 120, expected: 0 } });
    expect(failing?.summary).toMatch(/^33\.3% of requests fail, where 0% is usual\./);
    const slow = transitions.find(({ to, key }) => to === "firing" && key.rule === "slow");
    expect(slow?.window.from).toBe(DAY_ONE + 10 * DAY);
    expect(slow?.summary).toMatch(/^One answer in twenty takes more than 3[12]\d ms, instead of the usual 4[56](\.\d)?\./);
  });

  test("an id that is used again on another day counts where its row lost, not where it holds", async () => {
    const { app, transitions } = await start();
    const list = days(13);
    const again = (list[10] ?? []).map((row) => ({ ...row, time: new Date(Date.parse(row.time) + DAY).toISOString() }));
    await play(app, list.flat());
    await play(app, again);
    const found = await readMeasurements(app.store, { model: "toy", metric: "conflict_rate" });
    expect(found.find((one) => one.from === DAY_ONE + 11 * DAY)).toMatchObject({
      value: 0.5,
      detail: { hits: 120 },
      rows: { current: 240 },
    });
    expect(found.find((one) => one.from === DAY_ONE + 10 * DAY)).toMatchObject({ value: 0, rows: { current: 120 } });
    // They came after that day had been judged, which is judged again.
    expect(transitions.filter(({ key }) => key.rule === "conflicts")).toMatchObject([
      { to: "firing", reason: "revised", window: { from: DAY_ONE + 11 * DAY } },
    ]);
  });

  test("ever new names are counted, and twenty of a bucket are named", async () => {
    const { app } = await start();
    const list = days(13);
    const noon = DAY_ONE + 11 * DAY + 12 * HOUR;
    const strange = Array.from({ length: 60 }, (_, index) => ({
      ...list[0]?.[0],
      id: `strange ${index}`,
      time: new Date(noon + index).toISOString(),
      features: { amount: 10, colour: "red", [`x${index}`]: index, "'; DROP TABLE traffic_counts": "yes", gone: null, vector: [1, 2] },
    }));
    // The first rows make the bins: what comes with them is known.
    await play(app, list.flat());
    await play(app, strange);
    const [step] = await readTraffic(app.store, "toy", { from: noon, to: noon + HOUR }, HOUR);
    const found = step?.byVersion.get("1");
    expect(found?.unknownRows).toBe(60);
    expect(found?.unknown.size).toBe(20);
    expect(found?.unknown.get("'; DROP TABLE traffic_counts")).toBe(60);
    expect(found?.unknown.has("gone") || found?.unknown.has("vector")).toBe(false);
    const measured = await readMeasurements(app.store, { model: "toy", metric: "unknown_feature_rate" });
    const onDay = measured.find((one) => one.from === DAY_ONE + 11 * DAY);
    expect(onDay).toMatchObject({ value: 60 / 180, detail: { hits: 60 } });
    expect(onDay?.detail.unknown?.[0]).toEqual({ feature: "'; DROP TABLE traffic_counts", rows: 60 });
    expect(onDay?.detail.unknown).toHaveLength(10);
  });
});
