import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { insertAcknowledgement, insertSilence } from "../../src/store/silences.ts";
import { insertRetrainRuns, insertRetrainSteps } from "../../src/store/retrain-runs.ts";
import type { Store } from "../../src/store/store.ts";
import { openTemporaryStore } from "../alerting/examples.ts";
import { apiOver } from "../support/api.ts";
import { CALM_FACTS, exampleRun } from "../support/retraining.ts";
import { SEED_START, seedModel, seedStore } from "../support/seed.ts";

let store: Store;
let remove: () => Promise<void>;
let app: ReturnType<typeof apiOver>["app"];
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
  await seedStore(store);
  app = apiOver(store, [seedModel(), { ...seedModel(), name: "it's new" }]).app;
});
afterAll(() => remove());

const text = async (path: string) => (await app.request(path)).text();

describe("pages", () => {
  it("at a glance: alerts, accuracy with its interval and coverage, watermark", async () => {
    const home = await text("/");
    expect(home).toContain("2 alerts are firing");
    expect(home).toMatch(/8\d\.?\d*%<small>[\d.]+% to [\d.]+%; [\d.]+% labelled/);
    expect(home).toContain("30 Aug 2013");
  });

  it("say what to send when nothing has arrived, in a line a shell takes", async () => {
    const page = await text("/models/it's%20new");
    expect(page).toContain("curl -X POST");
    expect(page).toContain("it&#39;\\&#39;&#39;s new");
  });

  it("draw a model's drift with links to the subjects, worst first", async () => {
    const page = await text("/models/flight-delay");
    expect(page).toContain('href="/models/flight-delay/features/temp?version=2013-q1&amp;to=2013-08-14T00%3A00%3A00Z"');
    expect(page.indexOf("features/temp")).toBeLessThan(page.indexOf("features/origin"));
    expect(page).toMatch(/class="h-5"/);
    expect(page).toMatch(/class="h-few"/);
    expect(page).toContain("Within the cooldown");
  });

  it("show a subject's two distributions and its statistics", async () => {
    const page = await text("/models/flight-delay/features/carrier?version=2013-q1&to=2013-08-12T00:00:00Z");
    expect(page).toContain("11 Aug 2013");
    expect(page).toContain("20% → 39.1%");
    expect(page).toContain("38 windows of the baseline");
    expect(await text("/models/flight-delay/features/temp?version=2013-q1&to=2013-07-18T00:00:00Z")).toContain("too few rows");
    expect(await text("/models/flight-delay/features/never")).toContain("Nothing of this name was measured");
  });

  it("tell a retraining in full, and what to do next", async () => {
    expect(await text("/models/flight-delay")).toContain('href="/retrains/run-2"');
    expect(await text("/retrains/run-2")).toContain("Within the cooldown of 24h");
    await insertRetrainRuns(store, [
      exampleRun({
        id: "run-3",
        at: SEED_START,
        model: "flight-delay",
        state: "waiting_for_approval",
        reason: "<b>It waits.</b>",
        facts: { ...CALM_FACTS, behind: null, broken: ["temp: unit"], newLabels: 1_234 },
      }),
    ]);
    await insertRetrainSteps(store, [
      {
        model: "flight-delay",
        run: "run-3",
        sequence: 1,
        state: "waiting_for_approval",
        detail: "<i>asked</i>",
        by: "ann",
        at: SEED_START,
      },
    ]);
    const page = await text("/retrains/run-3");
    for (const words of ["&lt;b&gt;It waits.", "driftwatch retrain approve run-3", "temp: unit", "1,234", "&lt;i&gt;asked", "ann"])
      expect(page).toContain(words);
    expect(page).not.toMatch(/<[bi]>/);
    expect((await app.request("/retrains/none")).status).toBe(404);
  });

  it("tell an alert in full", async () => {
    const page = await text("/alerts/a-visib");
    for (const words of [
      "back to what training",
      "When it began:",
      "accepted by the mail server",
      "driftwatch drift",
      "recovering",
      "corrected for 8 subjects",
    ])
      expect(page).toContain(words);
  });

  it("tell of an alert what moved with it, what kind of change it is, how to look deeper, and who has it", async () => {
    const match = { model: null, rule: null, version: null, segment: null, subject: "temp", severity: null };
    await insertSilence(store, { id: "s", match, from: 0, to: 4e12, by: "<i>ada", comment: "known", createdAt: 0 }, 0);
    expect(await text("/alerts/a-temp")).toContain("<pre>driftwatch ack a-temp</pre>");
    await insertAcknowledgement(store, { alertId: "a-temp", by: "bob", comment: "on it", at: 0 });
    const page = await text("/alerts/a-temp");
    for (const words of [
      "This looks like a broken feed",
      "Moved in the same window: dep_delay",
      "SELECT time, value, expected, p_value",
      "/v1/models/flight-delay/report?format=html",
      "bob has taken it up: on it.",
      "Silenced by &lt;i&gt;ada until",
    ])
      expect(page).toContain(words);
    expect(page).not.toContain("driftwatch ack");
  });

  it.each(["/models/none", "/alerts/none", "/models/flight-delay/outputs/else"])("answer 404 at %s with a page", async (path) => {
    const answer = await app.request(path);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("There is nothing here");
  });

  it("keep their stylesheet by its content, and need no script", async () => {
    const home = await text("/");
    const style = /href="(\/assets\/[0-9a-f]+\.css)"/.exec(home)?.[1] ?? "";
    const answer = await app.request(style);
    expect(answer.headers.get("content-type")).toContain("text/css");
    expect(answer.headers.get("cache-control")).toContain("immutable");
    expect(home).not.toContain("<script");
  });
});
