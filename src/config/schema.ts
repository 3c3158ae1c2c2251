import * as z from "zod";
import { DEEPEST_CUTOFF, DRIFT_METRICS } from "../model/metric.ts";
import { PASSWORD_MECHANISMS, SCOPES, SEASONS, TASKS, type Season } from "../model/settings.ts";
import { DAY, MINUTE } from "../model/time.ts";
import { adapterSchemas } from "./adapters-schema.ts";
import { constraintsSchema } from "./constraints-schema.ts";
import { retrainingSchema } from "./retraining-schema.ts";
import { tableShape } from "./table-schema.ts";
import { addresses, delay, duration, email, flag, name, object, port, says, text, time, url } from "./schema-values.ts";

/** `host:port`. */
export const BROKER = /^(\[[^\]\s]+\]|[^\s:,/]+):\d{1,5}$/;

const kafkaSchema = object({
  brokers: z
    .array(z.string().regex(BROKER, says("expected host:port", 'one broker an entry: ["kafka-1:9092", "kafka-2:9092"]')))
    .min(1, says("expected at least one broker", 'as in ["localhost:9092"]')),
  group: text.default("driftwatch"),
  client_id: text.default("driftwatch"),
  topics: z
    .union([
      object({ predictions: text.default("driftwatch.predictions"), labels: text.default("driftwatch.labels") }),
      z
        .array(z.union([text, object({ topic: text, adapter: text })]))
        .min(1, says("expected at least one topic", "as in [driftwatch.predictions, {topic: mlserver-output, adapter: mlserver}]")),
    ])
    .prefault({}),
  dead_letters: object({ topic: text }).optional(),
});

const sslSchema = object({
  ca_file: text.optional(),
  cert_file: text.optional(),
  key_file: text.optional(),
  passphrase: text.optional(),
  passphrase_file: text.optional(),
  server_name: text.optional(),
});

/** Every way to show Kafka who one is. */
export const saslSchemas = {
  password: object({
    mechanism: z.enum(PASSWORD_MECHANISMS),
    username: text,
    password: text.optional(),
    password_file: text.optional(),
  }),
  token: object({
    mechanism: z.literal("OAUTHBEARER"),
    token_url: url,
    client_id: text,
    client_secret: text.optional(),
    client_secret_file: text.optional(),
    scope: text.optional(),
  }),
};

/** Beside the rest of `kafka`: what else each may hold hangs on its kind. */
export const kafkaSecuritySchemas = { flag, ssl: sslSchema, sasl: saslSchemas };

const embeddedStoreSchema = object({ path: text });
const serverStoreSchema = object({
  url,
  database: text.default("driftwatch"),
  username: text.default("default"),
  password: z.string().optional(),
  password_file: text.optional(),
});

const tokenSchema = object({
  name: text,
  token: text.optional(),
  token_file: text.optional(),
  scopes: z.array(z.enum(SCOPES)).min(1, says("expected at least one scope", `of ${SCOPES.join(", ")}`)),
});

const httpSchema = object({
  host: text.default("127.0.0.1"),
  port: port.default(8080),
  public_url: url.optional(),
  tokens: z.array(tokenSchema).default([]),
  cloudevents: text.optional(),
});

const isBucket = says(
  "a bucket must divide a day into equal parts of at least a minute",
  "1m, 5m, 10m, 15m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h or 1d",
);

const isThreshold = says("expected scores between 0 and 1", "as in [0.3, 0.7]");
const isQuantile = says("expected a number between 0 and 1", "as in 0.9, where nine of ten values should lie below what is predicted");

const isCutoffs = says(
  `expected numbers of items from 1 to ${DEEPEST_CUTOFF}`,
  "as in [10] or [5, 10], where what comes first is told first",
);

/** A model without its baselines, which are checked one by one. */
export const modelSchema = object({
  task: z.enum(TASKS),
  positive: z
    .union(
      [z.string().min(1), z.number(), z.boolean()],
      says("expected the name of a class", "the class whose probability `score` is, as in `positive: late`"),
    )
    .transform(String)
    .optional(),
  value: object({ tp: z.number(), fp: z.number(), fn: z.number(), tn: z.number() }).optional(),
  thresholds: z
    .array(z.number(isThreshold).gt(0, isThreshold).lt(1, isThreshold))
    .min(1, isThreshold)
    .max(20)
    .refine((list) => new Set(list).size === list.length, says("a threshold is given twice", "as in [0.3, 0.7]"))
    .optional(),
  quantile: z.number(isQuantile).gt(0, isQuantile).lt(1, isQuantile).optional(),
  ranking: object({
    at: z
      .array(z.int(isCutoffs).min(1, isCutoffs).max(DEEPEST_CUTOFF, isCutoffs))
      .min(1, isCutoffs)
      .max(10, says("expected at most ten numbers of items", "as in [5, 10]"))
      .refine((list) => new Set(list).size === list.length, says("a number of items is given twice", "as in [5, 10]")),
  }).optional(),
  bucket: duration.refine((value) => value >= MINUTE && DAY % value === 0, isBucket).prefault("1h"),
  lateness: delay.prefault("10m"),
  labels: object({ expected_within: delay.prefault("24h") }).prefault({}),
  drift: object({ metrics: z.array(z.enum(DRIFT_METRICS)).optional() }).prefault({}),
});

const column = text.max(200);
const edges = z
  .array(z.number())
  .min(1, says("expected at least one edge", "as in [500, 1000]"))
  .max(200)
  .refine(
    (list) => list.every((edge, index) => index === 0 || edge > (list[index - 1] ?? edge)),
    says("edges must rise", "as in [500, 1000]"),
  );
const isColumns = says("expected a column or a list of columns", "as in carrier or [carrier, dest]");
const isSegmentName = says(
  "expected a name of letters, digits and `_ . : / + -`",
  "`each` is taken, and `=`, `<`, `>` and `,` make the names of other segments",
);

const top = z.int().min(1).max(200).default(20);

/** Every kind of segment, by the key that tells it from the others; a text is a column. */
export const segmentSchemas = {
  top,
  by: object({
    by: z.union(
      [
        column,
        z
          .array(column)
          .min(1)
          .max(4)
          .refine((list) => new Set(list).size === list.length, says("a column is given twice", "as in [carrier, dest]")),
      ],
      isColumns,
    ),
    top,
    bins: z.union([edges, z.record(column, edges)]).optional(),
  }),
  where: object({
    where: text,
    name: z.string(isSegmentName).regex(/^(?!each$)[\p{L}\p{N}][\p{L}\p{N}_.:/+ -]{0,58}$/u, isSegmentName),
  }),
};

const baselineFile = object({ file: text, ...tableShape });
const season = z.enum(Object.keys(SEASONS) as [Season, ...Season[]]).optional();

/** Every kind of baseline, by the key that tells it from the others. */
export const baselineSchemas = {
  file: object({ ...baselineFile.shape, season }),
  by_version: object({
    by_version: z
      .record(name, baselineFile)
      .refine(
        (versions) => Object.keys(versions).length > 0,
        says("expected at least one version", 'as in {"2013-q1": {file: reference.ndjson.gz}}'),
      ),
    ...tableShape,
    season,
  }),
  window: object({ window: duration, offset: delay.prefault("0s"), season }),
  from: object({ from: time, to: time, version: text.optional(), season }).refine(({ from, to }) => from < to, {
    ...says("`to` must be later than `from`", "a period is half-open: it ends just before `to`"),
    path: ["to"],
  }),
  version: object({ version: text }),
};

export const storeSchemas = { path: embeddedStoreSchema, url: serverStoreSchema };

const smtpSchema = object({
  host: text.default("localhost"),
  port: port.optional(),
  secure: flag.default(false),
  username: text.optional(),
  password: text.optional(),
  password_file: text.optional(),
});

/** What channels of every kind may say. */
const told = { repeat_every: delay.optional() };

const labels = z.record(name, text).superRefine((given, context) => {
  for (const key of Object.keys(given)) {
    if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(key)) continue;
    const { error } = says("expected the name of a label", "letters, digits and _, as in team");
    context.addIssue({ code: "custom", path: [key], message: error });
  }
});

/** Every kind of channel, by its `type`. */
export const channelSchemas = {
  email: object({
    type: z.literal("email"),
    to: z.array(email).min(1, says("expected at least one address", "as in [ml@example.com]")),
    from: email.default("driftwatch@localhost"),
    smtp: smtpSchema.prefault({}),
    ...told,
  }),
  webhook: object({ type: z.literal("webhook"), url, secret: text.optional(), secret_file: text.optional(), ...told }),
  slack: object({ type: z.literal("slack"), url: url.optional(), url_file: text.optional(), ...told }),
  teams: object({ type: z.literal("teams"), url: url.optional(), url_file: text.optional(), ...told }),
  pagerduty: object({
    type: z.literal("pagerduty"),
    routing_key: text.optional(),
    routing_key_file: text.optional(),
    url: url.default("https://events.pagerduty.com/v2/enqueue"),
    ...told,
  }),
  alertmanager: object({ type: z.literal("alertmanager"), url, labels: labels.default({}) }),
};

export const outgoingSchema = object({ allow: z.array(addresses).default([]) });
export const heartbeatSchema = object({ url: url.optional(), url_file: text.optional(), every: duration.prefault("1m") });
export const clockSchema = z.enum(["live", "replay"]);
export const alertsSchema = z.array(text);
export { httpSchema, kafkaSchema };

/** The whole file. Loading takes it apart, so that one mistake hides no other; editors are given it as it is. */
export const configSchema = object({
  clock: clockSchema.default("live"),
  kafka: object({
    ...kafkaSchema.shape,
    ssl: z.union([flag, sslSchema]).default(false),
    sasl: z.discriminatedUnion("mechanism", [saslSchemas.password, saslSchemas.token]).optional(),
  }).optional(),
  store: z.union([embeddedStoreSchema, serverStoreSchema]).prefault({ path: "./data" }),
  http: httpSchema.prefault({}),
  models: z.record(
    name,
    object({
      ...modelSchema.shape,
      baselines: z
        .record(
          name,
          z.union([
            baselineSchemas.file,
            baselineSchemas.by_version,
            baselineSchemas.window,
            baselineSchemas.from,
            baselineSchemas.version,
          ]),
        )
        .default({}),
      segments: z.array(z.union([column, segmentSchemas.by, segmentSchemas.where])).default([]),
      constraints: constraintsSchema.default({}),
    }),
  ),
  adapters: z.record(name, z.discriminatedUnion("type", [adapterSchemas.mapped, adapterSchemas.cloudevents])).default({}),
  outgoing: outgoingSchema.prefault({}),
  heartbeat: heartbeatSchema.optional(),
  channels: z
    .record(
      name,
      z.discriminatedUnion("type", [
        channelSchemas.email,
        channelSchemas.webhook,
        channelSchemas.slack,
        channelSchemas.teams,
        channelSchemas.pagerduty,
        channelSchemas.alertmanager,
      ]),
    )
    .default({}),
  retraining: z.record(name, retrainingSchema).default({}),
  alerts: alertsSchema.optional(),
});
