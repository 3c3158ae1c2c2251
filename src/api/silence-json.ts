import * as z from "zod";
import type { Silence } from "../model/silence.ts";
import { formatTime, type Millis } from "../model/time.ts";
import { moment } from "./json.ts";

const matched = z.string().nullable();

export const silence = z
  .strictObject({
    id: z.string(),
    match: z
      .strictObject({ model: matched, rule: matched, version: matched, segment: matched, subject: matched, severity: matched })
      .meta({ description: "What alerts have to be; null is anything." }),
    from: moment,
    to: moment,
    active: z.boolean(),
    by: z.string(),
    comment: z.string(),
    created_at: moment,
  })
  .meta({ id: "Silence" });

export function silenceJson(silence: Silence, now: Millis) {
  return {
    id: silence.id,
    match: silence.match,
    from: formatTime(silence.from),
    to: formatTime(silence.to),
    active: silence.from <= now && now < silence.to,
    by: silence.by,
    comment: silence.comment,
    created_at: formatTime(silence.createdAt),
  };
}
