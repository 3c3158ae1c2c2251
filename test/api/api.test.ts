import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type * as z from "zod";
import { apiRoutes } from "../../src/api/api.ts";
import { pathNames } from "../../src/api/route.ts";
import { problem } from "../../src/api/problem-json.ts";
import type { HttpSettings } from "../../src/model/settings.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { DAY, formatTime } from "../../src/model/time.ts";
import { insertMeasurements } from "../../src/store/measurements.ts";
import { insertSilence } from "../../src/store/silences.ts";
import type { Store } from "../../src/store/store.ts";
import { exampleMeasurement, exampleRule, openTemporaryStore } from "../alerting/examples.ts";
import { apiOver } from "../support/api.ts";
import { SEED_START, seedModel, seedStore } from "../support/seed.ts";

const TOKENS: HttpSettings["tokens"] = [
  { name: "serving", token: "t-ingest", scopes: ["ingest"] },
  { name: "people", token: "t-read", scopes: ["read"] },
  { name: "operators", token: "t-operate", scopes: ["operate"] },
];
let store: Store;
let remove: () => Promise<void>;
let api: ReturnType<typeof apiOver>;
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
  await seedStore(store);
  const match = { model: "flight-delay", rule: null, version: null, segment: null, subject: "nothing", severity: null };
  await insertSilence(store, { id: "a-temp", match, from: 0, to: DAY, by: "ada", comment: "", createdAt: 0 }, 0);
  api = apiOver(store, [seedModel()], { rules: [exampleRule(), exampleRule({ name: "second" })] });
});
afterAll(() => remove());

/** A path that answers, and a body where one is due. */
function example(route: { method: string; path: string }): [string, { method?: string; headers?: Record<string, string>; body?: string }] {
  const path = route.path.replace("{model}", "flight-delay").replace("{id}", route.path.startsWith("/v1/retrains") ? "run-1" : "a-temp");
  if (path === "/v1/backtest") return [`${path}?from=2013-07-01&to=2013-07-02`, { method: "POST" }];
  if (path === "/v1/retrains" && route.method === "POST") return [`${path}?model=flight-delay&key=k`, { method: "POST" }];
  if (path.endsWith("/outcome")) return [path, { method: "POST", body: '{"outcome":"succeeded"}' }];
  if (path === "/v1/silences" && route.method === "POST") return [`${path}?model=flight-delay&for=1h`, { method: "POST" }];
  return [path, route.method === "GET" ? {} : { method: route.method, headers: { "content-type": "application/json" }, body: "[]" }];
}

async function expectProblem(answer: Response, status: number): Promise<z.output<typeof problem>> {
  const body: unknown = await answer.json();
  expect([answer.status, body]).toEqual([status, expect.anything()]);
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
  const parsed = problem.parse(body);
  expect(parsed).toMatchObject({ status, hint: expect.stringMatching(/.{5}/) });
  return parsed;
}

describe("the OpenAPI document", () => {
  it("holds every route, and every route answers as documented", async () => {
    const document = (await (await api.app.request("/openapi.json")).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; parameters: { name: string; in: string }[] }>>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toBe("3.1.0");
    const routes = apiRoutes(api.dependencies);
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(routes.map((route) => `${route.method} ${route.path}`).sort());
    const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId));
    expect(new Set(ids).size).toBe(ids.length);
    for (const reference of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g))
      expect(Object.keys(document.components.schemas)).toContain(reference[1]?.replace("#/components/schemas/", ""));
    for (const route of routes) {
      const [path, init] = example(route);
      const answer = await api.app.request(path, init);
      expect([path, answer.status]).toEqual([path, 200]);
      const type = answer.headers.get("content-type")?.split(";")[0] ?? "";
      const schema = route.answers[type];
      expect([path, type, schema]).toEqual([path, type, expect.anything()]);
      schema?.parse(type === "application/json" ? await answer.json() : await answer.text());
      const names = document.paths[route.path]?.[route.method.toLowerCase()]?.parameters.map((one) => one.name);
      expect(names).toEqual([...pathNames(route.path), ...Object.keys(route.query)]);
    }
  });

  it("is read as a page, without a script", async () => {
    const page = await (await api.app.request("/docs")).text();
    expect(page).toContain("/v1/models/{model}/drift");
    expect(page).not.toContain("<script");
  });
});

describe("measurements", () => {
  it("look as the design shows one", async () => {
    const { items } = (await (
      await api.app.request("/v1/models/flight-delay/drift?feature=temp&metric=psi&limit=1&version=2013-q1")
    ).json()) as { items: unknown[] };
    expect(items).toEqual([
      expect.objectContaining({
        model: "flight-delay",
        version: "2013-q1",
        segment: null,
        subject: "feature",
        feature: "temp",
        baseline: "training",
        metric: "psi",
        from: "2013-08-16T00:00:00Z",
        to: "2013-08-17T00:00:00Z",
        rows: { reference: 20_000, current: expect.any(Number) },
        labelled: null,
        ci: null,
        status: "ok",
        evidence: "baseline_windows",
        revision: 1,
      }),
    ]);
  });

  it.each([
    ["status=insufficient", 21],
    ["status=insufficient&subject=score", 3],
    ["from=2013-07-10&to=2013-07-12&metric=wasserstein", 12],
    ["window=7d", 0],
    ["baseline=recent", 0],
    ["feature=score", 0],
  ])("are filtered by %s", async (query, expected) => {
    const { items } = (await (await api.app.request(`/v1/models/flight-delay/drift?limit=1000&${query}`)).json()) as { items: unknown[] };
    expect(items).toHaveLength(expected);
  });

  it("are measured on the spot when asked, for whole buckets, against file baselines", async () => {
    const measure = vi.fn(async () => [
      exampleMeasurement({}),
      exampleMeasurement({ feature: "temp" }),
      exampleMeasurement({ metric: "missing_rate" }),
    ]);
    const { app } = apiOver(store, [seedModel()], { measure });
    const from = formatTime(SEED_START);
    const answer = await app.request(
      `/v1/models/flight-delay/drift?compute=true&from=${from}&to=${formatTime(SEED_START + DAY)}&feature=temp`,
    );
    expect(((await answer.json()) as { items: unknown[] }).items).toHaveLength(1);
    expect(measure).toHaveBeenCalledWith({
      model: "flight-delay",
      window: { from: SEED_START, to: SEED_START + DAY },
      baselines: ["training"],
      families: ["drift"],
      only: { subject: undefined, feature: "temp" },
    });
    for (const query of [
      `from=${from}`,
      `from=${from}&to=2013-07-01T10:30:00Z`,
      `from=${from}&to=2015-07-01`,
      `from=${from}&to=2013-07-02&limit=5`,
      `from=${from}&to=2013-07-02&baseline=none`,
      `from=2013-07-02&to=${from}`,
    ])
      await expectProblem(await app.request(`/v1/models/flight-delay/drift?compute=true&${query}`), 400);
    expect(measure).toHaveBeenCalledTimes(1);
  });

  it("are of all rows together, unless a segment is named, or each", async () => {
    const measure = vi.fn(async () => []);
    const { app } = apiOver(store, [seedModel()], { measure });
    const span = `compute=true&from=${formatTime(SEED_START)}&to=${formatTime(SEED_START + DAY)}`;
    for (const segment of ["", "&segment=carrier%3DDL", "&segment=each"])
      await app.request(`/v1/models/flight-delay/drift?${span}${segment}`);
    const asked = measure.mock.calls.map((call: readonly unknown[]) => (call[0] as { segments?: unknown }).segments);
    expect(asked).toEqual([undefined, ["carrier=DL"], "each"]);
    await expectProblem(await app.request(`/v1/models/flight-delay/drift?${span}&segment=each&exact=true`), 400);
    const dl = exampleMeasurement({ model: "flight-delay", segment: "carrier=DL", from: SEED_START, to: SEED_START + DAY });
    await insertMeasurements(store, [dl], SEED_START);
    const segmentsOf = async (query: string) => {
      const path = `/v1/models/flight-delay/drift?limit=1000&to=${formatTime(SEED_START + DAY)}${query}`;
      const { items } = (await (await api.app.request(path)).json()) as { items: { segment: string | null }[] };
      return [...new Set(items.map((item) => item.segment))];
    };
    expect(await segmentsOf("")).toEqual([null]);
    expect(await segmentsOf("&segment=carrier%3DDL")).toEqual(["carrier=DL"]);
    expect(await segmentsOf("&segment=each")).toEqual(["carrier=DL"]);
    expect(await segmentsOf("&segment=nobody")).toEqual([]);
  });

  it("have exact values beside them when asked, of rows that can be held", async () => {
    let rows = { reference: 1_000_000, current: 500 };
    const measure = async () => [exampleMeasurement({ rows }), exampleMeasurement({ feature: "temp", rows })];
    const exact = { value: 0.5, bracket: [0.4, 0.6] as const, rows: { reference: 999, current: 500 } };
    const withExactValues = vi.fn(async (_model: string, measurements: readonly Measurement[]) =>
      measurements.map((one) => ({ ...one, detail: { ...one.detail, exact } })),
    );
    const { app } = apiOver(store, [seedModel()], { measure, withExactValues });
    const ask = (query: string) => app.request(`/v1/models/flight-delay/${query}`);
    const span = `compute=true&from=${formatTime(SEED_START)}&to=${formatTime(SEED_START + DAY)}`;
    const { items } = (await (await ask(`drift?${span}&exact=true&feature=temp`)).json()) as { items: { detail: unknown }[] };
    expect(items).toHaveLength(1);
    expect(items[0]?.detail).toMatchObject({ exact: { value: 0.5, bracket: [0.4, 0.6], rows: { reference: 999, current: 500 } } });
    expect(withExactValues).toHaveBeenCalledTimes(1);
    rows = { reference: 1_000_001, current: 500 };
    const refused = await ask(`drift?${span}&exact=true`);
    expect(await refused.clone().json()).toMatchObject({
      detail: expect.stringContaining("1,000,001 rows"),
      hint: expect.stringContaining("shorter window"),
    });
    await expectProblem(refused, 400);
    await expectProblem(await ask("drift?exact=true"), 400);
    await expectProblem(await ask(`quality?${span}&exact=true`), 400);
    expect(withExactValues).toHaveBeenCalledTimes(1);
  });
});

describe("pages of a list", () => {
  const lists = [
    "/v1/models/flight-delay/drift?version=2013-q3",
    "/v1/models/flight-delay/performance?metric=f1",
    "/v1/alerts",
    "/v1/dead-letters",
    "/v1/retrains",
    "/v1/baselines",
    "/v1/rules",
    "/v1/models/flight-delay/versions",
  ];
  it.each(lists)("hold every item of %s once", async (path) => {
    const limit = path.includes("/drift") ? 37 : path.includes("/performance") ? 20 : 2;
    const join = path.includes("?") ? "&" : "?";
    const read = async (query: string) =>
      (await (await api.app.request(`${path}${join}${query}`)).json()) as { items: unknown[]; next_cursor: string | null };
    const whole = await read("limit=1000");
    expect(whole.next_cursor).toBeNull();
    const walked: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: { items: unknown[]; next_cursor: string | null } = await read(
        `limit=${limit}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      expect(page.items.length).toBeLessThanOrEqual(limit);
      walked.push(...page.items);
      cursor = page.next_cursor;
    }
    expect(walked).toEqual(whole.items);
    expect(walked.length).toBeGreaterThan(1);
  });

  it("stay as they are while newer windows arrive", async () => {
    const first = (await (await api.app.request("/v1/models/flight-delay/quality?limit=1")).json()) as { items: unknown[] };
    expect(first.items).toEqual([]);
    const at = (day: number) =>
      exampleMeasurement({ metric: "missing_rate", from: SEED_START + day * DAY, to: SEED_START + (day + 1) * DAY });
    await insertMeasurements(store, [at(1), at(2), at(3)], SEED_START);
    const page = (await (await api.app.request("/v1/models/flight-delay/quality?limit=2")).json()) as {
      items: { from: string }[];
      next_cursor: string;
    };
    await insertMeasurements(store, [at(4), { ...at(2), revision: 5 }], SEED_START);
    const rest = (await (await api.app.request(`/v1/models/flight-delay/quality?limit=2&cursor=${page.next_cursor}`)).json()) as {
      items: { from: string }[];
    };
    expect([...page.items, ...rest.items].map((one) => one.from)).toEqual([3, 2, 1].map((day) => formatTime(SEED_START + day * DAY)));
  });

  it.each([
    "x",
    "W10",
    Buffer.from('["alerts",1]').toString("base64url"),
    Buffer.from('["drift",1,2,3]').toString("base64url"),
    "A".repeat(8_001),
  ])("refuse the cursor %.20s", async (cursor) => {
    const { detail } = await expectProblem(await api.app.request(`/v1/models/flight-delay/drift?cursor=${cursor}`), 400);
    expect(detail).toContain("cursor");
  });
});

describe("problems", () => {
  it.each([
    ["/v1/models/none", 404],
    ["/v1/models/none/drift", 404],
    ["/v1/alerts/none", 404],
    ["/v1/nothing", 404],
    ["/v1/models/%E0%A4%A", 404],
    ["/v1/models/flight-delay/constraints/suggested?baseline=nope", 400],
    ["/v1/models/flight-delay/drift?colour=red", 400],
    ["/v1/models/flight-delay/drift?metric=accuracy", 400],
    ["/v1/models/flight-delay/drift?metric=psi&metric=ks", 400],
    ["/v1/models/flight-delay/performance?metric=recall@1.5", 400],
    ["/v1/models/flight-delay/drift?from=yesterday", 400],
    ["/v1/models/flight-delay/drift?from=2013-07-02&to=2013-07-01", 400],
    ["/v1/models/flight-delay/drift?window=1w", 400],
    ["/v1/models/flight-delay/drift?limit=0", 400],
    ["/v1/models/flight-delay/drift?limit=1001", 400],
    ["/v1/models/flight-delay/drift?compute=yes", 400],
    ["/v1/models?__proto__=1", 400],
    ["/healthz?x=1", 400],
  ])("%s answers %i", async (path, status) => {
    const { detail } = await expectProblem(await api.app.request(path), status);
    expect(detail).not.toMatch(/[\r\n<]/);
  });

  it.each([
    ["POST", "/v1/alerts", "GET, HEAD"],
    ["GET", "/v1/events", "POST"],
    ["DELETE", "/v1/models/flight-delay", "GET, HEAD"],
    ["OPTIONS", "/v1/events", "POST"],
    ["PUT", "/", "GET, HEAD"],
  ])("%s %s answers 405 and says what is allowed", async (method, path, allow) => {
    const answer = await api.app.request(path, { method });
    expect(answer.headers.get("allow")).toBe(allow);
    await expectProblem(answer, 405);
  });

  it("of the daemon itself tell no inside", async () => {
    const { app } = apiOver(store, [seedModel()], { measure: async () => Promise.reject(new Error("secret path /home/x")) });
    const answer = await app.request("/v1/models/flight-delay/drift?compute=true&from=2013-07-01&to=2013-07-02");
    expect((await expectProblem(answer, 500)).detail).not.toContain("secret");
  });

  it("say why it is not ready", async () => {
    const { app } = apiOver(store, [], {
      status: () => ({ ready: false, reasons: ["A baseline is being loaded."], watermarks: new Map(), ingest: {}, sources: [] }),
    });
    const answer = await app.request("/readyz");
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await expectProblem(answer, 503)).toMatchObject({ reasons: ["A baseline is being loaded."] });
  });
});

describe("every answer", () => {
  it.each(["/v1/models", "/", "/nothing", "/docs"])("at %s carries the security headers, and invites no other origin", async (path) => {
    const { headers } = await api.app.request(path, { headers: { origin: "https://evil.example" } });
    expect(headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });

  it("of a report is a page only where one is asked for, under a policy of its own", async () => {
    const get = (query: string, accept: string) => api.app.request(`/v1/models/flight-delay/report${query}`, { headers: { accept } });
    expect((await get("", "*/*")).headers.get("content-type")).toContain("json");
    expect((await get("", "application/json, text/html")).headers.get("content-type")).toContain("json");
    expect((await get("?format=json", "text/html")).headers.get("content-type")).toContain("json");
    const page = await get("", "text/html,application/xhtml+xml");
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'unsafe-inline'/);
  });
});

describe("tokens and scopes", () => {
  it("let each token do what its scopes say, on every route", async () => {
    const { app, dependencies } = apiOver(store, [seedModel()], { tokens: TOKENS });
    const wrong = ["", "Bearer", "Bearer x", "Bearer t-rea", "Bearer t-read2", "t-read", "Basic dDpub3Bl"];
    for (const route of apiRoutes(dependencies)) {
      const [path, init] = example(route);
      const ask = async (authorization: string) =>
        app.request(path, { ...init, headers: { ...init.headers, ...(authorization === "" ? {} : { authorization }) } });
      for (const header of wrong) {
        const answer = await ask(header);
        const expected = route.scope === null ? [200, null] : [401, 'Bearer realm="driftwatch"'];
        expect([path, header, answer.status, answer.headers.get("www-authenticate")]).toEqual([path, header, ...expected]);
      }
      for (const { token, scopes } of TOKENS)
        expect([path, token, (await ask(`Bearer ${token}`)).status]).toEqual([
          path,
          token,
          route.scope === null || scopes.includes(route.scope) ? 200 : 403,
        ]);
      expect((await ask("bearer dw_local")).status).toBe(200);
    }
  });

  it("let a browser read with the token as password, and only read", async () => {
    const { app } = apiOver(store, [seedModel()], { tokens: TOKENS });
    const basic = (token: string) => ({ authorization: `Basic ${Buffer.from(`me:${token}`).toString("base64")}` });
    const asked = await app.request("/", { headers: { accept: "text/html" } });
    expect([asked.status, asked.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="driftwatch", charset="UTF-8"']);
    expect((await app.request("/", { headers: basic("t-read") })).status).toBe(200);
    expect((await app.request("/", { headers: basic("t-ingest") })).status).toBe(403);
    expect(
      (
        await app.request("/v1/events", {
          method: "POST",
          headers: { ...basic("t-ingest"), "content-type": "application/json" },
          body: "[]",
        })
      ).status,
    ).toBe(401);
    expect((await app.request("/assets/icon.svg")).status).toBe(200);
  });

  it("without tokens answer under names of this machine only", async () => {
    for (const host of ["http://localhost/", "http://127.0.0.1:8080/", "http://[::1]:8080/"])
      expect((await api.app.request(host)).status).toBe(200);
    for (const host of ["http://evil.example/v1/models", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/v1/events"])
      await expectProblem(await api.app.request(host), 421);
  });
});
