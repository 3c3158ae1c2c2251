import { formatTime } from "../model/time.ts";
import { readAlertPage } from "../store/alert-pages.ts";
import { readVersions } from "../store/versions.ts";
import { pageOfWhole } from "./cursor.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { html, page } from "./json.ts";
import { model, modelInFull, modelJson, report, version, versionJson } from "./model-json.ts";
import { oneOf, pageSize, paging, text, time } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { route, type Route } from "./route.ts";

const REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function modelRoutes(dependencies: Pick<ApiDependencies, "store" | "models" | "status" | "report">): Route[] {
  const { store, models, status } = dependencies;
  return [
    route({
      method: "GET",
      path: "/v1/models",
      tag: "Models",
      summary: "The models that are watched.",
      scope: "read",
      query: { ...paging },
      answers: { "application/json": page(model) },
      handle: ({ query }) => {
        const { watermarks } = status();
        return pageOfWhole("models", [...models.values()], pageSize(query.limit), query.cursor, (one) =>
          modelJson(one, watermarks.get(one.name) ?? null),
        );
      },
    }),
    route({
      method: "GET",
      path: "/v1/models/{model}",
      tag: "Models",
      summary: "One model, its versions and how many of its alerts fire.",
      scope: "read",
      query: {},
      answers: { "application/json": modelInFull },
      problems: [404],
      handle: async ({ path }) => {
        const settings = modelNamed(models, path.model ?? "");
        const versions = await readVersions(store, settings.name);
        const firing = await readAlertPage(store, { model: settings.name, state: "firing" }, 10_000, null);
        return {
          ...modelJson(settings, status().watermarks.get(settings.name) ?? null),
          versions: versions.map(versionJson),
          alerts_firing: firing.length,
        };
      },
    }),
    route({
      method: "GET",
      path: "/v1/models/{model}/versions",
      tag: "Models",
      summary: "The versions of a model that sent predictions, the one seen last first.",
      scope: "read",
      query: { ...paging },
      answers: { "application/json": page(version) },
      problems: [404],
      handle: async ({ path, query }) => {
        const settings = modelNamed(models, path.model ?? "");
        return pageOfWhole("versions", await readVersions(store, settings.name), pageSize(query.limit), query.cursor, versionJson);
      },
    }),
    route({
      method: "GET",
      path: "/v1/models/{model}/report",
      tag: "Models",
      summary: "One model's story: versions, volume, what moved, performance, alerts.",
      description: "As data, or as one self-contained page (format=html, or Accept: text/html).",
      scope: "read",
      query: {
        from: time("Begin of the story.").optional(),
        to: time("End of the story.").optional(),
        version: text("Only this version.").optional(),
        format: oneOf(["json", "html"], "Overrides Accept.").optional(),
      },
      answers: { "application/json": report, "text/html": html },
      problems: [404],
      handle: async ({ request, path, query }) => {
        const settings = modelNamed(models, path.model ?? "");
        if (query.from !== undefined && query.to !== undefined && query.from >= query.to)
          throw new Problem(400, "The report would end before it begins.", `Choose a from before ${formatTime(query.to)}.`);
        const { from, to, version } = query;
        const made = await dependencies.report({
          model: settings,
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
          ...(version === undefined ? {} : { version }),
        });
        const wantsHtml = query.format === undefined ? prefersHtml(request.headers.get("accept") ?? "") : query.format === "html";
        if (!wantsHtml) return Response.json(made.json, { headers: { vary: "accept" } });
        return new Response(made.html(), {
          headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": REPORT_POLICY, vary: "accept" },
        });
      },
    }),
  ];
}

/** Whichever of the two is named first; browsers put HTML first, most programs name neither. */
function prefersHtml(accept: string): boolean {
  const [page, data] = [accept.indexOf("text/html"), accept.indexOf("application/json")];
  return page >= 0 && (data < 0 || page < data);
}
