import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAY } from "../../src/model/time.ts";
import { readDistribution } from "../../src/report/distribution.ts";
import { reportHtml, reportJson } from "../../src/report/html.ts";
import { html } from "../../src/report/markup.ts";
import { modelReport } from "../../src/report/report.ts";
import type { Store } from "../../src/store/store.ts";
import { readVersions, readVolume } from "../../src/store/versions.ts";
import { openTemporaryStore } from "../alerting/examples.ts";
import { SEED_END, SEED_START, seedModel, seedStore } from "../support/seed.ts";

let store: Store;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
  await seedStore(store);
});
afterAll(() => remove());

describe("versions and volume", () => {
  it("count each row once, whatever the number of subjects", async () => {
    const versions = await readVersions(store, "flight-delay");
    const volume = await readVolume(store, "flight-delay", { from: SEED_START, to: SEED_END }, DAY);
    expect(versions.map((one) => one.version)).toEqual(["2013-q3", "2013-q1"]);
    for (const { version, rows, labelled } of versions) {
      const own = volume.filter((one) => one.version === version);
      expect(own.reduce((sum, one) => sum + one.rows, 0)).toBe(rows);
      expect(own.reduce((sum, one) => sum + one.labelled, 0)).toBe(labelled);
      expect(rows / own.length).toBeGreaterThan(500);
      expect(rows / own.length).toBeLessThan(1_000);
    }
    expect(versions[1]).toMatchObject({ firstSeen: SEED_START + 9 * 3_600_000 });
  });
});

describe("a model's report", () => {
  it("tells what moved, most first", async () => {
    const report = await modelReport({ store, model: seedModel() });
    expect(report.movers.slice(0, 3).map((one) => one.feature)).toEqual(["temp", "visib", "carrier"]);
    expect(report.drift).toMatchObject({ baseline: "training", windowMs: DAY });
    const first = report.drift?.versions.find((one) => one.version === "2013-q1");
    expect(first?.windows).toHaveLength(47);
    expect(first?.subjects[0]?.cells.find((cell) => cell.to === SEED_START + 18 * DAY)).toMatchObject({
      status: "insufficient",
      significant: false,
    });
    expect(report.performance?.series.find((one) => one.metric === "accuracy" && one.version === "2013-q3")?.points).toHaveLength(16);
    expect(report.alerts.map((one) => one.state).sort()).toEqual(["firing", "firing", "resolved"]);
    expect(report.missing.join(" ")).toContain("Labels of the newest window are still expected");
  });

  it("of one version and stretch holds nothing else", async () => {
    const report = await modelReport({
      store,
      model: seedModel(),
      version: "2013-q3",
      from: SEED_START + 50 * DAY,
      to: SEED_START + 52 * DAY,
    });
    expect(report.versions.map((one) => one.version)).toEqual(["2013-q3"]);
    expect(report.drift?.versions[0]?.windows).toHaveLength(2);
    expect(report.volume).toHaveLength(2);
  });

  it("of a model without events says so", async () => {
    const report = await modelReport({ store, model: { ...seedModel(), name: "none" } });
    expect(report.missing).toEqual(["No prediction of this model has been counted yet."]);
    expect(reportHtml(report)).toContain("No prediction of this model");
    expect(() => JSON.stringify(reportJson(report))).not.toThrow();
  });

  it("as a page is one file without scripts, under a policy that allows none", async () => {
    const page = reportHtml(await modelReport({ store, model: seedModel() }));
    expect(page).toContain("default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;");
    expect(page).not.toMatch(/<script|https?:\/\/|<link|href=/);
  });

  it("as JSON has times in RFC 3339 and keys in snake case", async () => {
    const json = JSON.stringify(reportJson(await modelReport({ store, model: seedModel() })));
    expect(json).toContain('"window":{"from":"2013-07-01T00:00:00Z"');
    expect(json).not.toMatch(/"[a-z]+[A-Z]\w*":/);
    expect(json).not.toMatch(/:13[67]\d{10}/);
  });
});

describe("a distribution", () => {
  const window = { from: SEED_START + 40 * DAY, to: SEED_START + 41 * DAY };
  it.each(["temp", "carrier"])("of %s has shares that sum to one on both sides", async (feature) => {
    const found = await readDistribution({
      store,
      model: seedModel(),
      key: { subject: "feature", feature },
      version: "2013-q1",
      window,
      baseline: "training",
    });
    for (const side of ["reference", "current"] as const) expect(found?.bars.reduce((sum, bar) => sum + bar[side], 0)).toBeCloseTo(1, 6);
  });
  it("against a trailing baseline takes the stretch before the window", async () => {
    const found = await readDistribution({
      store,
      model: seedModel(),
      key: { subject: "feature", feature: "temp" },
      version: "2013-q1",
      window,
      baseline: "recent",
    });
    expect(found?.reference.rows).toBeGreaterThan(14 * 500);
  });
  it("is none without a grid, a baseline or rows", async () => {
    const of = (feature: string, baseline: string, version: string) =>
      readDistribution({ store, model: seedModel(), key: { subject: "feature", feature }, version, window, baseline });
    expect(await of("never", "training", "2013-q1")).toBeNull();
    expect(await of("temp", "never", "2013-q1")).toBeNull();
    expect(await of("temp", "training", "never")).toBeNull();
  });
});

describe("markup", () => {
  it("escapes what is not markup, and shows characters that act", () => {
    expect(html`<p title="${`"'<&>`}">${[html`<b>${"<i>"}</b>`, null, false, 0, "a\u202eb\r\u0000\ud800"]}</p>`.text).toBe(
      '<p title="&quot;&#39;&lt;&amp;&gt;"><b>&lt;i&gt;</b>0a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}</p>',
    );
  });
});
