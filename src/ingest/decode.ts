import type { BaselineRow, Decoded, Label, Origin, Prediction, RejectReason } from "../model/event.ts";
import type { ModelSettings, Task } from "../model/settings.ts";
import type { Millis } from "../model/time.ts";
import { readFeatures, type NameLists } from "./features.ts";
import { createFields, found, type Fields, type Reject } from "./fields.ts";
import { parseObject } from "./json.ts";
import { DECODE_LIMITS, MOST_WEIGHT, type DecodeLimits } from "./limits.ts";
import { EXPECTED_RELEVANT, rankedText, relevantText } from "./ranked.ts";
import type { Message } from "./source.ts";
import type { Templates } from "./templates.ts";

/** What decoding saw and let pass, to be counted. */
export type Notice = {
  unknownField(name: string): void;
  /** An event came without an id and got one that no label can name. */
  derivedId(): void;
  /** A text was no Unicode and was repaired. */
  replacedText(): void;
};

export type DecodeContext = {
  readonly models: ReadonlyMap<string, ModelSettings>;
  readonly now: Millis;
  /** Whether the wall clock is the clock of these events; in a replay they are their own. */
  readonly liveClock: boolean;
  readonly limits?: Partial<DecodeLimits>;
  readonly notice?: Partial<Notice>;
  /** Lists of feature names that were met; without it every event has its own. */
  readonly lists?: NameLists;
  /** What events were like so far, where they are many. */
  readonly templates?: Templates;
};

export type DecodedBaselineRow =
  | { readonly ok: true; readonly row: BaselineRow }
  | { readonly ok: false; readonly reason: RejectReason; readonly message: string };

const COMMON_FIELDS = ["type", "id", "model", "time"];
const PREDICTION_FIELDS = new Set([
  ...COMMON_FIELDS,
  "version",
  "features",
  "prediction",
  "score",
  "scores",
  "latency_ms",
  "status",
  "role",
  "entity",
  "weight",
  "telemetry",
]);
const BASELINE_FIELDS = new Set([...PREDICTION_FIELDS, "label"]);
const LABEL_FIELDS = new Set([...COMMON_FIELDS, "label", "revision"]);
const LARGEST_REVISION = 2 ** 32 - 1;

type Read = {
  readonly type: "prediction" | "label";
  readonly object: Readonly<Record<string, unknown>>;
  readonly fields: Fields;
  readonly model: ModelSettings;
  readonly limits: DecodeLimits;
  readonly reject: Reject;
};

/** The native JSON event of one message. */
export function decode(message: Message, context: DecodeContext): Decoded {
  const { templates } = context;
  if (templates && message.bytes) {
    const { notBefore, notAfter, ahead } = limitsOf(context);
    const event = templates.read(message.bytes, {
      models: context.models,
      limits: limitsOf(context),
      earliest: notBefore,
      latest: context.liveClock ? Math.min(notAfter, context.now + ahead) : notAfter,
    });
    if (event) return { ok: true, event };
  }
  const decoded = decodeWith(
    (limits, reject) => parseObject(message.bytes, limits, reject),
    context,
    (read) => readEvent(read, message.origin, context),
    (event): Decoded => ({ ok: true, event }),
  );
  if (templates && message.bytes && decoded.ok && decoded.event.type === "prediction") templates.learn(message.bytes, decoded.event);
  return decoded;
}

/** An event from an object that something else was made into: checked like one that was sent. `nameOf` is what messages call a field. */
export function decodeObject(
  object: Readonly<Record<string, unknown>>,
  origin: Origin,
  context: DecodeContext,
  nameOf?: (field: string) => string,
): Decoded {
  return decodeWith(
    () => object,
    context,
    (read) => readEvent(read, origin, context),
    (event) => ({ ok: true, event }),
    nameOf,
  );
}

function readEvent(read: Read, origin: Origin, context: DecodeContext): Prediction | Label {
  return read.type === "label" ? readLabel(read, context) : readPrediction(read, PREDICTION_FIELDS, origin, context);
}

/** A row of a baseline file: a prediction event that may carry its `label`. */
export function decodeBaselineRow(message: Message, context: DecodeContext): DecodedBaselineRow {
  return decodeWith(
    (limits, reject) => parseObject(message.bytes, limits, reject),
    context,
    (read) => readBaselineRow(read, message.origin, context),
    (row) => ({ ok: true, row }),
  );
}

/** The same from an object that a row of columns was made into. `nameOf` is what messages call a field. */
export function decodeBaselineObject(
  object: Readonly<Record<string, unknown>>,
  origin: Origin,
  context: DecodeContext,
  nameOf: (field: string) => string,
): DecodedBaselineRow {
  return decodeWith(
    () => object,
    context,
    (read) => readBaselineRow(read, origin, context),
    (row) => ({ ok: true, row }),
    nameOf,
  );
}

function readBaselineRow(read: Read, origin: Origin, context: DecodeContext): BaselineRow {
  if (read.type === "label")
    read.reject("unknown_type", 'type is the text "label"; a row of a baseline is a prediction, its label beside it.');
  const prediction = readPrediction(read, BASELINE_FIELDS, origin, context);
  if (read.fields.at("label") === undefined) return { prediction, label: null };
  return {
    prediction,
    label: { type: "label", id: prediction.id, model: prediction.model, time: null, revision: 0, ...readTruth(read) },
  };
}

type Rejected = { readonly ok: false; readonly reason: RejectReason; readonly message: string };

function decodeWith<Value, Result>(
  parse: (limits: DecodeLimits, reject: Reject) => Readonly<Record<string, unknown>> | null,
  context: DecodeContext,
  read: (read: Read) => Value,
  done: (value: Value) => Result,
  nameOf?: (field: string) => string,
): Result | Rejected {
  const limits = limitsOf(context);
  let rejected: Rejected | null = null;
  const reject: Reject = (reason, text) => {
    rejected ??= { ok: false, reason, message: text };
  };
  const object = parse(limits, reject);
  const opened = object && open(object, context, limits, reject, nameOf);
  const value = opened && read(opened);
  if (rejected !== null || value === null) return rejected ?? { ok: false, reason: "invalid_json", message: "The message holds no event." };
  return done(value);
}

export function limitsOf({ limits }: DecodeContext): DecodeLimits {
  return limits ? { ...DECODE_LIMITS, ...limits } : DECODE_LIMITS;
}

/** The event's type and model, which decide how everything else is read; null when either is not to be had. */
function open(
  object: Readonly<Record<string, unknown>>,
  context: DecodeContext,
  limits: DecodeLimits,
  reject: Reject,
  nameOf?: (field: string) => string,
): Read | null {
  const fields = createFields(object, limits, reject, () => context.notice?.replacedText?.(), nameOf);
  const type = fields.required("type", '"prediction" or "label"');
  if (type === undefined) return null;
  if (type !== "prediction" && type !== "label") {
    reject("unknown_type", `type is ${found(type)}; expected "prediction" or "label".`);
    return null;
  }
  const name = fields.requiredText("model", limits.nameLength);
  if (name === "") return null;
  const model = context.models.get(name);
  if (!model) {
    reject("unregistered_model", `model is ${found(name)}, which the configuration does not name.`);
    return null;
  }
  return { type, object, fields, model, limits, reject };
}

function readPrediction(read: Read, known: ReadonlySet<string>, origin: Origin, context: DecodeContext): Prediction {
  const { fields, model, limits, reject } = read;
  const binary = model.task === "binary";
  const probabilities = binary || model.task === "multiclass";
  const isProbability = (value: number): boolean => value >= 0 && value <= 1;
  const id = readId(read, origin, context);
  const version = fields.requiredText("version", limits.nameLength);
  const time = fields.time("time", fields.required("time", "an RFC 3339 time or epoch milliseconds") ?? context.now, {
    now: context.now,
    live: context.liveClock,
  });
  const features = readFeatures(fields, limits, reject, context.lists);
  const answer = fields.at("prediction");
  const answerNumber =
    answer !== undefined && model.task === "regression"
      ? fields.number("prediction", answer, "a finite number, since the model's task is regression")
      : null;
  const answerClass = answer === undefined || model.task === "regression" ? null : readAnswer(read, answer);
  const score = binary
    ? fields.optionalNumber("score", "the probability of the positive class, from 0 to 1", isProbability)
    : fields.optionalNumber("score", "a finite number");
  const scores = probabilities
    ? fields.numbers("scores", limits.features, "a probability from 0 to 1", isProbability)
    : fields.numbers("scores", limits.features, "a finite number");
  const status = fields.optionalText("status", limits.nameLength, "ok");
  if (answer === undefined && score === null && scores.size === 0 && status !== "error") {
    reject("missing_field", 'prediction is missing, and so are score and scores; expected one of them, or status "error".');
  }
  const prediction: Prediction = {
    type: "prediction",
    id,
    model: model.name,
    version,
    time,
    features,
    predictedClass: answerClass,
    predictedNumber: answerNumber,
    // `scores` of a binary model name P(positive) too.
    score: score ?? (binary && model.positive !== null ? (scores.get(model.positive) ?? null) : null),
    scores,
    latencyMs: fields.optionalNumber("latency_ms", "milliseconds, 0 or more", (value) => value >= 0),
    status,
    role: fields.optionalText("role", limits.nameLength, ""),
    entity: fields.optionalText("entity", limits.idLength, ""),
    weight: fields.optionalNumber("weight", `a number from 0 to ${MOST_WEIGHT}`, (value) => value >= 0 && value <= MOST_WEIGHT) ?? 1,
    telemetry: fields.numbers("telemetry", limits.telemetry, "a finite number"),
  };
  noticeUnknown(read, known, context);
  return prediction;
}

/** A prediction without an id is named after its place in its source, so that reading it again does not double it. A request has no such place. */
function readId({ fields, limits }: Read, origin: Origin, context: DecodeContext): string {
  if (origin.source === "http" || fields.at("id") !== undefined) return fields.requiredText("id", limits.idLength);
  context.notice?.derivedId?.();
  return derivedId(origin);
}

export function derivedId(origin: Origin): string {
  return `${origin.topic}/${origin.partition}/${origin.offset}`.toWellFormed();
}

function readAnswer({ fields, model, limits }: Read, answer: unknown): string {
  return model.task === "ranking" ? rankedText(fields, limits, "prediction", answer) : fields.classText("prediction", answer);
}

const EXPECTED_LABEL: Readonly<Record<Task, string>> = {
  binary: "a class",
  multiclass: "a class",
  regression: "a finite number",
  ranking: EXPECTED_RELEVANT,
};

function readTruth(read: Read): { label: string; labelNumber: number | null } {
  const { fields, model, limits } = read;
  const value = fields.required("label", EXPECTED_LABEL[model.task]);
  if (value === undefined) return { label: "", labelNumber: null };
  if (model.task === "regression") {
    const labelNumber = fields.number("label", value, "a finite number, since the model's task is regression");
    return { label: String(labelNumber), labelNumber };
  }
  const label = model.task === "ranking" ? relevantText(fields, limits, "label", value) : fields.classText("label", value);
  return { label, labelNumber: model.task === "ranking" && typeof value === "number" ? value : null };
}

function readLabel(read: Read, context: DecodeContext): Label {
  const { fields, model, limits } = read;
  const time = fields.at("time");
  const label: Label = {
    type: "label",
    id: fields.requiredText("id", limits.idLength),
    model: model.name,
    time: time === undefined ? null : fields.time("time", time, { now: context.now, live: context.liveClock }),
    ...readTruth(read),
    revision:
      fields.optionalNumber(
        "revision",
        `a whole number from 0 to ${LARGEST_REVISION}`,
        (value) => Number.isInteger(value) && value >= 0 && value <= LARGEST_REVISION,
      ) ?? 0,
  };
  noticeUnknown(read, LABEL_FIELDS, context);
  return label;
}

function noticeUnknown({ object }: Read, known: ReadonlySet<string>, context: DecodeContext): void {
  const tell = context.notice?.unknownField;
  if (!tell) return;
  for (const name in object) if (!known.has(name)) tell(name);
}
