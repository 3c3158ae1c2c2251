import { DAY, type Millis } from "./time.ts";
import type { ComparedMetric } from "./comparison.ts";
import type { FieldPath } from "./field-path.ts";
import type { DriftMetric } from "./metric.ts";
import type { Maintenance, Rule } from "./rule.ts";
import type { Constraint } from "./constraint.ts";
import type { SegmentSettings } from "./segment.ts";

/** What the rest of the program knows of the configuration: checked, complete, frozen. */

export const TASKS = ["binary", "multiclass", "regression", "ranking"] as const;
export type Task = (typeof TASKS)[number];

export const DEFAULT_CUTOFFS: readonly [number] = [10];

/** What comes again: hours of the day, or of the week. In UTC. */
export const SEASONS = { day: DAY, week: 7 * DAY } as const;
export type Season = keyof typeof SEASONS;

/** What a window is compared with. */
export type BaselineSettings =
  /** Rows of a file: one file a version, or one for all (`byVersion` empty, `file` set). */
  | {
      readonly kind: "file";
      readonly name: string;
      readonly file: string | null;
      readonly byVersion: ReadonlyMap<string, string>;
      /** How files of columns (CSV, Parquet) are read, by version, empty for all. Those that are not in it hold events, a line each. */
      readonly tables?: ReadonlyMap<string, TableSettings>;
      readonly season?: Season;
    }
  /** The stretch of length `window` that ends `offset` before the window does begin; of a season, only what lies at the same place of it. */
  | { readonly kind: "trailing"; readonly name: string; readonly window: Millis; readonly offset: Millis; readonly season?: Season }
  /** A stretch of live events that stays: those of `version`, or where it is null of the version that is measured. */
  | {
      readonly kind: "period";
      readonly name: string;
      readonly from: Millis;
      readonly to: Millis;
      readonly version?: string | null;
      readonly season?: Season;
    }
  /** Another version of the same model, over the same window. */
  | { readonly kind: "version"; readonly name: string; readonly version: string };

export type ModelSettings = {
  readonly name: string;
  readonly task: Task;
  /** The class whose probability `score` is; null unless the task is binary. */
  readonly positive: string | null;
  /** What one prediction of each kind is worth, in any one unit. Absent: nobody said, or the task has no such kinds. */
  readonly value?: { readonly tp: number; readonly fp: number; readonly fn: number; readonly tn: number };
  /** Scores at which a binary model is measured as if it called them, and what lies above, positive. Absent: none. */
  readonly thresholds?: readonly number[];
  /** Which quantile a regression predicts. Absent: none, but something like the mean. */
  readonly quantile?: number;
  /** Of how many items of a ranked list metrics are measured, the one that it is told by first. Absent: `DEFAULT_CUTOFFS`. */
  readonly cutoffs?: readonly number[];
  /** The grain of every count. */
  readonly bucket: Millis;
  /** How long after the newest event a bucket stays open. */
  readonly lateness: Millis;
  /** How long after a window's end its labels may take. */
  readonly labelsExpectedWithin: Millis;
  /** The drift metrics measured by schedule, beside those that something judges by. Absent: all. */
  readonly driftMetrics?: readonly DriftMetric[];
  readonly baselines: readonly BaselineSettings[];
  /** What rows are counted by beside all together. Absent: nothing. */
  readonly segments?: readonly SegmentSettings[];
  /** What its features have to be. Absent: nothing was said. */
  readonly constraints?: readonly Constraint[];
};

/** How Kafka is told a user and a password, by Kafka's own names. */
export const PASSWORD_MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;

/** TLS, with everything as PEM text. The brokers' certificates are always verified: by `ca`, or by the system's authorities. */
export type KafkaSsl = {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly passphrase: string | null;
  /** The name the certificates are for, where brokers are reached by another. */
  readonly serverName: string | null;
};

export type KafkaSasl =
  | { readonly mechanism: (typeof PASSWORD_MECHANISMS)[number]; readonly username: string; readonly password: string }
  /** A token by the client-credentials grant of OAuth 2. */
  | {
      readonly mechanism: "OAUTHBEARER";
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string | null;
    };

export type KafkaSettings = {
  readonly brokers: readonly string[];
  readonly group: string;
  readonly clientId: string;
  /** Absent: plain TCP. */
  readonly ssl?: KafkaSsl;
  /** Absent: nobody logs in. */
  readonly sasl?: KafkaSasl;
  readonly topics: readonly KafkaTopic[];
  /** Where refused messages are sent as well; absent: nowhere. */
  readonly deadLetters?: { readonly topic: string };
};

/** Topics of our own events, by what they are meant for; either may carry both. */
export type NativeTopics = { readonly predictions: string; readonly labels: string };

export type KafkaTopic = {
  readonly topic: string;
  /** What makes events of its messages; null where they are events already. */
  readonly adapter: string | null;
};

/** Where the value of one field comes from: a place in the message, or a constant. */
export type ValueSource = {
  /** Null for a constant. */
  readonly path: FieldPath | null;
  /** The path as it was written, for messages. */
  readonly written: string;
  /** The constant, or what stands in where the message has nothing; null where nothing does. */
  readonly fallback: string | number | boolean | null;
};

export const TIME_UNITS = ["s", "ms", "us", "ns"] as const;
export type TimeSource = ValueSource & {
  /** What a number counts. */
  readonly unit: (typeof TIME_UNITS)[number];
  /** The time zone of texts without an offset; null where those are refused. */
  readonly timezone: string | null;
};

/** Names of classes, for answers that are a number or a list: the place in the list is the number. */
export type ClassSource = ValueSource & { readonly classes: readonly string[] | null };

/** What the parts of an answer mean. All null where the only part is the prediction. */
export type OutputSettings = {
  readonly prediction: ClassSource | null;
  readonly score: ValueSource | null;
  readonly scores: ClassSource | null;
};

export const FEATURE_TYPES = ["number", "text", "boolean"] as const;
export type FeatureType = (typeof FEATURE_TYPES)[number];

export type FeatureSelection = {
  /** The object whose members are features, or the list that `names` gives names to; null for the message itself. */
  readonly from: FieldPath | null;
  /** Where each is found; null for all members. */
  readonly only: ReadonlyMap<string, FieldPath> | null;
  readonly except: readonly string[];
  readonly prefix: string;
  /** Whether names lose their prefix. */
  readonly strip: boolean;
  readonly names: readonly string[] | null;
};

/** Fields of an event that are one value. */
export const MAPPED_FIELDS = ["id", "model", "version", "status", "latency_ms", "role", "entity", "weight", "label", "revision"] as const;
export type MappedField = (typeof MAPPED_FIELDS)[number];

export type MappedSettings = {
  readonly type: "mapped";
  readonly name: string;
  readonly fields: ReadonlyMap<MappedField, ValueSource>;
  readonly time: TimeSource | null;
  /** When a label became known; `time` where it is null. */
  readonly labelTime: TimeSource | null;
  readonly features: FeatureSelection;
  readonly types: ReadonlyMap<string, FeatureType>;
  /** Where a message holds a whole request and its answer, with a row a prediction; null where it is one prediction. */
  readonly bodies: { readonly request: FieldPath; readonly response: FieldPath } | null;
  readonly featureNames: readonly string[] | null;
  readonly outputs: OutputSettings;
  /** Whether the lines in which BentoML says what its columns are belong to the stream. */
  readonly bentoSchema: boolean;
};

/** What the columns of a CSV or Parquet file mean. */
export type TableSettings = {
  /** Columns that hold one value of a row each. */
  readonly columns: ReadonlyMap<TableField, string>;
  /** A column, or one moment for all rows. */
  readonly time: TimeSource;
  /** The version of all rows, where no column holds it; null: that which the file is for. */
  readonly version: string | null;
  /** The column of each class's probability. */
  readonly scores: ReadonlyMap<string, string>;
  /** The column of each feature; null for all columns that are nothing else. */
  readonly only: ReadonlyMap<string, string> | null;
  readonly except: readonly string[];
  /** By column. */
  readonly types: ReadonlyMap<string, FeatureType>;
  readonly delimiter: string;
  /** Texts that mean "no value" beside the empty one. */
  readonly missing: readonly string[];
};

/** What a column may hold beside the time, a class's probability or a feature. */
export const TABLE_FIELDS = ["id", "version", "prediction", "score", "label"] as const;
export type TableField = (typeof TABLE_FIELDS)[number];

export type ServiceSettings = {
  /** Null: the model is called what the service is. */
  readonly model: string | null;
  /** Null: the version is what the answer, else the endpoint, says. */
  readonly version: string | null;
  readonly featureNames: readonly string[] | null;
  readonly types: ReadonlyMap<string, FeatureType>;
  readonly outputs: OutputSettings;
};

export type CloudEventsSettings = {
  readonly type: "cloudevents";
  readonly name: string;
  /** By the name in the event: of the inference service, with or without its namespace, or of the model. */
  readonly services: ReadonlyMap<string, ServiceSettings>;
  /** Whose requests are predictions, where one service has several parts. */
  readonly components: readonly string[];
  /** How long after its request an answer may come, in event time. */
  readonly within: Millis;
  /** How long halves are remembered, and with them that an id was used. */
  readonly keep: Millis;
  /** What a request without an answer is: a number in a counter, or a failed prediction too. */
  readonly unanswered: "count" | "error";
};

export type AdapterSettings = MappedSettings | CloudEventsSettings;

export type StoreSettings =
  | { readonly kind: "embedded"; readonly path: string }
  | { readonly kind: "server"; readonly url: string; readonly database: string; readonly username: string; readonly password: string };

export type HttpSettings = {
  readonly host: string;
  readonly port: number;
  /** Bearer tokens by scope; empty only when bound to loopback. */
  readonly tokens: readonly { readonly name: string; readonly token: string; readonly scopes: readonly Scope[] }[];
  /** How the outside reaches this process, for links in notifications. */
  readonly publicUrl: string | null;
  /** The adapter of `/v1/cloudevents`; null where a request has to say. */
  readonly cloudevents: string | null;
};

export const SCOPES = ["ingest", "read", "operate"] as const;
export type Scope = (typeof SCOPES)[number];

/** What this program may call by itself beside Kafka, the store and mail servers. */
export type OutgoingSettings = {
  /** Addresses and ranges that are not public and may be called nevertheless. */
  readonly allow: readonly string[];
};

/** An address that is called as long as this program does its work. */
export type HeartbeatSettings = { readonly url: string; readonly every: Millis };

export type Channel = {
  readonly name: string;
  /** How long after the last telling of an alert that fires still it is told again; null: never. */
  readonly repeatEvery: Millis | null;
} & (
  | {
      readonly type: "email";
      readonly to: readonly string[];
      readonly from: string;
      readonly smtp: {
        readonly host: string;
        readonly port: number;
        readonly secure: boolean;
        readonly username: string | null;
        readonly password: string | null;
      };
    }
  | { readonly type: "webhook"; readonly url: string; readonly secret: string | null }
  | { readonly type: "slack" | "teams"; readonly url: string }
  | { readonly type: "pagerduty"; readonly url: string; readonly routingKey: string }
  | { readonly type: "alertmanager"; readonly url: string; readonly labels: ReadonlyMap<string, string> }
);

/** How a retraining is started. Only what is needed for that; what holds of all stands in `RetrainingSettings`. */
export type LauncherSettings =
  | { readonly type: "webhook"; readonly url: string; readonly secret: string | null }
  | {
      readonly type: "command";
      /** The program and its arguments; no shell reads them. */
      readonly command: readonly string[];
      /** Where what a run needs and leaves behind is kept, a directory each. */
      readonly directory: string;
      readonly timeout: Millis;
    }
  | {
      readonly type: "airflow";
      readonly url: string;
      readonly dag: string;
      /** A token, or a user who is given one; null for a server that asks for none. */
      readonly login: { readonly token: string } | { readonly username: string; readonly password: string } | null;
    }
  | {
      readonly type: "github";
      readonly url: string;
      /** `owner/name`. */
      readonly repository: string;
      readonly workflow: string;
      readonly ref: string;
      readonly token: string;
    };

/** A registry that says which version of a model serves. */
export type RegistrySettings = {
  readonly type: "mlflow";
  readonly url: string;
  /** The name the model is registered under. */
  readonly name: string;
  readonly alias: string;
  readonly login: { readonly token: string } | { readonly username: string; readonly password: string } | null;
  /** What events call a version of the registry: `{version}` stands for its number. */
  readonly version: string;
  readonly every: Millis;
};

/** When and how a model is trained again, and how the result is judged. */
export type RetrainingSettings = {
  readonly model: string;
  readonly launcher: LauncherSettings;
  readonly cooldown: Millis;
  readonly maxPerDay: number;
  readonly dryRun: boolean;
  /** A person has to agree before anything is started. */
  readonly approval: boolean;
  readonly approveWithin: Millis;
  /** A run nothing is heard of for so long is over. */
  readonly lease: Millis;
  /** So many failures in a row, and nothing is started until a person says so. */
  readonly maxFailures: number;
  /** Rows labelled since the run before; fewer have nothing new to teach. */
  readonly newLabels: number;
  /** Asked for at every multiple of it, as well as by rules; null for rules and people only. */
  readonly every: Millis | null;
  /** How far back the rows reach that a run is offered. */
  readonly trainingData: Millis;
  readonly judge: { readonly metric: ComparedMetric | null; readonly margin: number; readonly within: Millis };
  readonly registry: RegistrySettings | null;
};

export type Config = {
  /** The file it was read from; null for built-in defaults. */
  readonly file: string | null;
  /** `live` goes by the wall clock; in `replay` the events themselves are the clock. */
  readonly clock: "live" | "replay";
  readonly kafka: KafkaSettings | null;
  readonly store: StoreSettings;
  readonly http: HttpSettings;
  readonly models: ReadonlyMap<string, ModelSettings>;
  readonly adapters: ReadonlyMap<string, AdapterSettings>;
  readonly outgoing: OutgoingSettings;
  readonly heartbeat: HeartbeatSettings | null;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly retraining: ReadonlyMap<string, RetrainingSettings>;
  readonly rules: readonly Rule[];
  /** Planned work, in which nothing is judged. */
  readonly maintenance?: readonly Maintenance[];
};
