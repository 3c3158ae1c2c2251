import * as z from "zod";
import type { BaselineSettings } from "../model/settings.ts";
import { formatDuration, formatTime } from "../model/time.ts";
import type { StoredBaseline } from "../store/baselines.ts";
import { count, moment } from "./json.ts";

export const baseline = z
  .strictObject({
    model: z.string(),
    name: z.string(),
    kind: z.enum(["file", "trailing", "period", "version"]),
    window: z.string().nullable(),
    offset: z.string().nullable(),
    from: moment.nullable(),
    to: moment.nullable(),
    version: z.string().nullable(),
    season: z
      .enum(["day", "week"])
      .nullable()
      .meta({ description: "What comes again: windows are held against those at the same place of it." }),
    loaded: z.array(
      z.strictObject({
        key: z.string(),
        version: z.string().nullable(),
        source: z.string(),
        digest: z.string(),
        rows: count,
        labelled: count,
        first_time: moment,
        last_time: moment,
        created_at: moment,
      }),
    ),
  })
  .meta({ id: "Baseline" });

/** What a baseline is, and what of it is loaded. */
export function baselineJson(model: string, baseline: BaselineSettings, stored: readonly StoredBaseline[]) {
  return {
    model,
    name: baseline.name,
    kind: baseline.kind,
    window: baseline.kind === "trailing" ? formatDuration(baseline.window) : null,
    offset: baseline.kind === "trailing" ? formatDuration(baseline.offset) : null,
    from: baseline.kind === "period" ? formatTime(baseline.from) : null,
    to: baseline.kind === "period" ? formatTime(baseline.to) : null,
    version: baseline.kind === "version" || baseline.kind === "period" ? (baseline.version ?? null) : null,
    season: baseline.kind === "version" ? null : (baseline.season ?? null),
    loaded: stored
      .filter((one) => one.model === model && one.name === baseline.name)
      .map((one) => ({
        key: one.key,
        version: one.version === "" ? null : one.version,
        source: one.source,
        digest: one.digest,
        rows: one.rows,
        labelled: one.labelled,
        first_time: formatTime(one.firstTime),
        last_time: formatTime(one.lastTime),
        created_at: formatTime(one.createdAt),
      })),
  };
}
