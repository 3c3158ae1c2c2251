import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Message } from "../../src/ingest/source.ts";
import type { BaselineSettings } from "../../src/model/settings.ts";
import { DAY } from "../../src/model/time.ts";
import { episodes, FLIGHTS, flightConfig, startFlightApp } from "../support/flight-app.ts";
import { flightYear } from "../support/flight-year.ts";
import { scratchDirectory } from "../support/scratch.ts";

/** The README lists these, with the reason for each. */
const EXPECTED = [
  { rule: "accuracy-drop", version: "2013-q1", subject: "performance", fired: "2013-04-25", resolved: "2013-05-05" },
  // The version ends with September, and its alerts a week later.
  { rule: "feature-drift", version: "2013-q1", subject: "temp", fired: "2013-05-23", resolved: "2013-10-08" },
  { rule: "out-of-range", version: "2013-h1", subject: "visib", fired: "2013-09-04", resolved: "2013-09-12" },
  { rule: "out-of-range", version: "2013-q1", subject: "visib", fired: "2013-09-04", resolved: "2013-09-12" },
  { rule: "feature-drift", version: "2013-q1", subject: "carrier", fired: "2013-09-07", resolved: "2013-10-08" },
  { rule: "feature-drift", version: "2013-q1", subject: "dest", fired: "2013-09-10", resolved: "2013-10-08" },
  { rule: "feature-drift", version: "2013-q1", subject: "visib", fired: "2013-09-10", resolved: "2013-10-08" },
  { rule: "feature-drift", version: "2013-h1", subject: "carrier", fired: "2013-09-18", resolved: null },
  { rule: "feature-drift", version: "2013-h1", subject: "dest", fired: "2013-09-18", resolved: null },
  { rule: "feature-drift", version: "2013-h1", subject: "visib", fired: "2013-09-18", resolved: null },
  // The weather of 31 December is not in the data: six features at once, told in one message.
  ...["humid", "precip", "pressure", "temp", "visib", "wind_speed"].map((subject) => ({
    rule: "missing-values",
    version: "2013-h1",
    subject,
    fired: "2014-01-01",
    resolved: null,
  })),
];

describe("the shipped rules on a year of flights", () => {
  test("raise the listed alerts and no other", async () => {
    const { transitions } = await flightYear();
    expect(episodes(transitions)).toEqual(EXPECTED);

    const unit = transitions.filter((change) => change.key.rule === "out-of-range" && change.to === "firing");
    expect(unit).toHaveLength(2);
    for (const change of unit) {
      expect(change.explanation.detail.scale).toMatchObject({ unit: "kilometres for miles", from: Date.UTC(2013, 8, 1) });
      expect(change.explanation.detail.scale?.ratio).toBeCloseTo(1.609344, 6);
      expect(change.since).toBe(Date.UTC(2013, 8, 1));
      expect(change.summary).toMatch(/^visib is 1\.609 times what it was: likely kilometres for miles, since 1 Sep 2013/);
    }
  }, 600_000);
});

describe("the baseline quarter against itself", () => {
  // Each half in turn is the baseline and the other arrives as live events, with its labels: nothing has changed, so nothing may fire but what was so.
  const byId = (row: { id: string }) => (createHash("sha256").update(row.id).digest()[0] as number) % 2;
  const byDay = (row: { time: string }) => Math.floor(Date.parse(row.time) / DAY) % 2;
  // A blizzard kept New York's aeroplanes on the ground on 9 February: 50 flights where a Saturday has 200.
  const blizzard = { rule: "few-events", version: "2013-q1", subject: "traffic", fired: "2013-02-10", resolved: "2013-02-11" };

  test.each([
    ["rows split at random", byId, 0, [blizzard]],
    ["rows split at random, the other way round", byId, 1, [blizzard]],
    ["every other day", byDay, 0, []],
    ["every other day, the other way round", byDay, 1, []],
  ] as const)(
    "%s",
    async (_name, halfOf, reference, expected) => {
      const directory = scratchDirectory();
      mkdirSync(directory, { recursive: true });
      const lines = gunzipSync(readFileSync(join(FLIGHTS, "reference-2013-q1.ndjson.gz")))
        .toString()
        .trim()
        .split("\n");
      const rows = lines.map((line) => JSON.parse(line) as { id: string; time: string; model: string; label: string });
      const file = join(directory, "half.ndjson.gz");
      writeFileSync(
        file,
        gzipSync(
          rows
            .filter((row) => halfOf(row as never) === reference)
            .map((row) => JSON.stringify(row))
            .join("\n"),
        ),
      );
      const live = rows.filter((row) => halfOf(row as never) !== reference);

      const config = flightConfig(join(directory, "store"));
      const model = config.models.get("flight-delay");
      if (!model) throw new Error("the demo's model is gone");
      const baselines: BaselineSettings[] = model.baselines.map((baseline) =>
        baseline.kind === "file" ? { ...baseline, byVersion: new Map([["2013-q1", file]]) } : baseline,
      );
      const { app, transitions } = await startFlightApp(join(directory, "store"), {
        models: new Map([["flight-delay", { ...model, baselines }]]),
      });
      const message = (event: object, offset: number): Message => ({
        origin: { source: "file", topic: "half", partition: 0, offset: String(offset) },
        bytes: Buffer.from(JSON.stringify(event)),
        timestamp: null,
      });
      await app.pipeline.ingest(live.map((row, index) => message(row, index)));
      await app.pipeline.ingest(
        live.map((row, index) =>
          message({ type: "label", id: row.id, model: row.model, time: row.time, label: row.label }, live.length + index),
        ),
      );
      app.watermarks.finish();
      const { windowsMeasured } = await app.tick();
      expect(windowsMeasured).toBeGreaterThan(200);
      expect(episodes(transitions)).toEqual(expected);
    },
    300_000,
  );
});
