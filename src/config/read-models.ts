import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import type { BaselineSettings, ModelSettings } from "../model/settings.ts";
import { formatDuration } from "../model/time.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";
import { isMapping, namesAt, readPart, reportType, reportUnknownKey, valueAt } from "./read-part.ts";
import { readSegments } from "./read-segments.ts";
import { unreadable, type Surroundings } from "./read-secret.ts";
import { baselineSchemas, modelSchema } from "./schema.ts";

/** The models that are right, by name; what is wrong with the others the document then holds. */
export function readModels(document: Document, surroundings: Surroundings): Map<string, ModelSettings> {
  const models = new Map<string, ModelSettings>();
  const names = namesAt(document, ["models"]);
  const raw = valueAt(document.data, ["models"]);
  if (raw === undefined || (isMapping(raw) && names.length === 0)) {
    document.report(["models"], "expected at least one model", "as in models: {flight-delay: {task: binary, positive: late}}");
  }
  for (const name of names) {
    const model = readModel(document, surroundings, name);
    if (model) models.set(name, model);
  }
  return models;
}

function readModel(document: Document, surroundings: Surroundings, name: string): ModelSettings | undefined {
  const path = ["models", name];
  const model = readPart(document, modelSchema, path, ["baselines", "segments"]);
  const baselines: BaselineSettings[] = [];
  let complete = true;
  for (const baselineName of namesAt(document, [...path, "baselines"])) {
    const baselinePath = [...path, "baselines", baselineName];
    const baseline = readBaseline(document, surroundings, baselinePath, baselineName);
    if (baseline) baselines.push(baseline);
    else complete = false;
    if (baseline && model) checkGrain(document, baselinePath, baseline, model.bucket);
  }
  const segments = readSegments(document, [...path, "segments"]);
  if (!model || !complete || !segments) return undefined;
  if (model.task === "binary" && model.positive === undefined) {
    document.report(
      [...path, "positive"],
      "`positive` is required for a binary model",
      "the class whose probability `score` is, as in `positive: late`",
    );
  }
  if (model.task !== "binary" && model.positive !== undefined) {
    document.report([...path, "positive"], `a ${model.task} model has no positive class`, "remove it, or set task: binary");
  }
  if (model.task !== "binary" && model.value !== undefined) {
    document.report([...path, "value"], `a ${model.task} model has no true and false positives to value`, "remove it, or set task: binary");
  }
  return {
    name,
    task: model.task,
    positive: model.task === "binary" ? (model.positive ?? null) : null,
    ...(model.task === "binary" && model.value !== undefined ? { value: model.value } : {}),
    bucket: model.bucket,
    lateness: model.lateness,
    labelsExpectedWithin: model.labels.expected_within,
    ...(model.drift.metrics === undefined ? {} : { driftMetrics: model.drift.metrics }),
    ...(segments.length === 0 ? {} : { segments }),
    baselines,
  };
}

const KINDS = ["file", "by_version", "window", "from", "version"] as const;

function readBaseline(document: Document, surroundings: Surroundings, path: Path, name: string): BaselineSettings | undefined {
  const raw = valueAt(document.data, path);
  if (!isMapping(raw)) {
    reportType(document, path, "object", raw);
    return undefined;
  }
  const kinds = KINDS.filter((kind) => kind in raw || (kind === "from" && "to" in raw));
  const [kind] = kinds;
  if (kind === undefined || kinds.length !== 1) {
    document.report(
      path,
      "expected exactly one kind of baseline",
      "{file}, {by_version: {version: {file}}}, {window, offset}, {from, to} or {version}",
    );
    const known = [...KINDS, "to", "offset"];
    for (const key of Object.keys(raw)) if (!known.includes(key)) reportUnknownKey(document, path, key, known);
    return undefined;
  }
  switch (kind) {
    case "file": {
      const baseline = readPart(document, baselineSchemas.file, path);
      const file = baseline && readableFile(document, surroundings, [...path, "file"], baseline.file);
      return file === undefined ? undefined : { kind: "file", name, file, byVersion: new Map() };
    }
    case "by_version": {
      const baseline = readPart(document, baselineSchemas.by_version, path);
      if (!baseline) return undefined;
      const byVersion = new Map<string, string>();
      for (const [version, { file: written }] of Object.entries(baseline.by_version)) {
        const file = readableFile(document, surroundings, [...path, "by_version", version, "file"], written);
        if (file !== undefined) byVersion.set(version, file);
      }
      return byVersion.size === Object.keys(baseline.by_version).length ? { kind: "file", name, file: null, byVersion } : undefined;
    }
    case "window": {
      const baseline = readPart(document, baselineSchemas.window, path);
      return baseline && { kind: "trailing", name, window: baseline.window, offset: baseline.offset };
    }
    case "from": {
      const baseline = readPart(document, baselineSchemas.from, path);
      return baseline && { kind: "period", name, from: baseline.from, to: baseline.to };
    }
    case "version": {
      const baseline = readPart(document, baselineSchemas.version, path);
      return baseline && { kind: "version", name, version: baseline.version };
    }
  }
}

function readableFile(document: Document, { directory }: Surroundings, path: Path, written: string): string | undefined {
  const file = resolve(directory, written);
  try {
    if (!statSync(file).isFile()) throw Object.assign(new Error("no file"), { code: "EISDIR" });
    accessSync(file, constants.R_OK);
    return file;
  } catch (error) {
    document.report(
      path,
      `cannot read the baseline: ${unreadable(error)}`,
      `the path starts at the directory of the configuration file, ${directory}`,
    );
    return undefined;
  }
}

/** Counts exist by bucket only, so a stretch of time that cuts through one has no counts. */
function checkGrain(document: Document, path: Path, baseline: BaselineSettings, bucket: number): void {
  const stretches =
    baseline.kind === "trailing"
      ? { window: baseline.window, offset: baseline.offset }
      : baseline.kind === "period"
        ? { from: baseline.from, to: baseline.to }
        : {};
  for (const [key, value] of Object.entries(stretches)) {
    if (value % bucket !== 0)
      document.report(
        [...path, key],
        `cuts through a bucket of ${formatDuration(bucket)}`,
        "use whole buckets, or make the model's bucket smaller",
      );
  }
}
