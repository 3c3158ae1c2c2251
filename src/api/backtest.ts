import { backtest as backtestSchema, backtestJson } from "./backtest-json.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { text, time } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { readBody } from "./read-body.ts";
import { route, type Route } from "./route.ts";

const BODY_BYTES = 1024 * 1024;

const EXAMPLE = `rules:
  - name: accuracy-drop
    measure: {metric: accuracy, window: 7d, every: 1d, baseline: training}
    fire: {drop: 0.05, confidence: 0.999}
`;

/** What rules would have done with what is stored. */
export function backtestRoutes({ models, backtest }: Pick<ApiDependencies, "models" | "backtest">): Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/backtest",
      tag: "Alerts",
      summary: "What proposed rules would have made of the stored history, beside the configured rules of the same names.",
      description: "Nothing is stored and nobody is told. The body is a file of rules; without one, the configured rules are played.",
      scope: "read",
      query: {
        model: text("Of this model only.").optional(),
        from: time("Begin of the stretch, in event time."),
        to: time("Its end."),
      },
      body: { "application/yaml": { schema: { type: "string" }, example: EXAMPLE } },
      answers: { "application/json": backtestSchema },
      problems: [404, 413],
      handle: async ({ request, query: { model, from, to } }) => {
        if (from >= to) throw new Problem(400, "The stretch would end before it begins.", "Choose a from before to.");
        if (model !== undefined) modelNamed(models, model);
        const rules = (await readBody(request, BODY_BYTES)).toString("utf8");
        const { courses } = await backtest({ rules: rules.trim() === "" ? null : rules, model: model ?? null, window: { from, to } });
        return backtestJson({ window: { from, to }, courses });
      },
    }),
  ];
}
