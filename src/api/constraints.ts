import type { ModelSettings } from "../model/settings.ts";
import { suggestedConstraints, suggestionJson } from "./constraint-json.ts";
import { modelNamed, type ApiDependencies } from "./dependencies.ts";
import { text } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { route, type Route } from "./route.ts";

export function constraintRoutes({ models, suggestConstraints }: Pick<ApiDependencies, "models" | "suggestConstraints">): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/models/{model}/constraints/suggested",
      tag: "Models",
      summary: "Constraints on the features of a model, as one of its baselines suggests them.",
      description:
        "Each with room for what the baseline has not shown, and with the facts it rests on, one entry for each of `sources`. `driftwatch baseline suggest` writes the same down as YAML. Nothing is stored.",
      scope: "read",
      query: { baseline: text("A baseline's name. The first of a file, a period or a stretch when not given.").optional() },
      answers: { "application/json": suggestedConstraints },
      problems: [404],
      handle: async ({ path, query }) => {
        const model = modelNamed(models, path.model ?? "");
        const suggestion = await suggestConstraints(model.name, baselineOf(model, query.baseline));
        if (suggestion === null || suggestion.sources.length === 0)
          throw new Problem(
            400,
            "There are no rows to suggest anything from.",
            "Load a file baseline, or wait for events: a trailing baseline and a period are made of those.",
          );
        return suggestionJson(model.name, suggestion);
      },
    }),
  ];
}

function baselineOf({ baselines }: ModelSettings, named: string | undefined): string {
  const own = baselines.filter(({ kind }) => kind !== "version");
  const found = named === undefined ? (own.find(({ kind }) => kind === "file") ?? own[0]) : own.find(({ name }) => name === named);
  if (found) return found.name;
  throw new Problem(
    400,
    named === undefined
      ? "The model has no baseline with rows of its own."
      : "The model has no baseline of that name with rows of its own.",
    own.length === 0
      ? "Add one under baselines, as in training: {file: reference.ndjson.gz}."
      : `It has ${own.map(({ name }) => name).join(", ")}.`,
  );
}
