import * as z from "zod";
import { moment } from "./json.ts";

export const status = z
  .strictObject({
    version: z.string(),
    ready: z.boolean(),
    reasons: z.array(z.string()),
    watermarks: z.record(z.string(), moment.nullable()),
    ingest: z.record(z.string(), z.unknown()),
    sources: z.array(z.unknown()),
  })
  .meta({ id: "Status" });

export const health = z.strictObject({ status: z.literal("ok"), version: z.string(), instance: z.string() });
export const ready = z.strictObject({ ready: z.literal(true) });
