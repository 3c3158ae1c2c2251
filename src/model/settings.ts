import type { Millis } from "./time.ts";
import type { Rule } from "./rule.ts";

/** What the rest of the program knows of the configuration: checked, complete, frozen. */

export const TASKS = ["binary", "multiclass", "regression", "ranking"] as const;
export type Task = (typeof TASKS)[number];

/** What a window is compared with. */
export type BaselineSettings =
  /** Rows of a file: one file a version, or one for all (`byVersion` empty, `file` set). */
  | { readonly kind: "file"; readonly name: string; readonly file: string | null; readonly byVersion: ReadonlyMap<string, string> }
  /** The stretch of length `window` that ends `offset` before the window does begin. */
  | { readonly kind: "trailing"; readonly name: string; readonly window: Millis; readonly offset: Millis }
  | { readonly kind: "period"; readonly name: string; readonly from: Millis; readonly to: Millis }
  /** Another version of the same model, over the same window. */
  | { readonly kind: "version"; readonly name: string; readonly version: string };

export type ModelSettings = {
  readonly name: string;
  readonly task: Task;
  /** The class whose probability `score` is; null unless the task is binary. */
  readonly positive: string | null;
  /** The grain of every count. */
  readonly bucket: Millis;
  /** How long after the newest event a bucket stays open. */
  readonly lateness: Millis;
  /** How long after a window's end its labels may take. */
  readonly labelsExpectedWithin: Millis;
  readonly baselines: readonly BaselineSettings[];
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
  /** Either topic may carry both types of event; they may be the same. */
  readonly topics: { readonly predictions: string; readonly labels: string };
  /** Where refused messages are sent as well; absent: nowhere. */
  readonly deadLetters?: { readonly topic: string };
};

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
};

export const SCOPES = ["ingest", "read", "operate"] as const;
export type Scope = (typeof SCOPES)[number];

export type Channel =
  | {
      readonly type: "email";
      readonly name: string;
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
  | { readonly type: "webhook"; readonly name: string; readonly url: string; readonly secret: string | null };

/** A job to start when a rule with `retrain: true` fires. */
export type RetrainingSettings = {
  readonly model: string;
  readonly type: "webhook";
  readonly url: string;
  readonly secret: string | null;
  readonly cooldown: Millis;
  readonly maxPerDay: number;
  readonly dryRun: boolean;
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
  readonly channels: ReadonlyMap<string, Channel>;
  readonly retraining: ReadonlyMap<string, RetrainingSettings>;
  readonly rules: readonly Rule[];
};
