import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import type { SegmentExplanationItem, SegmentGroupItem } from "../../src/api/segments.ts";
import { readSegments } from "../../src/config/read-segments.ts";
import { readDocument } from "../../src/config/document.ts";
import { DAY } from "../../src/model/time.ts";
import { cli } from "../cli/terminal.ts";
import { connectionWithin } from "../support/connections.ts";
import { FLIGHTS, flightConfig } from "../support/flight-app.ts";
import {
  FLIGHT_MODEL,
  ingestFlights,
  NO_RULES,
  openFlights,
  readFlightLabels,
  readFlightRows,
  REFERENCE_FILES,
  type FlightRow,
} from "../support/flights.ts";
import { scratchDirectory } from "../support/scratch.ts";

/** The week of the air-traffic-control furloughs, in which accuracy fell, taken apart by segment, beside a count of the rows. */

const VERSION = "2013-q1";
const WEEK = { from: Date.parse("2013-04-22T00:00:00Z"), to: Date.parse("2013-04-29T00:00:00Z") };
const SEGMENTS =
  '[carrier, {by: [carrier, dest], top: 30}, {by: distance, bins: [500, 1000]}, {where: "distance > 1000 and carrier != DL", name: long-haul}]';
const SPAN = ["--version", VERSION, "--from", "2013-04-22", "--to", "2013-04-29"];

let app: App | undefined;

beforeAll(async () => {
  const segments = readSegments(readDocument("segments.yaml", `segments: ${SEGMENTS}\n`, {}), ["segments"]) ?? [];
  const model = flightConfig("").models.get(FLIGHT_MODEL);
  if (!model) throw new Error("The demo has no model of that name.");
  const models = new Map([[FLIGHT_MODEL, { ...model, segments }]]);
  const opened = await openFlights(scratchDirectory(), { ...NO_RULES, models });
  app = opened;
  await ingestFlights(opened, { from: WEEK.from, to: WEEK.to + DAY });
  opened.watermarks.finish();
  await opened.tick();
}, 300_000);

afterAll(() => app?.stop());

function run(...argv: string[]) {
  return cli([...argv, "-c", join(FLIGHTS, "driftwatch.yaml")], { connect: async () => connectionWithin(app as App) });
}

const explained = async (...more: string[]) =>
  JSON.parse((await run("segments", ...SPAN, ...more, "--json")).out) as SegmentExplanationItem;

/** The rows on both sides, and whether each was predicted right. */
function sides(): { reference: FlightRow[]; current: FlightRow[]; isRight: (row: FlightRow) => boolean } {
  const labels = readFlightLabels();
  const reference = readFlightRows(REFERENCE_FILES[VERSION] ?? "");
  const current = readFlightRows("predictions.ndjson.gz").filter(
    (row) => row.version === VERSION && Date.parse(row.time) >= WEEK.from && Date.parse(row.time) < WEEK.to && labels.has(row.id),
  );
  return { reference, current, isRight: (row) => (row.label ?? labels.get(row.id)) === row.prediction };
}

describe("the week of the furloughs, by segment", () => {
  it("has segments for the most frequent values, in the order of the reference", async () => {
    const { out, err } = await run("segments");
    expect(out).toMatch(/carrier +carrier=\(other\)/);
    expect(err).toMatch(/carrier,dest: \d+ values share \(other\)/);
    const items = JSON.parse((await run("segments", "--json")).out) as SegmentGroupItem[];
    expect(items.map(({ group, kind, problem }) => [group, kind, problem])).toEqual([
      ["carrier", "by", null],
      ["carrier,dest", "by", null],
      ["distance", "by", null],
      ["long-haul", "where", null],
    ]);
    const counts = items[0]?.segments.slice(0, -2).map(({ rows }) => rows) ?? [];
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(
      items[2]?.segments
        .map(({ segment }) => segment)
        .slice(0, 3)
        .sort(),
    ).toEqual(["500<distance<=1000", "distance<=500", "distance>1000"]);
  });

  it("takes the loss of accuracy apart as the rows say", async () => {
    const found = await explained("--metric", "accuracy");
    const { reference, current, isRight } = sides();
    const mean = (rows: readonly FlightRow[]) => rows.filter(isRight).length / rows.length;
    const change = mean(current) - mean(reference);
    expect(change).toBeLessThan(-0.05);
    expect(found.change).toBeCloseTo(change, 12);
    for (const { change: sum, segments } of found.groups) {
      expect(sum).toBeCloseTo(change, 12);
      expect(segments.reduce((total, { contribution }) => total + contribution, 0)).toBeCloseTo(change, 12);
      // What adds most to the loss stands first.
      expect(segments.map(({ contribution }) => contribution)).toEqual(
        segments.map(({ contribution }) => contribution).sort((a, b) => a - b),
      );
    }
    const middle = (mean(current) + mean(reference)) / 2;
    for (const carrier of ["DL", "MQ"]) {
      const [then, now] = [reference, current].map((rows) => rows.filter(({ features }) => features.carrier === carrier)) as [
        FlightRow[],
        FlightRow[],
      ];
      const shares = [then.length / reference.length, now.length / current.length] as const;
      const told = found.groups[0]?.segments.find(({ segment }) => segment === `carrier=${carrier}`);
      expect(told?.rows).toEqual({ reference: then.length, current: now.length });
      expect(told?.value.current).toBeCloseTo(mean(now), 12);
      expect(told?.within).toBeCloseTo(((shares[0] + shares[1]) / 2) * (mean(now) - mean(then)), 12);
      expect(told?.mix).toBeCloseTo((shares[1] - shares[0]) * ((mean(then) + mean(now)) / 2 - middle), 12);
    }
    const long = found.groups[3]?.segments.find(({ segment }) => segment === "long-haul");
    const isLong = ({ features }: FlightRow) => Number(features.distance) > 1_000 && features.carrier !== "DL";
    expect(long?.rows).toEqual({ reference: reference.filter(isLong).length, current: current.filter(isLong).length });
  });

  it("shows it in tables", async () => {
    const { code, out, err } = await run("segments", ...SPAN, "--metric", "accuracy");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^flight-delay, version 2013-q1, .* against training: accuracy changed by -0\.\d+$/m);
    expect(out).toMatch(/^SEGMENT +ADDS +OF IT +OF ROWS +BY MIX +WITHIN +BEFORE +NOW +ROWS +P$/m);
    expect(out).toMatch(/^carrier=[A-Z0-9]{2} +-0\.\d+ +\d/m);
    expect(out).toMatch(/^not long-haul /m);
  });

  it("does the same for what is in a feature, and says when there is nothing to take apart", async () => {
    const temperature = await explained("--feature", "temp");
    expect(temperature.metric).toBe("total_variation");
    for (const { change, segments } of temperature.groups) {
      expect(change).toBeCloseTo(temperature.change ?? Number.NaN, 12);
      expect(segments.reduce((total, { contribution }) => total + contribution, 0)).toBeCloseTo(change, 12);
    }
    const shown = await run("segments", ...SPAN, "--feature", "temp");
    expect(shown.out).toMatch(
      /^flight-delay, .* against training: temp: \d+(\.\d+)?% of rows lie in other bins \(total variation distance\)$/m,
    );
    expect(shown.out).toMatch(/^SEGMENT +ADDS +OF IT +OF ROWS +BY MIX +WITHIN +ROWS +P$/m);
    const nothing = await run("segments", ...SPAN, "--metric", "f1");
    expect(nothing).toMatchObject({ code: 0, out: "" });
    expect(nothing.err).toMatch(/no mean over rows/);
  });

  it("shows drift and performance of one segment, or of each", async () => {
    const span = ["--version", VERSION, "--from", "2013-04-22", "--to", "2013-04-29", "--baseline", "training"];
    const one = await run("performance", ...span, "--segment", "carrier=DL", "--metric", "accuracy");
    expect(one.out).toMatch(/^flight-delay, .*segment carrier=DL/m);
    const { current } = sides();
    const rows = current.filter(({ features }) => features.carrier === "DL").length;
    expect(one.out).toContain(rows.toLocaleString("en-US"));
    const each = await run("drift", ...span, "--segment", "each", "--feature", "temp");
    expect(each.out).toMatch(/^SEGMENT +SUBJECT/m);
    expect(each.out).toMatch(/^500<distance<=1000 +temp/m);
    const none = await run("drift", ...span, "--segment", "carrier=NOBODY");
    expect(none.err).toMatch(/Nothing is measured/);
  });
});
