import * as z from "zod";
import { count, moment } from "./json.ts";

const share = z.number().nullable();

export const grid = z
  .strictObject({
    model: z.string(),
    grid: count.nullable().meta({ description: "Grows with every new set of bins; null before there are any." }),
    stale: z.boolean(),
    from: moment.nullable(),
    to: moment.nullable(),
    subjects: z.array(
      z.strictObject({
        subject: z.enum(["feature", "prediction", "score"]),
        feature: z.string().nullable(),
        kind: z.enum(["numeric", "categorical"]),
        provisional: z.boolean().meta({ description: "Made from the first rows, for want of a baseline." }),
        rows: count,
        outside: share,
        outside_baselines: share,
        stale: z.boolean(),
      }),
    ),
  })
  .meta({ id: "Grid" });

export const rebuiltGrid = z.strictObject({ model: z.string(), grid: count, from: moment, to: moment }).meta({ id: "RebuiltGrid" });
