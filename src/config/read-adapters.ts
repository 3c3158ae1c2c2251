import type * as z from "zod";
import {
  MAPPED_FIELDS,
  type AdapterSettings,
  type ClassSource,
  type CloudEventsSettings,
  type FeatureSelection,
  type MappedField,
  type MappedSettings,
  type OutputSettings,
  type ServiceSettings,
  type TimeSource,
  type ValueSource,
} from "../model/settings.ts";
import { formatDuration } from "../model/time.ts";
import { adapterSchemas } from "./adapters-schema.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";
import { namesAt, readPart, readType, reportUnknownModel, reportUnknownName, valueAt } from "./read-part.ts";

type Mapped = z.output<typeof adapterSchemas.mapped>;
type Written = NonNullable<Mapped["id"]> | NonNullable<Mapped["model"]>;
type WrittenAnswer = NonNullable<Mapped["prediction"]>;

/** The adapters that are right, by name. */
export function readAdapters(document: Document, models: readonly string[]): Map<string, AdapterSettings> {
  const adapters = new Map<string, AdapterSettings>();
  for (const name of namesAt(document, ["adapters"])) {
    const path = ["adapters", name];
    const type = readType(document, path, Object.keys(adapterSchemas), []);
    const adapter =
      type === "mapped" ? readMapped(document, name, models) : type === "cloudevents" ? readCloudEvents(document, name, models) : undefined;
    if (adapter) adapters.set(name, adapter);
  }
  return adapters;
}

/** Reports an adapter that is not there, or is of another type than the one that is needed. */
export function checkAdapter(document: Document, path: Path, name: string, type?: keyof typeof adapterSchemas): void {
  const known = namesAt(document, ["adapters"]);
  if (!known.includes(name))
    reportUnknownName(document, path, `there is no adapter named ${name}`, name, known, "define it under `adapters`");
  else if (type !== undefined && valueAt(document.data, ["adapters", name, "type"]) !== type)
    document.report(path, `the adapter ${name} is not of type ${type}`, `name one of type ${type}`);
}

/** The name of the adapter of a type, where there is one only. */
export function onlyAdapter(document: Document, type: keyof typeof adapterSchemas): string | null {
  const names = namesAt(document, ["adapters"]).filter((name) => valueAt(document.data, ["adapters", name, "type"]) === type);
  return names.length === 1 ? (names[0] ?? null) : null;
}

/** What a preset says where the adapter itself does not. */
const PRESETS: Readonly<
  Record<
    NonNullable<Mapped["preset"]>,
    { id: string; time: string; unit: TimeSource["unit"]; timezone: string | null; except: readonly string[]; bodies: boolean }
  >
> = {
  bentoml: {
    id: "request_id",
    time: "timestamp",
    unit: "s",
    timezone: "UTC",
    except: ["timestamp", "request_id", "trace_id"],
    bodies: false,
  },
  mlflow: { id: "request_id", time: "timestamp", unit: "ms", timezone: null, except: [], bodies: true },
};

function readMapped(document: Document, name: string, models: readonly string[]): MappedSettings | undefined {
  const place = ["adapters", name];
  const mapped = readPart(document, adapterSchemas.mapped, place);
  if (!mapped) return undefined;
  const preset = mapped.preset && PRESETS[mapped.preset];
  const outputs = outputsOf(mapped);
  const request = mapped.request?.steps ?? (preset?.bodies ? ["request"] : null);
  const response = mapped.response?.steps ?? (preset?.bodies ? ["response"] : null);
  const bodies = request && response ? { request, response } : null;
  const predicts = bodies !== null || Object.values(outputs).some((output) => output !== null);

  checkModel(document, [...place, "model"], mapped.model, models);
  if ((request === null) !== (response === null))
    document.report(place, "`request` and `response` go together", "where in the message the one and the other stand");
  if (!predicts && !mapped.label)
    document.report(
      place,
      "the adapter makes neither predictions nor labels",
      "say where the `prediction`, the `score` or the `label` is, or use `request` and `response`",
    );
  if (predicts && mapped.version === undefined)
    document.report(place, "`version` is required for predictions", 'as in version: "2013-q1", or version: {path: meta.version}');
  if (bodies && mapped.label)
    document.report([...place, "label"], "a request of many rows has no one label", "send labels as messages of their own");
  if (bodies && mapped.features)
    document.report(
      [...place, "features"],
      "the features are those of the request",
      "use `feature_names` to name columns, or leave it out",
    );

  const fields = new Map<MappedField, ValueSource>();
  for (const field of MAPPED_FIELDS) {
    const written = mapped[field];
    if (written !== undefined) fields.set(field, sourceOf(written));
  }
  if (preset && !fields.has("id")) fields.set("id", { path: [preset.id], written: preset.id, fallback: null });
  return {
    type: "mapped",
    name,
    fields,
    time: timeOf(mapped.time, preset),
    labelTime: timeOf(mapped.label_time, undefined),
    features: featuresOf(mapped.features, preset?.except ?? []),
    types: new Map(Object.entries(mapped.types)),
    bodies,
    featureNames: mapped.feature_names ?? null,
    outputs,
    bentoSchema: mapped.preset === "bentoml",
  };
}

function checkModel(document: Document, path: Path, model: Mapped["model"], models: readonly string[]): void {
  if (typeof model === "object" || models.includes(String(model))) return;
  reportUnknownModel(document, path, String(model), models);
}

type WrittenPath = Extract<Written, { steps: unknown }>;

function sourceOf(written: Written): ValueSource {
  if (typeof written !== "object") return { path: null, written: "", fallback: String(written) };
  if ("value" in written) return { path: null, written: "", fallback: written.value };
  return "steps" in written ? at(written, null) : at(written.path, written.default ?? null);
}

function at({ steps, written }: WrittenPath, fallback: ValueSource["fallback"]): ValueSource {
  return { path: steps, written, fallback };
}

function answerOf(written: WrittenAnswer | undefined): ClassSource | null {
  if (written === undefined) return null;
  return "steps" in written ? { ...at(written, null), classes: null } : { ...at(written.path, null), classes: written.classes ?? null };
}

function outputsOf({ prediction, score, scores }: Pick<Mapped, "prediction" | "score" | "scores">): OutputSettings {
  return { prediction: answerOf(prediction), score: score === undefined ? null : sourceOf(score), scores: answerOf(scores) };
}

function timeOf(written: Mapped["time"], preset: (typeof PRESETS)["bentoml"] | undefined): TimeSource | null {
  const { path, unit, timezone } = written === undefined ? {} : "steps" in written ? { path: written } : written;
  const where = path ?? (preset && { steps: [preset.time], written: preset.time });
  return where ? { ...at(where, null), unit: unit ?? preset?.unit ?? "ms", timezone: timezone ?? preset?.timezone ?? null } : null;
}

function featuresOf(written: Mapped["features"], except: readonly string[]): FeatureSelection {
  const selection = Array.isArray(written) ? { only: written } : (written ?? {});
  const { from, only, prefix, strip_prefix: strip, names, except: more } = selection;
  const pairs =
    only &&
    (Array.isArray(only)
      ? only.map((one) => [one.written, one.steps] as const)
      : Object.entries(only).map(([name, one]) => [name, one.steps] as const));
  return {
    from: from?.steps ?? null,
    only: pairs ? new Map(pairs) : null,
    except: [...except, ...(more ?? [])],
    prefix: prefix ?? "",
    strip: strip ?? false,
    names: names ?? null,
  };
}

function readCloudEvents(document: Document, name: string, models: readonly string[]): CloudEventsSettings | undefined {
  const place = ["adapters", name];
  const adapter = readPart(document, adapterSchemas.cloudevents, place);
  if (!adapter) return undefined;
  const services = new Map<string, ServiceSettings>();
  for (const [service, settings] of Object.entries(adapter.services)) {
    const path = [...place, "services", service, ...(settings.model === undefined ? [] : ["model"])];
    const model = settings.model ?? service;
    if (!models.includes(model)) reportUnknownModel(document, path, model, models, "say which `model` it is, or define it under `models`");
    services.set(service, {
      model,
      version: settings.version ?? null,
      featureNames: settings.feature_names ?? null,
      types: new Map(Object.entries(settings.types)),
      outputs: outputsOf(settings),
    });
  }
  if (adapter.keep < 2 * adapter.within)
    document.report(
      [...place, "keep"],
      `expected at least ${formatDuration(2 * adapter.within)}, twice \`within\``,
      "requests and answers are remembered for as long",
    );
  const { components, within, keep, unanswered } = adapter;
  return { type: "cloudevents", name, services, components, within, keep, unanswered };
}
