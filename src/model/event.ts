import type { Millis } from "./time.ts";

/**
 * The features of one event, by place: the form they are stored in, so that nothing is looked up by name on the way.
 * Events that carry the same names in the same order share one list of them.
 */
export type Features = {
  /** Every name that was sent, in the order it was sent in. */
  readonly names: readonly string[];
  /** As many as there are names; NaN where the value is no number. */
  readonly numbers: readonly number[];
  /** The places whose value is a text, and those texts. Strings as sent; booleans as `true` and `false`. */
  readonly categoryPlaces: readonly number[];
  readonly categories: readonly string[];
  readonly embeddings: ReadonlyMap<string, readonly number[]>;
  /** Names whose value is no finite number, string, boolean, embedding or null. */
  readonly unparsable: readonly string[];
};

/** One request to a model, as its serving system told it: checked, and sorted by kind of value. */
export type Prediction = {
  readonly type: "prediction";
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly time: Millis;
  readonly features: Features;
  /** The predicted class, as text; null when the model predicts a number, or nothing. */
  readonly predictedClass: string | null;
  readonly predictedNumber: number | null;
  /** P(positive) for a binary model. */
  readonly score: number | null;
  readonly scores: ReadonlyMap<string, number>;
  readonly latencyMs: number | null;
  readonly status: string;
  readonly role: string;
  readonly entity: string;
  readonly weight: number;
  readonly telemetry: ReadonlyMap<string, number>;
};

/** The truth about one prediction, as it became known. */
export type Label = {
  readonly type: "label";
  readonly id: string;
  readonly model: string;
  /** When the truth became known; null when the sender did not say. */
  readonly time: Millis | null;
  /** The true class or number, as text. */
  readonly label: string;
  readonly labelNumber: number | null;
  /** A newer revision replaces an older one, whatever arrives first. 0 when not sent. */
  readonly revision: number;
};

export type Event = Prediction | Label;

/** A row of a baseline: a prediction, with its truth where that is known. */
export type BaselineRow = { readonly prediction: Prediction; readonly label: Label | null };

/** Where an event came from, for dead letters and counters. `offset` is a line number in a file or an index in a request. */
export type Origin = {
  readonly source: "kafka" | "http" | "file";
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
};

/** Why an event was not taken. The words are public: they stand in dead letters, counters and API answers. */
export const REJECT_REASONS = [
  "empty",
  "too_large",
  "too_deep",
  "invalid_json",
  "not_an_object",
  "unknown_type",
  "missing_field",
  "invalid_field",
  "unregistered_model",
  "in_the_future",
  "before_horizon",
  "too_many_features",
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** What decoding makes of one message: an event, or a named reason with a sentence for a person. */
export type Decoded =
  | { readonly ok: true; readonly event: Event }
  | { readonly ok: false; readonly reason: RejectReason; readonly message: string };

/** A message that was not taken, kept to be looked at and replayed. */
export type DeadLetter = {
  readonly receivedAt: Millis;
  readonly origin: Origin;
  readonly reason: RejectReason;
  readonly message: string;
  /** The start of what was received, as text. */
  readonly payload: string;
  readonly payloadBytes: number;
  /** When it was tried again, and what became of it; null until then. */
  readonly replayed: { readonly at: Millis; readonly became: "taken" | RejectReason } | null;
};

/** Why a message holds no event, and nothing is wrong with that. The words are public. */
export const IGNORE_REASONS = ["health_check", "schema", "other_component"] as const;
export type IgnoreReason = (typeof IGNORE_REASONS)[number];

/** Half of a prediction, where a serving system tells of a request and of its answer apart: checked, waiting for the other. */
export type Half = {
  readonly adapter: string;
  readonly model: string;
  /** What tells two services that use the same ids apart. */
  readonly scope: string;
  readonly id: string;
  /** How many predictions the message is about. */
  readonly rows: number;
  readonly side: "request" | "response";
  /** Microseconds since the epoch: the order of requests with one id is finer than a millisecond. */
  readonly time: number;
  /** 64 bits of a hash over the message, as a decimal number. */
  readonly digest: string;
  /** What it says, as JSON: the version, and the fields of each row. */
  readonly body: string;
};
