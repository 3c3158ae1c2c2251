import { describe, expect, test } from "vitest";
import { DAY, HOUR } from "../../src/model/time.ts";
import { dueWindows, type Plan } from "../../src/monitor/plan.ts";

const none = { drift: new Set<string>(), quality: new Set<string>(), performance: new Set<string>(), labels: new Set<string>() };
const daily: Plan = { name: "1d/1d", length: DAY, every: DAY, baselines: none, segments: [] };
const weekly: Plan = { name: "7d/1d", length: 7 * DAY, every: DAY, baselines: none, segments: [] };
const at = (day: number, hour = 0) => Date.UTC(2013, 0, day, hour);

function due(changes: Partial<Parameters<typeof dueWindows>[0]>): string[] {
  const windows = dueWindows({
    plan: daily,
    first: at(1),
    watermark: at(1),
    labelsExpectedWithin: 24 * HOUR,
    progress: { closedTo: 0, matureTo: 0 },
    bucket: HOUR,
    touchedInputs: [],
    touchedOutcomes: [],
    days: null,
    reach: { inputs: 0, performance: 0 },
    ...changes,
  });
  return windows.map(
    ({ cause, family, window }) =>
      `${cause} ${family} ${new Date(window.from).toISOString().slice(5, 10)}..${new Date(window.to).toISOString().slice(5, 10)}`,
  );
}

describe("windows that are due", () => {
  test("none before the watermark passes the end of the first", () => {
    expect(due({ watermark: at(1, 23) })).toEqual([]);
  });

  test("a window closes when the watermark reaches its end, and matures when its labels had their time", () => {
    expect(due({ watermark: at(2) })).toEqual(["closed inputs 01-01..01-02", "closed performance 01-01..01-02"]);
    expect(due({ watermark: at(3), progress: { closedTo: at(2), matureTo: 0 } })).toEqual([
      "mature performance 01-01..01-02",
      "closed inputs 01-02..01-03",
      "closed performance 01-02..01-03",
    ]);
  });

  test("nothing twice: what was measured is due again only when it was touched", () => {
    const progress = { closedTo: at(5), matureTo: at(4) };
    expect(due({ watermark: at(5, 3), progress })).toEqual([]);
    expect(due({ watermark: at(5, 3), progress, touchedInputs: [at(2, 7)] })).toEqual(["revised inputs 01-02..01-03"]);
    const labels = { watermark: at(5, 3), progress: { closedTo: at(5), matureTo: at(5) }, touchedOutcomes: [at(2, 7), at(2, 9)] };
    expect(due({ ...labels, labelsExpectedWithin: 0 })).toEqual(["revised performance 01-02..01-03"]);
    // How long labels take is learned from as far back.
    expect(due({ ...labels, labelsExpectedWithin: 2 * DAY })).toEqual([
      "revised performance 01-02..01-03",
      "revised performance 01-03..01-04",
      "revised performance 01-04..01-05",
    ]);
  });

  test("a touched bucket re-opens every measured window that holds it", () => {
    const progress = { closedTo: at(12), matureTo: at(12) };
    const touched = due({ plan: weekly, watermark: at(12), progress, touchedOutcomes: [at(8, 23)] });
    expect(touched).toEqual([
      "revised performance 01-02..01-09",
      "revised performance 01-03..01-10",
      "revised performance 01-04..01-11",
      "revised performance 01-05..01-12",
    ]);
  });

  test("a touched bucket of a window that is open changes nothing yet", () => {
    expect(due({ watermark: at(5, 3), progress: { closedTo: at(5), matureTo: at(4) }, touchedInputs: [at(5, 1)] })).toEqual([]);
  });

  test("a touched bucket re-opens what looks back at it", () => {
    const progress = { closedTo: at(12), matureTo: at(12) };
    expect(
      due({
        watermark: at(12),
        progress,
        touchedInputs: [at(8, 3)],
        touchedOutcomes: [at(8, 3)],
        reach: { inputs: 2 * DAY, performance: DAY },
      }),
    ).toEqual([
      "revised inputs 01-08..01-09",
      "revised performance 01-08..01-09",
      "revised inputs 01-09..01-10",
      "revised performance 01-09..01-10",
      "revised inputs 01-10..01-11",
    ]);
  });

  test("of a long stretch only what lies near days with rows is looked at", () => {
    const windows = due({
      watermark: Date.UTC(2026, 0, 1),
      days: [at(1), at(2), Date.UTC(2020, 5, 1)],
      reach: { inputs: DAY, performance: 0 },
    });
    expect(windows.filter((window) => window.startsWith("closed inputs"))).toEqual([
      "closed inputs 01-01..01-02",
      "closed inputs 01-02..01-03",
      "closed inputs 01-03..01-04",
      "closed inputs 01-04..01-05",
      "closed inputs 06-01..06-02",
      "closed inputs 06-02..06-03",
      "closed inputs 06-03..06-04",
    ]);
  });

  test("after an outage all windows come, oldest first", () => {
    const windows = due({ watermark: at(5), progress: { closedTo: at(2), matureTo: at(1) } });
    expect(windows.filter((window) => window.startsWith("closed inputs"))).toEqual([
      "closed inputs 01-02..01-03",
      "closed inputs 01-03..01-04",
      "closed inputs 01-04..01-05",
    ]);
  });
});
