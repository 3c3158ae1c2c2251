import * as z from "zod";
import { COMPARED_METRICS } from "../model/comparison.ts";
import { delay, duration, flag, object, says, text, url } from "./schema-values.ts";

const login = {
  token: text.optional(),
  token_file: text.optional(),
  username: text.optional(),
  password: text.optional(),
  password_file: text.optional(),
};

/** A registry whose alias says which version serves. */
export const registrySchema = object({
  type: z.literal("mlflow"),
  url,
  name: text,
  alias: text.default("champion"),
  ...login,
  version: text
    .regex(/\{version\}/, says("expected `{version}` in it", 'as in "v{version}": it stands for the registry\'s number'))
    .default("{version}"),
  every: duration.prefault("1m"),
});

/** What holds however a retraining is started. */
const shared = {
  cooldown: delay.prefault("24h"),
  max_per_day: z.int().min(1).default(2),
  dry_run: flag.default(true),
  approval: flag.default(false),
  approve_within: duration.prefault("3d"),
  lease: duration.prefault("24h"),
  max_failures: z.int().min(1).default(3),
  at_least: object({ labelled: z.int().min(0).default(200) }).prefault({}),
  every: duration.optional(),
  training_data: duration.prefault("90d"),
  judge: object({
    metric: z.enum(COMPARED_METRICS).optional(),
    margin: z.number().min(0).default(0.01),
    within: duration.prefault("14d"),
  }).prefault({}),
  registry: registrySchema.optional(),
};

/** Every way to start one, by its `type`. */
export const retrainingSchemas = {
  webhook: object({ type: z.literal("webhook"), url, secret: text.optional(), secret_file: text.optional(), ...shared }),
  command: object({
    type: z.literal("command"),
    command: z.array(text).min(1, says("expected a program and its arguments", 'as in ["python3", "train.py"]: no shell reads them')),
    directory: text.default("data/retrains"),
    timeout: duration.prefault("6h"),
    ...shared,
  }),
  airflow: object({ type: z.literal("airflow"), url, dag: text, ...login, ...shared }),
  github: object({
    type: z.literal("github"),
    url: url.default("https://api.github.com"),
    repository: text.regex(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/, says("expected owner/name", "as in example/flight-delay")),
    workflow: text,
    ref: text.default("main"),
    token: text.optional(),
    token_file: text.optional(),
    ...shared,
  }),
};

export const retrainingSchema = z.discriminatedUnion("type", [
  retrainingSchemas.webhook,
  retrainingSchemas.command,
  retrainingSchemas.airflow,
  retrainingSchemas.github,
]);
