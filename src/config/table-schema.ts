import * as z from "zod";
import { FEATURE_TYPES, TIME_UNITS } from "../model/settings.ts";
import { isTimeZone } from "../model/time-zone.ts";
import { name, object, says, text, time } from "./schema-values.ts";

const isTime = says(
  "expected the name of a column, {column: …} or {value: …}",
  "as in {column: scored_at, timezone: UTC}; rows without times are {value: 2026-03-01}",
);
const isVersion = says("expected the name of a column, or {value: …}", 'as in version: {value: "2013-q1"}');
const isZone = says("expected the name of a time zone", "as in Europe/Zagreb, America/New_York or UTC");
const isType = says(`expected one of ${FEATURE_TYPES.join(", ")}`, "as in {zip_code: text}");
const isDelimiter = says("expected one character", 'as in ";", or "\\t" for a tab');

const columns = object({
  id: text.optional(),
  time: z.union(
    [
      text,
      object({ column: text, unit: z.enum(TIME_UNITS).default("ms"), timezone: z.string().refine(isTimeZone, isZone).optional() }),
      object({ value: time }),
    ],
    isTime,
  ),
  version: z.union([text, object({ value: z.union([text, z.number()]) })], isVersion).optional(),
  prediction: text.optional(),
  score: text.optional(),
  scores: z.record(name, text).default({}),
  label: text.optional(),
  features: z
    .union([z.array(text), object({ only: z.union([z.array(text), z.record(name, text)]).optional(), except: z.array(text).optional() })])
    .optional(),
  types: z.record(name, z.enum(FEATURE_TYPES, isType)).default({}),
});

/** What a baseline says of files of columns, beside where they are. */
export const tableShape = {
  columns: columns.optional(),
  delimiter: z.string().length(1, isDelimiter).optional(),
  missing: z.array(z.string()).optional(),
};

export type WrittenTable = z.output<z.ZodObject<typeof tableShape>>;
