import { resolve } from "node:path";
import type { LauncherSettings, RegistrySettings, RetrainingSettings } from "../model/settings.ts";
import type { Document } from "./document.ts";
import { LATER_RETRAINING } from "./later.ts";
import type { Path } from "./problem.ts";
import { isMapping, namesAt, readPart, readType, reportUnknownModel, valueAt } from "./read-part.ts";
import { readSecret, type Surroundings } from "./read-secret.ts";
import { registrySchema, retrainingSchemas } from "./retraining-schema.ts";

type Read = { readonly document: Document; readonly surroundings: Surroundings; readonly path: Path };

/** The retraining of each model that has one and is right. */
export function readRetraining(document: Document, surroundings: Surroundings, models: readonly string[]): Map<string, RetrainingSettings> {
  const retraining = new Map<string, RetrainingSettings>();
  for (const model of namesAt(document, ["retraining"])) {
    const path = ["retraining", model];
    if (!models.includes(model)) reportUnknownModel(document, path, model, models);
    const settings = readOne({ document, surroundings, path }, model);
    if (settings) retraining.set(model, settings);
  }
  return retraining;
}

function readOne(read: Read, model: string): RetrainingSettings | undefined {
  const { document, path } = read;
  const type = readType(document, path, Object.keys(retrainingSchemas), LATER_RETRAINING);
  if (type === undefined) return undefined;
  const settings = readPart(document, retrainingSchemas[type as keyof typeof retrainingSchemas], path, ["registry"]);
  const registry = readRegistry(read);
  const launcher = settings && readLauncher(read, settings);
  if (!settings || !launcher || registry === undefined) return undefined;
  if (settings.every !== undefined && settings.every < settings.cooldown)
    document.warn(
      [...path, "every"],
      "`every` is shorter than `cooldown`: most of what it asks for will be refused",
      "make `every` longer",
    );
  return {
    model,
    launcher,
    cooldown: settings.cooldown,
    maxPerDay: settings.max_per_day,
    dryRun: settings.dry_run,
    approval: settings.approval,
    approveWithin: settings.approve_within,
    lease: settings.lease,
    maxFailures: settings.max_failures,
    newLabels: settings.at_least.labelled,
    every: settings.every ?? null,
    trainingData: settings.training_data,
    judge: { metric: settings.judge.metric ?? null, margin: settings.judge.margin, within: settings.judge.within },
    registry,
  };
}

type Parsed = {
  [Type in keyof typeof retrainingSchemas]: ReturnType<(typeof retrainingSchemas)[Type]["parse"]>;
}[keyof typeof retrainingSchemas];

function readLauncher(read: Read, settings: Parsed): LauncherSettings | undefined {
  const { document, surroundings, path } = read;
  switch (settings.type) {
    case "webhook": {
      const secret = readSecret(document, surroundings, path, "secret", settings);
      return secret === undefined ? undefined : { type: "webhook", url: settings.url, secret };
    }
    case "command":
      return {
        type: "command",
        command: settings.command,
        directory: resolve(surroundings.directory, settings.directory),
        timeout: settings.timeout,
      };
    case "airflow": {
      const login = readLogin(read, settings);
      return login === undefined ? undefined : { type: "airflow", url: settings.url, dag: settings.dag, login };
    }
    case "github": {
      const token = readSecret(document, surroundings, path, "token", settings);
      if (token === null) document.report(path, "`token` is required", "a token that may run workflows (actions: write), or `token_file`");
      if (token === null || token === undefined) return undefined;
      const { url, repository, workflow, ref } = settings;
      return { type: "github", url, repository, workflow, ref, token };
    }
  }
}

/** Null without a registry, undefined where it is wrong. */
function readRegistry(read: Read): RegistrySettings | null | undefined {
  const path = [...read.path, "registry"];
  const given = valueAt(read.document.data, path);
  if (given === undefined) return null;
  if (isMapping(given) && readType(read.document, path, ["mlflow"], []) === undefined) return undefined;
  const registry = readPart(read.document, registrySchema, path);
  const login = registry && readLogin({ ...read, path }, registry);
  if (!registry || login === undefined) return undefined;
  const { type, url, name, alias, version, every } = registry;
  return { type, url, name, alias, login, version, every };
}

type Login = Partial<Record<"token" | "token_file" | "username" | "password" | "password_file", string | undefined>>;

/** How to show a server who one is: a token, or a user; null for neither, undefined where it is wrong. */
function readLogin({ document, surroundings, path }: Read, values: Login): RegistrySettings["login"] | undefined {
  const token = readSecret(document, surroundings, path, "token", values);
  const password = readSecret(document, surroundings, path, "password", values);
  if (token === undefined || password === undefined) return undefined;
  const { username } = values;
  if ((username === undefined) !== (password === null)) {
    document.report(path, "`username` and `password` go together", "give both, or neither");
    return undefined;
  }
  if (token !== null && password !== null) {
    document.report(path, "one of `token` and `password`, not both", "remove one of them");
    return undefined;
  }
  if (token !== null) return { token };
  return username === undefined || password === null ? null : { username, password };
}
