import * as z from "zod";
import { REJECT_REASONS } from "../model/event.ts";
import { count } from "./json.ts";

export const ingested = z
  .strictObject({
    accepted: count.meta({ description: "Events that are stored durably." }),
    rejected: z.array(
      z.strictObject({
        index: count.meta({ description: "Position in the request, from 0." }),
        reason: z.enum(REJECT_REASONS),
        message: z.string(),
      }),
    ),
  })
  .meta({ id: "Ingested" });
