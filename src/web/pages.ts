import { Hono } from "hono";
import type { LabelKey, SubjectKey } from "../model/grid.ts";
import { parseTime } from "../model/time.ts";
import { html, type Markup } from "../report/markup.ts";
import { alertPage } from "./alert-page.ts";
import type { PageDependencies } from "./dependencies.ts";
import { homePage } from "./home-page.ts";
import { ICON, ICON_PATH, page, STYLE, STYLE_PATH, type Crumb } from "./layout.ts";
import { modelPage } from "./model-page.ts";
import { retrainPage } from "./retrain-page.ts";
import { subjectPage } from "./subject-page.ts";
import { trafficPage } from "./traffic-page.ts";

export type Shown = { readonly title: string; readonly crumbs: readonly Crumb[]; readonly body: Markup };

const KEPT = { "cache-control": "public, max-age=31536000, immutable" };

/** The pages people see: made on the server, without a script. */
export function createPages(dependencies: PageDependencies): Hono {
  const links = [...(dependencies.extra?.links ?? []), { href: "/docs", text: "API" }];
  const app = new Hono();

  app.get(STYLE_PATH, () => new Response(STYLE, { headers: { "content-type": "text/css; charset=utf-8", ...KEPT } }));
  app.get(ICON_PATH, () => new Response(ICON, { headers: { "content-type": "image/svg+xml", ...KEPT } }));

  const show = (shown: Shown | null): Response =>
    shown === null
      ? respond(
          404,
          page({
            title: "Not found",
            crumbs: [],
            links,
            body: html`<h1>There is nothing here</h1><p class="lead">It may have been renamed, or never sent an event. <a href="/">All models</a></p>`,
          }),
        )
      : respond(200, page({ ...shown, links }));

  app.get("/", async () => show(await homePage(dependencies)));
  app.get("/models/:model", async (c) => {
    const model = dependencies.models.get(c.req.param("model"));
    return show(
      model ? await modelPage(dependencies, model, { version: c.req.query("version"), all: c.req.query("all") !== undefined }) : null,
    );
  });
  const subject =
    (kind: "feature" | "output") =>
    async (
      modelName: string,
      name: string | undefined,
      query: { version: string | undefined; to: string | undefined; baseline: string | undefined },
    ) => {
      const model = dependencies.models.get(modelName);
      if (!model || name === undefined) return show(null);
      const window = { version: query.version, to: query.to === undefined ? null : parseTime(query.to), baseline: query.baseline };
      if (kind === "output" && name === "traffic") return show(await trafficPage(dependencies, model, window));
      if (kind === "feature") return show(await subjectPage(dependencies, model, { subject: "feature", feature: name }, window));
      const output = (["prediction", "score", "label"] as const).find((one) => one === name);
      return show(output ? await subjectPage(dependencies, model, outputKey(output), window) : null);
    };
  const chosen = (query: Record<string, string>) => ({ version: query.version, to: query.to, baseline: query.baseline });
  app.get("/models/:model/features", (c) => subject("feature")(c.req.param("model"), c.req.query("name"), chosen(c.req.query())));
  app.get("/models/:model/features/:feature", (c) =>
    subject("feature")(c.req.param("model"), c.req.param("feature"), chosen(c.req.query())),
  );
  app.get("/models/:model/outputs/:output", (c) => subject("output")(c.req.param("model"), c.req.param("output"), chosen(c.req.query())));
  app.get("/retrains/:id", async (c) => show(await retrainPage(dependencies, c.req.param("id"))));
  app.get("/alerts/:id", async (c) => show(await alertPage(dependencies, c.req.param("id"))));
  return app;
}

function outputKey(subject: "prediction" | "score" | "label"): SubjectKey | LabelKey {
  return subject === "label" ? { subject, feature: "" } : { subject, feature: "" };
}

function respond(status: number, text: string): Response {
  return new Response(text, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}
