import type { Event } from "../../model/event.ts";
import { valueAtPath } from "../../model/field-path.ts";
import type { FeatureSelection, MappedField, MappedSettings } from "../../model/settings.ts";
import { decodeObject, derivedId, limitsOf, type DecodeContext } from "../decode.ts";
import { found, type Reject } from "../fields.ts";
import { parseObject } from "../json.ts";
import type { Message } from "../source.ts";
import type { Adapted } from "./adapter.ts";
import {
  answerOf,
  convertFeatures,
  idOfRow,
  isObject,
  readAnswer,
  readRequest,
  record,
  valueOf,
  type BodyReading,
  type Row,
} from "./bodies.ts";
import { readTime } from "./read-time.ts";

/** Flat JSON of any shape: the settings say where each field of our event is found. */
export function adaptMapped(settings: MappedSettings, message: Message, context: DecodeContext): Adapted {
  let rejected: Adapted | null = null;
  const reject: Reject = (reason, text) => {
    rejected ??= { kind: "rejected", reason, message: text };
  };
  const reading = { limits: limitsOf(context), reject };
  const object = parseObject(message.bytes, reading.limits, reject);
  if (object && settings.bentoSchema && isBentoSchema(object)) return { kind: "ignored", reason: "schema" };
  const events = object && readEvents(settings, object, message, context, reading);
  return rejected ?? { kind: "events", events: events ?? [] };
}

/** The line in which BentoML says what its columns are; its place is another file, but shippers merge them. */
function isBentoSchema(object: Row): boolean {
  const { columns } = object;
  return (
    Array.isArray(columns) &&
    ("meta_data" in object || "bento_meta" in object) &&
    columns.every((column) => isObject(column) && "role" in column)
  );
}

function readEvents(settings: MappedSettings, object: Row, message: Message, context: DecodeContext, reading: BodyReading): Event[] {
  const { fields, outputs, bodies } = settings;
  const told = (field: MappedField) => {
    const source = fields.get(field);
    return source ? valueOf(object, source) : undefined;
  };
  const id = textOf(told("id"), "id", settings, reading);
  const common = { id, model: told("model") };
  const predicts = bodies !== null || outputs.prediction !== null || outputs.score !== null || outputs.scores !== null;
  const objects: Row[] = [];
  if (predicts) {
    const time = readTime(object, settings.time, message, reading.reject);
    const version = textOf(told("version"), "version", settings, reading);
    const rest = (["status", "latency_ms", "role", "entity", "weight"] as const).map((field) => [field, told(field)] as const);
    const base = { type: "prediction", ...common, version, time, ...record(rest) };
    const rows =
      bodies === null ? singleRow(settings, object, reading) : bodyRows(settings, bodies, object, told("status") === "error", reading);
    for (const [index, row] of (rows ?? []).entries())
      objects.push({ ...base, ...row, ...rowId(id, index, rows?.length ?? 1, message, context) });
  }
  if (fields.has("label") && (!predicts || told("label") !== undefined)) {
    const time = readTime(object, settings.labelTime ?? settings.time, message, reading.reject);
    objects.push({ type: "label", ...common, label: told("label"), time, revision: told("revision") });
  }
  return objects.flatMap((made) => {
    const decoded = decodeObject(made, message.origin, context, nameIn(settings));
    if (decoded.ok) return [decoded.event];
    reading.reject(decoded.reason, decoded.message);
    return [];
  });
}

/** Ids and versions are texts. A number that floats cannot hold exactly would be another id. */
function textOf(value: unknown, field: MappedField, settings: MappedSettings, { reject }: BodyReading): unknown {
  if (typeof value !== "number") return value;
  if (Number.isSafeInteger(value) || (field === "version" && Number.isFinite(value))) return String(value);
  reject("invalid_field", `${nameIn(settings)(field)} is ${found(value)}, too large to be exact; expected a text.`);
  return undefined;
}

/** Of a request of many rows each is a prediction. */
function rowId(id: unknown, row: number, rows: number, message: Message, context: DecodeContext): { readonly id?: string } {
  if (rows === 1) return {};
  if (typeof id === "string" && id !== "") return { id: idOfRow(id, row, rows) };
  if (id !== undefined || message.origin.source === "http") return {};
  context.notice?.derivedId?.();
  return { id: idOfRow(derivedId(message.origin), row, rows) };
}

function singleRow(settings: MappedSettings, object: Row, reading: BodyReading): readonly Row[] | null {
  const features = selectFeatures(settings, object, reading);
  const answer = answerOf(object, settings.outputs, reading);
  return features && answer && [{ features: convertFeatures(features, settings.types), ...answer }];
}

function bodyRows(
  { featureNames, types, outputs }: MappedSettings,
  bodies: NonNullable<MappedSettings["bodies"]>,
  object: Row,
  failed: boolean,
  reading: BodyReading,
): readonly Row[] | null {
  const request = bodyAt(object, bodies.request, "request", reading);
  const rows = request && readRequest(request, { names: featureNames, featureTypes: types }, reading);
  if (!rows || failed) return rows?.map((features) => ({ features })) ?? null;
  const response = bodyAt(object, bodies.response, "response", reading);
  const answers = response && readAnswer(response, outputs, reading);
  if (!answers) return null;
  if (answers.length === rows.length) return rows.map((features, index) => ({ features, ...answers[index] }));
  reading.reject("invalid_field", `The request has ${rows.length} rows, and the answer ${answers.length}; expected as many.`);
  return null;
}

/** A body, as JSON or as the text of JSON. */
function bodyAt(object: Row, path: readonly (string | number)[], what: string, { limits, reject }: BodyReading): Row | null {
  const value = valueAtPath(object, path);
  if (isObject(value)) return value;
  if (typeof value === "string") return parseObject(Buffer.from(value), limits, (reason, text) => reject(reason, `${what}: ${text}`));
  reject(
    value === undefined || value === null ? "missing_field" : "invalid_field",
    `The ${what} is ${found(value)}; expected an object, or its JSON as text.`,
  );
  return null;
}

function selectFeatures(settings: MappedSettings, object: Row, { reject }: BodyReading): Row | null {
  const { from, only, except, prefix, strip, names } = settings.features;
  const value = from === null ? object : valueAtPath(object, from);
  const found = Array.isArray(value) && names ? listed(value, names) : value;
  if (!isObject(found)) {
    reject(value === undefined || value === null ? "missing_field" : "invalid_field", whyNoFeatures(value, settings.features));
    return null;
  }
  if (only)
    return record(
      [...only]
        .map(([name, path]) => [name, Object.hasOwn(found, name) ? found[name] : valueAtPath(found, path)] as const)
        .filter(([, one]) => one !== undefined),
    );
  const left = new Set(from === null ? [...except, ...membersInUse(settings)] : except);
  const chosen = Object.entries(found).filter(([name]) => name.startsWith(prefix) && !left.has(name));
  return record(strip ? chosen.map(([name, one]) => [name.slice(prefix.length), one]) : chosen);
}

function listed(values: readonly unknown[], names: readonly string[]): Row | null {
  return values.length === names.length ? record(names.map((name, index) => [name, values[index]])) : null;
}

function whyNoFeatures(value: unknown, { names }: FeatureSelection): string {
  if (!Array.isArray(value)) return `The features are ${found(value)}; expected an object${names ? `, or a list of ${names.length}` : ""}.`;
  return `The features are a list of ${value.length}; expected ${names ? `${names.length}, one a name` : "an object, or names for the list"}.`;
}

/** What another field is read from is no feature: a label among them would tell the model's future. */
function membersInUse({ fields, time, labelTime, outputs }: MappedSettings): string[] {
  const sources = [...fields.values(), time, labelTime, outputs.prediction, outputs.score, outputs.scores];
  return sources.flatMap((source) => (typeof source?.path?.[0] === "string" ? [source.path[0]] : []));
}

/** What messages to a person call a field: our name, and where it was looked for. */
function nameIn({ fields, time, outputs }: MappedSettings): (field: string) => string {
  return (field) => {
    const source = field === "time" ? time : field in outputs ? outputs[field as keyof typeof outputs] : fields.get(field as MappedField);
    return source?.path ? `${field} (from ${source.written})` : field;
  };
}
