import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { SEASONS, type BaselineSettings, type ModelSettings, type Season, type TableSettings } from "../model/settings.ts";
import { formatDuration } from "../model/time.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";
import { isMapping, namesAt, readPart, reportType, reportUnknownKey, valueAt } from "./read-part.ts";
import { readConstraints, type OpenNamed } from "./read-constraints.ts";
import { readSegments } from "./read-segments.ts";
import { unreadable, type Surroundings } from "./read-secret.ts";
import { readTable } from "./read-table.ts";
import { baselineSchemas, modelSchema } from "./schema.ts";

/** The models that are right, by name; what is wrong with the others the document then holds. */
export function readModels(document: Document, surroundings: Surroundings, open: OpenNamed): Map<string, ModelSettings> {
  const models = new Map<string, ModelSettings>();
  const names = namesAt(document, ["models"]);
  const raw = valueAt(document.data, ["models"]);
  if (raw === undefined || (isMapping(raw) && names.length === 0)) {
    document.report(["models"], "expected at least one model", "as in models: {flight-delay: {task: binary, positive: late}}");
  }
  for (const name of names) {
    const model = readModel(document, surroundings, open, name);
    if (model) models.set(name, model);
  }
  return models;
}

function readModel(document: Document, surroundings: Surroundings, open: OpenNamed, name: string): ModelSettings | undefined {
  const path = ["models", name];
  const model = readPart(document, modelSchema, path, ["baselines", "segments", "constraints"]);
  const baselines: BaselineSettings[] = [];
  let complete = true;
  for (const baselineName of namesAt(document, [...path, "baselines"])) {
    const baselinePath = [...path, "baselines", baselineName];
    const baseline = readBaseline(document, surroundings, baselinePath, baselineName);
    if (baseline) baselines.push(baseline);
    else complete = false;
    if (baseline && model) checkGrain(document, baselinePath, baseline, model.bucket);
    if (baseline) checkSeason(document, baselinePath, baseline);
  }
  const segments = readSegments(document, [...path, "segments"]);
  const constraints = readConstraints(document, open, [...path, "constraints"]);
  if (!model || !complete || !segments || !constraints) return undefined;
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
  if (model.task !== "binary" && model.thresholds !== undefined) {
    document.report([...path, "thresholds"], `a ${model.task} model has no score to compare with them`, "remove them, or set task: binary");
  }
  if (model.task !== "regression" && model.quantile !== undefined) {
    document.report([...path, "quantile"], `a ${model.task} model predicts no quantile`, "remove it, or set task: regression");
  }
  if (model.task !== "ranking" && model.ranking !== undefined) {
    document.report([...path, "ranking"], `a ${model.task} model has no ranked lists`, "remove it, or set task: ranking");
  }
  return {
    name,
    task: model.task,
    positive: model.task === "binary" ? (model.positive ?? null) : null,
    ...(model.task === "binary" && model.value !== undefined ? { value: model.value } : {}),
    ...(model.task === "binary" && model.thresholds !== undefined ? { thresholds: model.thresholds } : {}),
    ...(model.task === "regression" && model.quantile !== undefined ? { quantile: model.quantile } : {}),
    ...(model.task === "ranking" && model.ranking !== undefined ? { cutoffs: model.ranking.at } : {}),
    bucket: model.bucket,
    lateness: model.lateness,
    labelsExpectedWithin: model.labels.expected_within,
    ...(model.drift.metrics === undefined ? {} : { driftMetrics: model.drift.metrics }),
    ...(segments.length === 0 ? {} : { segments }),
    ...(constraints.length === 0 ? {} : { constraints }),
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
  const isPeriod = "from" in raw || "to" in raw;
  // A period may say of which version.
  const kinds = KINDS.filter((kind) => (kind === "from" ? isPeriod : kind in raw && !(kind === "version" && isPeriod)));
  const [kind] = kinds;
  if (kind === undefined || kinds.length !== 1) {
    document.report(
      path,
      "expected exactly one kind of baseline",
      "{file}, {by_version: {version: {file}}}, {window, offset, season}, {from, to, version} or {version}",
    );
    const known = [...KINDS, "to", "offset", "season", "columns", "delimiter", "missing"];
    for (const key of Object.keys(raw)) if (!known.includes(key)) reportUnknownKey(document, path, key, known);
    return undefined;
  }
  switch (kind) {
    case "file": {
      const baseline = readPart(document, baselineSchemas.file, path);
      const file = baseline && readableFile(document, surroundings, [...path, "file"], baseline.file);
      if (!baseline || file === undefined) return undefined;
      const table = readTable(document, path, baseline, null);
      return { kind: "file", name, file, byVersion: new Map(), ...tablesOf([["", table]]), ...seasonOf(baseline) };
    }
    case "by_version": {
      const baseline = readPart(document, baselineSchemas.by_version, path);
      if (!baseline) return undefined;
      const byVersion = new Map<string, string>();
      const tables: [string, TableSettings | null][] = [];
      const { by_version: written, ...shared } = baseline;
      for (const [version, own] of Object.entries(written)) {
        const place = [...path, "by_version", version];
        const file = readableFile(document, surroundings, [...place, "file"], own.file);
        if (file !== undefined) byVersion.set(version, file);
        tables.push([version, readTable(document, own.columns ? place : path, { ...shared, ...own }, version)]);
      }
      return byVersion.size === Object.keys(written).length
        ? { kind: "file", name, file: null, byVersion, ...tablesOf(tables), ...seasonOf(baseline) }
        : undefined;
    }
    case "window": {
      const baseline = readPart(document, baselineSchemas.window, path);
      return baseline && { kind: "trailing", name, window: baseline.window, offset: baseline.offset, ...seasonOf(baseline) };
    }
    case "from": {
      const baseline = readPart(document, baselineSchemas.from, path);
      return (
        baseline && { kind: "period", name, from: baseline.from, to: baseline.to, version: baseline.version ?? null, ...seasonOf(baseline) }
      );
    }
    case "version": {
      const baseline = readPart(document, baselineSchemas.version, path);
      return baseline && { kind: "version", name, version: baseline.version };
    }
  }
}

function seasonOf({ season }: { season?: Season | undefined }): { season?: Season } {
  return season === undefined ? {} : { season };
}

function tablesOf(tables: readonly [string, TableSettings | null][]): { tables?: ReadonlyMap<string, TableSettings> } {
  const found = tables.flatMap(([version, table]) => (table ? [[version, table] as const] : []));
  return found.length === 0 ? {} : { tables: new Map(found) };
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

/** A stretch of a season holds whole seasons: with less there is nothing at the same place. */
function checkSeason(document: Document, path: Path, baseline: BaselineSettings): void {
  if (baseline.kind === "trailing" && baseline.season !== undefined && baseline.window % SEASONS[baseline.season] !== 0)
    document.report(
      [...path, "window"],
      `is no whole number of seasons (${baseline.season})`,
      "as in {window: 28d, season: week}: the same hours of the last four weeks",
    );
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
