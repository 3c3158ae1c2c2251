import { describe, expect, it, onTestFinished } from "vitest";
import { createApp, type App } from "../../src/app.ts";
import { silentLog } from "../../src/log.ts";
import type { HttpSettings } from "../../src/model/settings.ts";
import { captured, configOf, fixture } from "../ingest/adapters/reading.ts";
import { parseExposition, valueOf } from "../support/exposition.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { serveApp } from "../support/serve-app.ts";
import { storedPredictions } from "../support/stored.ts";

const KSERVE = "kserve: {type: cloudevents, services: {sklearn-iris: {feature_names: [a, b, c, d]}}}";
const BENTO =
  "bento: {type: mapped, preset: bentoml, model: iris, version: v1, time: {timezone: UTC}, prediction: pred, features: {except: [score, proba]}}";

/** The whole program on a store and a port of its own. */
async function serve(adapters: string, http: Partial<HttpSettings> = {}): Promise<{ app: App; url: string }> {
  const config = configOf(adapters);
  const app = await createApp(
    { ...config, clock: "replay", http: { ...config.http, ...http }, store: { kind: "embedded", path: scratchDirectory() }, rules: [] },
    { log: silentLog, sources: [], tickEvery: null },
  );
  onTestFinished(() => app.stop());
  await app.start();
  const { url, close } = await serveApp(app);
  onTestFinished(close);
  return { app, url };
}

/** Sends what was captured, with the headers it came with. */
function resend(url: string, name: string, headers: Record<string, string> = {}, query = "") {
  const { headers: told, bytes } = captured(name);
  const kept = [...(told ?? [])].filter(([header]) => header.startsWith("ce-") || header === "content-type");
  const body = Buffer.from(bytes ?? []);
  return fetch(`${url}/v1/cloudevents${query}`, { method: "POST", headers: { ...Object.fromEntries(kept), ...headers }, body });
}

const stored = async (app: App) =>
  (await storedPredictions(app.store, app.config.models.get("sklearn-iris"))).map(({ id, answer, features }) => ({
    id,
    y: answer,
    a: features["a"],
  }));

describe("/v1/cloudevents", () => {
  it("takes what KServe's agent sends, in any order, and answers 200 to all of it", async () => {
    const { app, url } = await serve(KSERVE);
    const names = [
      "08-GET-health-request",
      "06-v2-response",
      "02-v1-response",
      "07-v1-request-rejected-404-no-response-follows",
      "05-v2-request",
      "01-v1-request",
    ];
    for (const name of names) {
      const response = await resend(url, name);
      // The agent logs anything but 200 as an error, 202 too.
      expect([name, response.status]).toEqual([name, 200]);
      expect(await response.json()).toEqual({ accepted: name.startsWith("08") ? 0 : 1, rejected: [] });
    }
    expect(await stored(app)).toEqual([
      { id: "b943f10c-e883-41db-af39-9431f076b20e#0/2", y: 10.2, a: 5.1 },
      { id: "b943f10c-e883-41db-af39-9431f076b20e#1/2", y: 17.3, a: 6.2 },
      { id: "db2d238d-f3bf-4d64-b325-7b6970e22ef3", y: 10.2, a: 5.1 },
    ]);
    const scrape = parseExposition((await app.metrics.scrape()).text);
    expect(valueOf(scrape, "driftwatch_events_ignored_total", { reason: "health_check" })).toBe(1);
    expect(valueOf(scrape, "driftwatch_events_halves_total", { side: "request" })).toBe(3);
  });

  it("counts the request that was rejected once its time is over", async () => {
    const { app, url } = await serve(KSERVE);
    for (const name of ["01-v1-request", "02-v1-response", "07-v1-request-rejected-404-no-response-follows"]) await resend(url, name);
    await resend(url, "05-v2-request", { "ce-time": "2026-11-21T04:10:00Z" });
    await app.tick();
    const scrape = parseExposition((await app.metrics.scrape()).text);
    expect(["request", "response"].map((side) => valueOf(scrape, "driftwatch_unpaired_halves", { side }))).toEqual([1, 0]);
  });

  it("takes structured events and batches of them", async () => {
    const { app, url } = await serve(KSERVE);
    const event = (side: string, data: unknown) => ({
      specversion: "1.0",
      id: "s-1",
      source: "/",
      type: `org.kubeflow.serving.inference.${side}`,
      time: "2026-11-21T03:00:00Z",
      inferenceservicename: "sklearn-iris",
      endpoint: "default",
      data,
    });
    const post = (type: string, body: unknown) =>
      fetch(`${url}/v1/cloudevents`, { method: "POST", headers: { "content-type": type }, body: JSON.stringify(body) });
    const [request, response] = [event("request", { instances: [[1, 2, 3, 4]] }), event("response", { predictions: [7] })];
    expect(await (await post("application/cloudevents+json; charset=utf-8", request)).json()).toEqual({ accepted: 1, rejected: [] });
    expect(await (await post("application/cloudevents-batch+json", [response, { ...response, type: "other" }, request])).json()).toEqual({
      accepted: 2,
      rejected: [{ index: 1, reason: "unknown_type", message: expect.stringContaining("expected one such as") as string }],
    });
    expect(await stored(app)).toEqual([{ id: "s-1", y: 7, a: 1 }]);
  });

  it("says 200 to what it cannot take as well, with the reason, and keeps a dead letter", async () => {
    const { url } = await serve(KSERVE);
    const response = await resend(url, "01-v1-request", { "ce-inferenceservicename": "nobody" });
    expect([response.status, await response.json()]).toEqual([
      200,
      { accepted: 0, rejected: [{ index: 0, reason: "unregistered_model", message: expect.stringContaining('"nobody"') as string }] },
    ]);
    const letters = (await (await fetch(`${url}/v1/dead-letters`)).json()) as { items: { reason: string; payload: string }[] };
    expect(letters.items).toMatchObject([{ reason: "unregistered_model", payload: expect.stringContaining("instances") as string }]);
  });

  it("goes by the adapter that is named, configured, or the only one", async () => {
    const { url } = await serve(`${KSERVE}\n${KSERVE.replace("kserve:", "other:")}\n${BENTO}`);
    const problem = async (response: Response) => [response.status, ((await response.json()) as { hint: string }).hint];
    expect(await problem(await resend(url, "01-v1-request"))).toEqual([400, "Name one with ?adapter=: “kserve”, “other”."]);
    expect(await problem(await resend(url, "01-v1-request", {}, "?adapter=bento"))).toEqual([
      400,
      "Name one with ?adapter=: “kserve”, “other”.",
    ]);
    expect((await resend(url, "01-v1-request", {}, "?adapter=other")).status).toBe(200);
  });

  it("without an adapter says what to configure", async () => {
    const { url } = await serve("{}".replace("{}", BENTO));
    const response = await resend(url, "01-v1-request");
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ hint: "Configure one of type cloudevents under adapters." }),
    ]);
  });

  it("takes the token as the password of its URL, from CloudEvents only", async () => {
    const { url } = await serve(KSERVE, { tokens: [{ name: "kserve", token: "t-ingest", scopes: ["ingest"] }] });
    const basic = { authorization: `Basic ${Buffer.from("kserve:t-ingest").toString("base64")}` };
    expect((await resend(url, "01-v1-request")).status).toBe(401);
    expect((await resend(url, "01-v1-request", basic)).status).toBe(200);
    // What a form on another site could send: no header of its own, and one of three types.
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
      expect(
        (await fetch(`${url}/v1/cloudevents`, { method: "POST", headers: { ...basic, "content-type": type }, body: "{}" })).status,
      ).toBe(401);
    expect(
      (
        await fetch(`${url}/v1/events`, {
          method: "POST",
          headers: { ...basic, "ce-type": "x", "content-type": "application/json" },
          body: "{}",
        })
      ).status,
    ).toBe(401);
  });
});

describe("/v1/events?adapter=", () => {
  it("takes another system's lines", async () => {
    const { app, url } = await serve(BENTO);
    const body = `${fixture("bentoml/schema.json")}${fixture("bentoml/data.jsonl")}`;
    const post = (query: string) =>
      fetch(`${url}/v1/events${query}`, { method: "POST", headers: { "content-type": "application/x-ndjson" }, body });
    expect(await (await post("?adapter=bento")).json()).toEqual({ accepted: 3, rejected: [] });
    expect((await storedPredictions(app.store, app.config.models.get("iris"))).map(({ version }) => version)).toEqual(["v1", "v1", "v1"]);
    expect((await post("?adapter=none")).status).toBe(400);
  });
});
