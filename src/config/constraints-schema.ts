import * as z from "zod";
import { FEATURE_TYPES } from "../model/settings.ts";
import { name, object, says } from "./schema-values.ts";

const isShare = says("expected a share of rows between 0 and 1", "as in 0.02 for one row in fifty");
const share = z.number(isShare).min(0, isShare).max(1, isShare);
const atMost = share.default(0);

const isType = says(`expected one of ${FEATURE_TYPES.join(", ")}`, "as in number, or {is: number, at_most: 0.001}");
const type = z.enum(FEATURE_TYPES, isType);

const isText = says("expected a text", 'put it in quotes: "7"; numbers have a `range`');
const isTexts = says("expected a list of texts", "as in [DL, AA], or {among: [DL, AA], at_most: 0.001}");
const texts = z
  .array(z.string(isText))
  .min(1, says("expected at least one value", "remove the key to allow all"))
  .max(1_000, says("expected at most 1,000 values", "`distinct: {at_most: …}` bounds their number instead"));

const bound = z.number(says("expected a number", "as in {min: 0, max: 100}")).optional();

/** What one feature has to be. */
export const constraintSchema = object({
  type: z.union([type, object({ is: type, at_most: atMost })], isType).optional(),
  presence: z.enum(["required", "optional"]).default("required"),
  missing: object({ at_most: share }).optional(),
  range: object({ min: bound, max: bound, at_most: atMost })
    .refine(({ min, max }) => min !== undefined || max !== undefined, says("expected `min`, `max` or both", "as in {min: 0, max: 100}"))
    .refine(
      ({ min, max }) => min === undefined || max === undefined || min <= max,
      says("`min` is above `max`", "as in {min: 0, max: 100}"),
    )
    .optional(),
  values: z.union([texts, object({ among: texts, at_most: atMost })], isTexts).optional(),
  distinct: object({ at_most: z.int(says("expected a whole number", "1 or more")).min(1) }).optional(),
});
export type ParsedConstraint = z.output<typeof constraintSchema>;

/** Constraints of a model by feature; or the file they stand in, under the same key. */
export const constraintsSchema = z.union([z.string().min(1), z.record(name, constraintSchema)]);

/** A file of constraints. */
export const constraintsFileSchema = object({ constraints: z.record(name, constraintSchema).default({}) });
