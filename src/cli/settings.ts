import { existsSync } from "node:fs";
import { didYouMean } from "../model/did-you-mean.ts";
import { loadConfig } from "../config/load.ts";
import type { Problem } from "../config/problem.ts";
import type { Config, ModelSettings } from "../model/settings.ts";
import { shellOption } from "../alerting/words.ts";
import { CliFailure, configFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { EXAMPLE_CONFIG, SHIPPED_ALERTS } from "./paths.ts";

const DEFAULT_FILE = "driftwatch.yaml";

/** The configuration file that was named, or the one that lies here. */
export function configFile(named: string | undefined): string {
  if (named !== undefined) return named;
  if (existsSync(DEFAULT_FILE)) return DEFAULT_FILE;
  throw new CliFailure(
    `There is no ${DEFAULT_FILE} in this directory.`,
    `Start from the example: cp '${EXAMPLE_CONFIG}' . — or name a file with --config FILE. \`driftwatch demo\` needs none.`,
    2,
  );
}

export function loadSettings(io: Io, named: string | undefined): { config: Config; warnings: readonly Problem[] } {
  const loaded = loadConfig({ file: configFile(named), env: io.env, shippedAlerts: SHIPPED_ALERTS });
  if (!loaded.ok) throw configFailure(loaded.problems);
  return loaded;
}

/** The model a command is about: the named one, or the only one there is. */
export function chooseModel(config: Config, named: string | undefined): ModelSettings {
  const names = [...config.models.keys()];
  const model = config.models.get(named ?? (names.length === 1 ? (names[0] ?? "") : ""));
  if (model) return model;
  if (named === undefined)
    throw new CliFailure("Which model?", `Name one of: ${names.map((name) => shellOption("model", name)).join(", ")}`, 2);
  const near = didYouMean(named, names);
  throw new CliFailure(
    `The configuration has no model named ${named}.`,
    near === null ? `It has: ${names.join(", ")}.` : `Did you mean ${near}?`,
    2,
  );
}
