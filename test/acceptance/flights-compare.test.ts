import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ComparedMetric } from "../../src/model/comparison.ts";
import { cli } from "../cli/terminal.ts";
import { connectionAt } from "../support/connections.ts";
import { FLIGHTS } from "../support/flight-app.ts";
import { FLIGHT_MODEL, flightsAsTheyWere, NO_RULES, openFlights } from "../support/flights.ts";
import { serveApp } from "../support/serve-app.ts";

/**
 * The two versions of the flights' model against each other, by command and by HTTP, beside the answers of
 * `test/oracle/compare_oracle.py` (SciPy and statsmodels on the raw rows).
 *
 * Areas come from score bins there and from raw scores here, so these may differ a little; all else by rounding only.
 */

type Interval = readonly [number, number];
type FurtherRows = Readonly<Record<"at_observed" | "at_margin" | "at_most", number | null>>;
type OracleMetric = {
  readonly metric: ComparedMetric;
  readonly champion: number;
  readonly challenger: number;
  readonly difference: number;
  readonly sequence: Interval;
  readonly log_e: number;
  readonly p_value: number;
  readonly one_look: { readonly p_value: number; readonly ci: Interval };
  readonly verdict: string;
  readonly last_hour: string | null;
  readonly holds_now: boolean;
  readonly further_rows: FurtherRows | null;
};
type Answer = {
  readonly metrics: readonly (Omit<OracleMetric, "log_e" | "last_hour" | "holds_now" | "further_rows"> & {
    readonly e_value: number;
    readonly one_look: { readonly test: string; readonly valid_for: string };
    readonly verdict_since: string | null;
    readonly verdict_holds_now: boolean;
    readonly further_rows: FurtherRows;
  })[];
};

const oracle = JSON.parse(readFileSync(new URL("../oracle/compare-oracle.json", import.meta.url), "utf8")) as {
  readonly hours: number;
  readonly looks: number;
  readonly first_hour: string;
  readonly last_hour: string;
  readonly predictions: Readonly<Record<string, number>>;
  readonly labelled: Readonly<Record<string, number>>;
  readonly only: readonly [number, number];
  readonly metrics: readonly OracleMetric[];
};
const [CHAMPION, CHALLENGER] = ["2013-q1", "2013-h1"];
const PATH = `/v1/models/${FLIGHT_MODEL}/compare`;
const TABLE = ["compare", "--champion", CHAMPION, "--challenger", CHALLENGER, "-c", join(FLIGHTS, "driftwatch.yaml")] as const;

let close: () => Promise<void> = async () => {};
let url = "";
let answer: Answer;

beforeAll(async () => {
  const { store } = await flightsAsTheyWere();
  const app = await openFlights(store, NO_RULES);
  close = () => app.stop();
  const server = await serveApp(app);
  url = server.url;
  close = async () => {
    await server.close();
    await app.stop();
  };
  answer = (await (await fetch(`${url}${PATH}?a=${CHAMPION}&b=${CHALLENGER}`)).json()) as Answer;
}, 600_000);

afterAll(() => close());

function run(...more: string[]) {
  return cli([...TABLE, ...more], { connect: async () => connectionAt(url) });
}

/** The end of the hour that begins so. */
const endOf = (hour: string) => new Date(Date.parse(`${hour}:00:00Z`) + 3_600_000).toISOString().replace(".000Z", "Z");

describe("the flights' two versions", () => {
  it("are compared in the hours in which both were live, and nowhere else", () => {
    expect(answer).toMatchObject({
      model: FLIGHT_MODEL,
      champion: { version: CHAMPION, predictions: oracle.predictions[CHAMPION], labelled: oracle.labelled[CHAMPION] },
      challenger: { version: CHALLENGER, predictions: oracle.predictions[CHALLENGER], labelled: oracle.labelled[CHALLENGER] },
      status: "ok",
      note: null,
      rows: "independent",
      from: `${oracle.first_hour}:00:00Z`,
      to: endOf(oracle.last_hour),
      buckets: { length: "1h", compared: oracle.hours, waiting: 0, only_champion: oracle.only[0], only_challenger: oracle.only[1] },
      looks: oracle.looks,
    });
    expect(answer.metrics.map(({ metric }) => metric).sort()).toEqual(oracle.metrics.map(({ metric }) => metric).sort());
  });

  it.each(oracle.metrics)("$metric is what SciPy and statsmodels say", (want) => {
    const got = answer.metrics.find(({ metric }) => metric === want.metric);
    if (!got) throw new Error(`There is no ${want.metric}.`);
    const isBinned = want.metric === "roc_auc";
    const close = (value: number | undefined, wanted: number, within = isBinned ? 3e-4 : 1e-9) =>
      expect(Math.abs((value ?? Number.NaN) - wanted), `${value}, not ${wanted}`).toBeLessThanOrEqual(within);
    close(got.champion, want.champion);
    close(got.challenger, want.challenger);
    close(got.difference, want.difference);
    for (const end of [0, 1] as const) {
      close(got.sequence[end], want.sequence[end]);
      close(got.one_look.ci[end], want.one_look.ci[end]);
    }
    close(Math.log(got.e_value), want.log_e, isBinned ? 0.2 : 1e-7);
    close(got.p_value / want.p_value, 1, isBinned ? 0.2 : 1e-7);
    close(got.one_look.p_value / want.one_look.p_value, 1, isBinned ? 0.2 : 1e-7);
    expect(got).toMatchObject({
      status: "ok",
      one_look: { valid_for: "one look" },
      verdict: want.verdict,
      verdict_holds_now: want.holds_now,
    });
    // An area from bins may come to its verdict some looks earlier or later than one from raw scores.
    if (isBinned && want.last_hour !== null) close(Date.parse(got.verdict_since ?? ""), Date.parse(endOf(want.last_hour)), 12 * 3_600_000);
    else expect(got.verdict_since).toBe(want.last_hour === null ? null : endOf(want.last_hour));
    for (const name of ["at_observed", "at_margin", "at_most"] as const)
      close(got.further_rows[name] ?? Number.NaN, want.further_rows?.[name] ?? 0, want.further_rows === null ? 0 : 1);
  });

  it("look different to a test that is meant for one look, where the sequence keeps its word", () => {
    const accuracy = answer.metrics.find(({ metric }) => metric === "accuracy");
    expect(accuracy?.one_look.p_value).toBeLessThan(0.05);
    expect(accuracy?.p_value).toBeGreaterThan(0.05);
    expect(accuracy?.verdict).toBe("not_yet");
  });

  it("are told by the command: as a table, and as the API's own answer", async () => {
    expect(JSON.parse((await run("--json")).out)).toEqual(answer);
    const { code, out, err } = await run();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = out.split("\n");
    expect(lines[0]).toBe(
      `${FLIGHT_MODEL}: challenger ${CHALLENGER} against champion ${CHAMPION}, 1 Jul 2013 00:00 UTC to 1 Oct 2013 00:00 UTC`,
    );
    expect(lines[1]).toContain(`${oracle.hours.toLocaleString("en-US")} buckets of 1h in which both were live`);
    expect(out).toMatch(
      /^accuracy +0\.903 +0\.912 +0\.00887 +-0\.00221 to 0\.0199 +5\.1 +0\.12 +0\.014 .* not yet: 14,000 further predictions/m,
    );
    expect(out).toMatch(/^roc_auc .* better, since 2013-08-28 \d\d:00$/m);
    expect(out).toContain("hold at every look");
    expect(out).not.toContain("same traffic");
  });

  it("are the two seen last where none is named; one metric and another margin are asked for by name", async () => {
    const { metrics, ...unnamed } = (await (await fetch(`${url}${PATH}?metric=prevalence&margin=0.05`)).json()) as Answer;
    expect(unnamed).toMatchObject({ champion: { version: CHAMPION }, challenger: { version: CHALLENGER }, margin: 0.05 });
    expect(metrics).toEqual([expect.objectContaining({ metric: "prevalence", verdict: "no_larger_difference" })]);
    expect((await run("--metric", "prevalence", "--margin", "0.05")).out).toMatch(
      /^prevalence .* no difference larger than 0\.05, since 2013-07-\d\d \d\d:00$/m,
    );
  });
});
