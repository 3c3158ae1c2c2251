import * as z from "zod";
import { REJECT_REASONS } from "../model/event.ts";
import { count, millis, page } from "./json.ts";

export const heldHours = z
  .record(z.string(), z.array(z.tuple([millis, count])))
  .meta({ id: "HeldHours", description: "Rows by hour, for each kind of row." });

export const heldRows = z.strictObject({ rows: z.array(z.tuple([z.string(), z.string(), millis, z.int()])) }).meta({
  id: "HeldRows",
  description:
    "Each row: 8 bytes of the SHA-256 of its id and its precedence, in hexadecimal, its time, and flags (1 a failed request, 2 one that predicted).",
});

export const countedBuckets = z
  .strictObject({
    subjects: count,
    buckets: z.array(
      z.strictObject({
        bucket: millis,
        requests: count,
        errors: count,
        features: z.strictObject({ least: count, most: count, subjects: count, torn: count }),
        outcomes: z.strictObject({ predictions: count, labelled: count, celled: count }),
      }),
    ),
  })
  .meta({ id: "CountedBuckets" });

export const due = z
  .strictObject({
    last: count.meta({ description: "The newest mark there is." }),
    marks: z.array(z.strictObject({ kind: z.enum(["features", "outcomes", "identity", "labels"]), bucket: millis })),
  })
  .meta({ id: "Due" });

export const letterOrigins = page(z.tuple([z.string(), z.string(), z.int(), z.string(), z.enum(REJECT_REASONS)]));
