import * as z from "zod";
import { TASKS, type ModelSettings } from "../model/settings.ts";
import { formatDuration, formatTime, type Millis } from "../model/time.ts";
import type { ModelVersion } from "../store/versions.ts";
import { count, moment, timeOrNull } from "./json.ts";

export const version = z
  .strictObject({ version: z.string(), rows: count, labelled: count, first_seen: moment, last_seen: moment })
  .meta({ id: "Version" });

export function versionJson(version: ModelVersion) {
  return {
    version: version.version,
    rows: version.rows,
    labelled: version.labelled,
    first_seen: formatTime(version.firstSeen),
    last_seen: formatTime(version.lastSeen),
  };
}

const modelShape = {
  model: z.string(),
  task: z.enum(TASKS),
  positive: z.string().nullable(),
  bucket: z.string(),
  lateness: z.string(),
  labels_expected_within: z.string(),
  baselines: z.array(z.string()),
  watermark: moment.nullable().meta({ description: "Up to when events are taken to be complete." }),
};

export const model = z.strictObject(modelShape).meta({ id: "Model" });
export const modelInFull = z.strictObject({ ...modelShape, versions: z.array(version), alerts_firing: count }).meta({ id: "ModelInFull" });

export function modelJson(model: ModelSettings, watermark: Millis | null) {
  return {
    model: model.name,
    task: model.task,
    positive: model.positive,
    bucket: formatDuration(model.bucket),
    lateness: formatDuration(model.lateness),
    labels_expected_within: formatDuration(model.labelsExpectedWithin),
    baselines: model.baselines.map((baseline) => baseline.name),
    watermark: timeOrNull(watermark),
  };
}

export const report = z
  .record(z.string(), z.unknown())
  .meta({ id: "Report", description: "One model's story as data; times are RFC 3339." });
