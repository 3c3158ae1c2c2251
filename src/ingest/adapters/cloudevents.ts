import { hash } from "node:crypto";
import type { Half } from "../../model/event.ts";
import type { CloudEventsSettings, ServiceSettings } from "../../model/settings.ts";
import { decodeObject, limitsOf, type DecodeContext } from "../decode.ts";
import { found, type Reject } from "../fields.ts";
import { parseObject } from "../json.ts";
import type { Message } from "../source.ts";
import type { Adapted } from "./adapter.ts";
import { isObject, isTensor, readAnswer, readRequest, type BodyReading, type Row } from "./bodies.ts";
import { writeHalfBody } from "./half-body.ts";
import { parseMicros } from "./read-time.ts";

/** What is added to an id where one request makes several predictions, or an id is used again. */
const LONGEST_SUFFIX = 40;

const NO_SERVICE: ServiceSettings = {
  model: null,
  version: null,
  featureNames: null,
  types: new Map(),
  outputs: { prediction: null, score: null, scores: null },
};

type Envelope = {
  readonly attributes: ReadonlyMap<string, string>;
  /** The body as it came, or the value inside a structured event. */
  readonly body: { readonly bytes: Uint8Array | null } | { readonly value: unknown };
};

/**
 * Inference logged as CloudEvents: by KServe's agent (V1 and V2 bodies), and by MLServer, whose Kafka input is no
 * CloudEvent and is told by its headers. An event is one half of one or more predictions.
 */
export function adaptCloudEvent(settings: CloudEventsSettings, message: Message, context: DecodeContext): Adapted {
  let rejected: Adapted | null = null;
  const reject: Reject = (reason, text) => {
    rejected ??= { kind: "rejected", reason, message: text };
  };
  const reading = { limits: limitsOf(context), reject };
  const envelope = openEnvelope(message, reading);
  const adapted = envelope && readHalf(settings, envelope, message, context, reading);
  return rejected ?? adapted ?? { kind: "rejected", reason: "invalid_json", message: "The message holds no event." };
}

function readHalf(
  settings: CloudEventsSettings,
  { attributes, body }: Envelope,
  message: Message,
  context: DecodeContext,
  reading: BodyReading,
): Adapted | null {
  const { limits, reject } = reading;
  const side = sideOf(attributes, reject);
  if (side === null) return null;
  const component = attributes.get("component") ?? "";
  if (component !== "" && !settings.components.includes(component)) return { kind: "ignored", reason: "other_component" };
  // Whoever asks the agent whether a model is ready is logged as well: a request of nothing, and an answer about health.
  if ("bytes" in body && side === "request" && attributes.has("specversion") && (body.bytes?.length ?? 0) === 0)
    return { kind: "ignored", reason: "health_check" };
  const object = "bytes" in body ? parseObject(body.bytes, limits, reject) : dataOf(body.value, reading);
  if (object === null) return null;
  if (side === "response" && isHealth(object)) return { kind: "ignored", reason: "health_check" };

  const named = nameService(settings, attributes, context, reject);
  if (named === null) return null;
  const { model, service } = named;
  const time = timeOf(attributes, message, reject);
  const id = attributes.get("requestid") || attributes.get("id") || message.key || (typeof object["id"] === "string" ? object["id"] : "");
  if (id === "") reject("missing_field", "The event has no id; expected ce-requestid, ce-id, a record key, or an id in its body.");
  if (id.length > limits.idLength - LONGEST_SUFFIX)
    reject("invalid_field", `The event's id has ${id.length} characters; at most ${limits.idLength - LONGEST_SUFFIX} are taken.`);
  const rows = side === "request" ? requestRows(object, service, reading) : readAnswer(object, service.outputs, reading);
  const version = service.version ?? versionOf(object, attributes);
  if (side === "response" && version === null)
    reject(
      "missing_field",
      "Nobody says which version answered; expected model_version in the body, ce-endpoint, or the service's version in the adapter.",
    );
  if (rows === null || time === null) return null;

  const half: Half = {
    adapter: settings.name,
    model,
    scope: [attributes.get("namespace") ?? "", component].join("/").toWellFormed(),
    id: id.toWellFormed(),
    rows: rows.length,
    side,
    time,
    digest: hash("sha256", message.bytes ?? "", "buffer")
      .readBigUInt64BE(0)
      .toString(),
    body: writeHalfBody({ version, rows }),
  };
  checkRows(half, { version, rows }, message, context, reject);
  return { kind: "half", half };
}

/** Headers in the way of HTTP (`ce-`) or of Kafka (`ce_`), or an event as a whole in the body. */
function openEnvelope({ bytes, headers = new Map<string, string>() }: Message, { limits, reject }: BodyReading): Envelope | null {
  if (headers.get("content-type")?.trim().toLowerCase().startsWith("application/cloudevents")) {
    const event = parseObject(bytes, limits, reject);
    if (!event) return null;
    const { data, data_base64, ...rest } = event;
    const attributes = new Map<string, string>();
    for (const [name, value] of Object.entries(rest))
      if (typeof value === "string" || typeof value === "number") attributes.set(name.toLowerCase(), String(value));
    if (!knownSpec(attributes, reject)) return null;
    if (typeof data_base64 === "string") return { attributes, body: { bytes: Buffer.from(data_base64, "base64") } };
    return { attributes, body: data === undefined || data === null || data === "" ? { bytes: null } : { value: data } };
  }
  const attributes = new Map<string, string>();
  for (const [name, value] of headers) if (/^ce[-_]/.test(name)) attributes.set(name.slice(3), value);
  if (attributes.size === 0) {
    const model = headers.get("mlserver-model");
    if (model === undefined) {
      reject(
        "missing_field",
        "The message is no CloudEvent: it has neither headers such as ce-type or ce_type, nor the content-type application/cloudevents+json.",
      );
      return null;
    }
    return {
      attributes: new Map([
        ["type", MLSERVER_INPUT],
        ["modelid", model],
        ["modelversion", headers.get("mlserver-version") ?? ""],
      ]),
      body: { bytes },
    };
  }
  return knownSpec(attributes, reject) ? { attributes, body: { bytes } } : null;
}

/** MLServer's input has no type; this is the one its output would have been a request of. */
const MLSERVER_INPUT = "io.seldon.serving.inference.request";

function knownSpec(attributes: ReadonlyMap<string, string>, reject: Reject): boolean {
  const spec = attributes.get("specversion");
  if (spec === "1.0" || spec === "0.3") return true;
  reject(spec === undefined ? "missing_field" : "invalid_field", `The CloudEvent's specversion is ${found(spec)}; expected 1.0 or 0.3.`);
  return false;
}

function sideOf(attributes: ReadonlyMap<string, string>, reject: Reject): Half["side"] | null {
  const type = attributes.get("type");
  const side = /^(?:org\.kubeflow|io\.kserve|io\.seldon)(?:\.serving)?\.inference\.(request|response)$/.exec(type ?? "")?.[1];
  if (side === "request" || side === "response") return side;
  reject(
    type === undefined ? "missing_field" : "unknown_type",
    `The CloudEvent's type is ${found(type)}; expected one such as org.kubeflow.serving.inference.request or ….response.`,
  );
  return null;
}

/** The value inside a structured event: JSON, or the text of JSON. */
function dataOf(value: unknown, { limits, reject }: BodyReading): Row | null {
  if (isObject(value)) return value;
  if (typeof value === "string") return parseObject(Buffer.from(value), limits, reject);
  reject("not_an_object", `The CloudEvent's data is ${found(value)}; expected an object.`);
  return null;
}

const HEALTH = ["ready", "live", "status", "models", "platform", "extensions", "versions"];

/** What a server says of itself or its models: nothing that was predicted. */
function isHealth(object: Row): boolean {
  const { predictions, outputs } = object;
  if (predictions !== undefined || (Array.isArray(outputs) && outputs.some(isTensor))) return false;
  return HEALTH.some((key) => key in object);
}

/** The model an event is about, with its settings. Events name the service, and some the model in it. */
function nameService(
  { services }: CloudEventsSettings,
  attributes: ReadonlyMap<string, string>,
  { models }: DecodeContext,
  reject: Reject,
): { readonly model: string; readonly service: ServiceSettings } | null {
  const [namespace, service, model] = ["namespace", "inferenceservicename", "modelid"].map((name) => attributes.get(name) || null);
  const names = [namespace && service ? `${namespace}/${service}` : null, model, service].filter((name) => typeof name === "string");
  const configured = names.find((name) => services.has(name));
  if (configured !== undefined) {
    const settings = services.get(configured) ?? NO_SERVICE;
    return { model: settings.model ?? configured, service: settings };
  }
  const known = names.find((name) => models.has(name));
  if (known !== undefined) return { model: known, service: NO_SERVICE };
  if (names.length === 0) reject("missing_field", "The event names no model; expected ce-inferenceservicename or ce-modelid.");
  else
    reject(
      "unregistered_model",
      `The event is of ${names.map(found).join(" and ")}; expected the name of a model, or one of the adapter's services.`,
    );
  return null;
}

/** Microseconds. An event without a time of its own has that of its Kafka record. */
function timeOf(attributes: ReadonlyMap<string, string>, { timestamp }: Message, reject: Reject): number | null {
  const text = attributes.get("time");
  if (text !== undefined) {
    const time = parseMicros(text);
    if (time === null) reject("invalid_field", `The CloudEvent's time is ${found(text)}; expected an RFC 3339 time.`);
    return time;
  }
  if (timestamp === null)
    reject("missing_field", "The CloudEvent has no time; expected ce-time, since a request over HTTP has none of its own.");
  return timestamp === null ? null : timestamp * 1000;
}

function versionOf(object: Row, attributes: ReadonlyMap<string, string>): string | null {
  const { model_version: version } = object;
  if ((typeof version === "string" && version !== "") || typeof version === "number") return String(version);
  return attributes.get("modelversion") || attributes.get("endpoint") || null;
}

function requestRows(object: Row, { featureNames, types }: ServiceSettings, reading: BodyReading): readonly Row[] | null {
  const rows = readRequest(object, { names: featureNames, featureTypes: types }, reading);
  return rows?.map((features) => ({ features })) ?? null;
}

/** A half that could never become a prediction is refused when it comes, not when its other half does. */
function checkRows(
  half: Half,
  { version, rows }: { version: string | null; rows: readonly Row[] },
  message: Message,
  context: DecodeContext,
  reject: Reject,
): void {
  const common = { type: "prediction", id: half.id, model: half.model, time: Math.floor(half.time / 1000), version: version ?? "unknown" };
  for (const [index, row] of rows.entries()) {
    const decoded = decodeObject({ ...common, ...row, ...(half.side === "request" ? { status: "error" } : {}) }, message.origin, context);
    if (decoded.ok) continue;
    reject(decoded.reason, `${rows.length > 1 ? `Row ${index}: ` : ""}${decoded.message}`);
    return;
  }
}
