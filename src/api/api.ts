import { Hono } from "hono";
import { StoreError } from "../store/store.ts";
import { alertRoutes } from "./alerts.ts";
import { createAuthorise } from "./authorise.ts";
import { backtestRoutes } from "./backtest.ts";
import { changesRoutes } from "./changes.ts";
import { compareRoutes } from "./compare.ts";
import { constraintRoutes } from "./constraints.ts";
import type { ApiDependencies } from "./dependencies.ts";
import { docsPage, DOCS_ICON, DOCS_STYLE } from "./docs.ts";
import { eventRoutes } from "./events.ts";
import { exportRoutes } from "./export.ts";
import { gridRoutes } from "./grid.ts";
import { heldRoutes } from "./held.ts";
import { document, html } from "./json.ts";
import { measurementRoutes } from "./measurements.ts";
import { modelRoutes } from "./models.ts";
import { openApiDocument } from "./openapi.ts";
import { operationRoutes } from "./operations.ts";
import { Problem, problemResponse, quoted } from "./problem.ts";
import { retrainingRoutes } from "./retraining.ts";
import { retrainRoutes } from "./retrains.ts";
import { route, type Route } from "./route.ts";
import { segmentRoutes } from "./segments.ts";
import { silenceRoutes } from "./silences.ts";

const SECURITY_HEADERS = {
  "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;

/** Every operation there is. */
export function apiRoutes(dependencies: ApiDependencies): Route[] {
  const routes: Route[] = [
    ...eventRoutes(dependencies),
    ...modelRoutes(dependencies),
    ...gridRoutes(dependencies),
    ...constraintRoutes(dependencies),
    ...measurementRoutes(dependencies),
    ...segmentRoutes(dependencies),
    ...compareRoutes(dependencies),
    ...changesRoutes(dependencies),
    ...alertRoutes(dependencies),
    ...backtestRoutes(dependencies),
    ...silenceRoutes(dependencies),
    ...retrainRoutes(dependencies),
    ...retrainingRoutes(dependencies),
    ...exportRoutes(dependencies),
    ...operationRoutes(dependencies),
    ...heldRoutes(dependencies),
  ];
  const describing: Route[] = [
    route({
      method: "GET",
      path: "/openapi.json",
      tag: "Operation",
      summary: "This document.",
      scope: null,
      query: {},
      answers: { "application/json": document },
      handle: () => openApiDocument([...routes, ...describing], dependencies.version),
    }),
    route({
      method: "GET",
      path: "/docs",
      tag: "Operation",
      summary: "The API, to read.",
      scope: null,
      query: {},
      answers: { "text/html": html },
      handle: async () =>
        new Response(String(await docsPage([...routes, ...describing], dependencies.version)), {
          headers: { "content-type": "text/html; charset=utf-8" },
        }),
    }),
  ];
  return [...routes, ...describing];
}

/** The API and, below everything else, the pages. */
export function createApi(dependencies: ApiDependencies): Hono {
  const { log, pages } = dependencies;
  const authorise = createAuthorise(dependencies.tokens, dependencies.localToken);
  const routes = apiRoutes(dependencies);
  const app = new Hono();

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  });

  for (const one of routes) {
    app.on(one.method, one.path.replace(/\{(\w+)\}/g, ":$1"), async (c) => {
      const [request, path] = [c.req.raw, c.req.param()];
      const who = (await one.isKnownOtherwise?.(request, path)) === true ? "the job" : authorise(request, one.scope);
      return one.handle(request, path, who);
    });
  }
  app.get("/docs/style.css", () => new Response(DOCS_STYLE, { headers: { "content-type": "text/css; charset=utf-8" } }));

  app.get("/docs/icon.svg", () => new Response(DOCS_ICON, { headers: { "content-type": "image/svg+xml" } }));

  // What is left is a wrong method, or a page.
  app.use(async (c, next) => {
    authorise(c.req.raw, c.req.path.startsWith("/assets/") ? null : "read");
    const allowed = routes.filter((one) => matches(one.path, c.req.path)).map((one) => one.method);
    if (allowed.length > 0) throw notAllowed(c.req.method, allowed);
    await next();
  });
  if (pages) app.route("/", pages);
  app.use((c) => {
    const isRead = c.req.method === "GET" || c.req.method === "HEAD";
    if (!isRead && pages?.routes.some((one) => one.method === "GET" && matches(one.path.replace(/:(\w+)\??/g, "{$1}"), c.req.path)))
      throw notAllowed(c.req.method, ["GET"]);
    throw notFound(c.req.path);
  });

  app.notFound((c) => problemResponse(notFound(c.req.path)));
  app.onError((error) => {
    if (error instanceof Problem) return problemResponse(error);
    if (error instanceof StoreError) {
      log.error("the store could not answer a request", { error: error.message, retryable: error.retryable });
      return problemResponse(new Problem(503, error.message, error.hint, { headers: { "retry-after": error.retryable ? "5" : "60" } }));
    }
    log.error("a request failed", { error: error.message, stack: error.stack });
    return problemResponse(
      new Problem(
        500,
        "Something went wrong here.",
        "The log of the daemon says what; if this is a mistake of driftwatch, please report it.",
      ),
    );
  });
  return app;
}

function matches(template: string, path: string): boolean {
  const parts = template.split("/");
  const given = path.split("/");
  return (
    parts.length === given.length && parts.every((part, index) => (part.startsWith("{") ? given[index] !== "" : part === given[index]))
  );
}

function notAllowed(method: string, allowed: readonly string[]): Problem {
  const methods = [...new Set(allowed.flatMap((one) => (one === "GET" ? ["GET", "HEAD"] : [one])))].join(", ");
  return new Problem(405, `${quoted(method)} is not possible here.`, `Use ${methods}.`, { headers: { allow: methods } });
}

function notFound(path: string): Problem {
  return new Problem(404, `There is nothing at ${quoted(path)}.`, "/docs lists what there is.");
}
