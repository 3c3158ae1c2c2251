import * as z from "zod";
import { parseFieldPath, type FieldPath } from "../model/field-path.ts";
import { FEATURE_TYPES, TIME_UNITS } from "../model/settings.ts";
import { isTimeZone } from "../model/time-zone.ts";
import { duration, flag, name, object, says, text } from "./schema-values.ts";

const isPath = says(
  "expected a path such as request.rows[0].amount",
  'names between dots, places in lists in [ ]; a name with dots or brackets is ["in.quotes"]',
);
const isSource = says(
  "expected a path such as request.id, or {value: …}",
  "a text is a path into the message; {path: …, default: …} says what stands in, {value: …} is a constant",
);
const isConstant = says("expected a name, or {path: …}", "a text is the name itself; {path: request.model} reads it from the message");
const isZone = says("expected the name of a time zone", "as in Europe/Zagreb, America/New_York or UTC");
const isType = says(`expected one of ${FEATURE_TYPES.join(", ")}`, "as in {zip_code: text}");

const path = z
  .string(isPath)
  .refine((written) => parseFieldPath(written) !== null, isPath)
  .transform((written): { steps: FieldPath; written: string } => ({ steps: parseFieldPath(written) ?? [], written }));
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const found = object({ path, default: scalar.optional() });
const constant = object({ value: scalar });

/** A text is a path. */
const source = z.union([path, found, constant], isSource);
/** A text is the value: what most messages do not hold. */
const given = z.union([text, z.number(), found], isConstant);
const classes = z
  .array(z.string())
  .min(1, says("expected at least one class", "the classes in the order of the model's output, as in [setosa, versicolor]"));
const answer = z.union([path, object({ path, classes: classes.optional() })], isSource);
const moment = z.union(
  [
    path,
    object({ path: path.optional(), unit: z.enum(TIME_UNITS).optional(), timezone: z.string().refine(isTimeZone, isZone).optional() }),
  ],
  isPath,
);

const features = z.union([
  z.array(path),
  object({
    from: path.optional(),
    only: z.union([z.array(path), z.record(name, path)]).optional(),
    except: z.array(text).optional(),
    prefix: text.optional(),
    strip_prefix: flag.optional(),
    names: z.array(text).min(1).optional(),
  }),
]);
const types = z.record(name, z.enum(FEATURE_TYPES, isType));
const featureNames = z.array(text).min(1, says("expected at least one name", "the features in the order in which the model takes them"));
const outputs = { prediction: answer.optional(), score: source.optional(), scores: answer.optional() };

export const PRESETS = ["bentoml", "mlflow"] as const;

/** Every kind of adapter, by its `type`. */
export const adapterSchemas = {
  mapped: object({
    type: z.literal("mapped"),
    preset: z.enum(PRESETS).optional(),
    model: given,
    version: given.optional(),
    id: source.optional(),
    time: moment.optional(),
    features: features.optional(),
    types: types.default({}),
    ...outputs,
    request: path.optional(),
    response: path.optional(),
    feature_names: featureNames.optional(),
    label: source.optional(),
    label_time: moment.optional(),
    revision: source.optional(),
    status: source.optional(),
    latency_ms: source.optional(),
    role: source.optional(),
    entity: source.optional(),
    weight: source.optional(),
  }),
  cloudevents: object({
    type: z.literal("cloudevents"),
    services: z
      .record(
        name,
        object({
          model: text.optional(),
          version: text.optional(),
          feature_names: featureNames.optional(),
          types: types.default({}),
          ...outputs,
        }),
      )
      .default({}),
    components: z.array(text).min(1, says("expected at least one component", "as in [predictor]")).default(["predictor"]),
    within: duration.prefault("10m"),
    keep: duration.prefault("24h"),
    unanswered: z.enum(["count", "error"]).default("count"),
  }),
};
