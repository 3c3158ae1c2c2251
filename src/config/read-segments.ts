import { segmentGroupName, type SegmentColumn, type SegmentSettings } from "../model/segment.ts";
import type { Document } from "./document.ts";
import { parsePredicate } from "./parse-predicate.ts";
import type { Path } from "./problem.ts";
import { isMapping, readPart, reportType, reportUnknownKey, valueAt } from "./read-part.ts";
import { segmentSchemas } from "./schema.ts";

/** Each segment costs as much storage as the whole does: what is counted is bounded here. */
const MOST_SEGMENTS = 500;
/** The rest of a `by`, and its rows without a value. */
const BESIDE_TOP = 2;

/** The segments of a model; undefined when something is wrong with them, which the document then holds. */
export function readSegments(document: Document, path: Path): readonly SegmentSettings[] | undefined {
  const raw = valueAt(document.data, path);
  if (raw === undefined) return [];
  if (!Array.isArray(raw)) {
    reportType(document, path, "array", raw);
    return undefined;
  }
  const segments: SegmentSettings[] = [];
  const names = new Set<string>();
  let complete = true;
  for (const index of raw.keys()) {
    const one = readSegment(document, [...path, index]);
    complete &&= one !== undefined;
    if (!one) continue;
    const name = segmentGroupName(one);
    if (names.has(name)) document.report([...path, index], `${name} is given twice`, "keep one of the two, or give it another name");
    names.add(name);
    segments.push(one);
  }
  const most = segments.reduce((sum, one) => sum + (one.kind === "by" ? one.top + BESIDE_TOP : 1), 0);
  if (most > MOST_SEGMENTS) {
    document.report(path, `these may come to ${most} segments, more than ${MOST_SEGMENTS}`, "make `top` smaller, or name fewer columns");
  }
  return complete ? segments : undefined;
}

function readSegment(document: Document, path: Path): SegmentSettings | undefined {
  const raw = valueAt(document.data, path);
  if (typeof raw === "string" && raw !== "")
    return { kind: "by", columns: [{ feature: raw, bins: null }], top: segmentSchemas.top.parse(undefined) };
  if (!isMapping(raw)) {
    document.report(
      path,
      "expected a column or a mapping",
      'as in carrier, {by: [carrier, dest]} or {where: "distance > 1000", name: long-haul}',
    );
    return undefined;
  }
  if ("by" in raw === "where" in raw) {
    document.report(
      path,
      "expected exactly one of `by` and `where`",
      'as in {by: [carrier, dest]} or {where: "distance > 1000", name: long-haul}',
    );
    for (const key of Object.keys(raw)) if (!KNOWN.includes(key)) reportUnknownKey(document, path, key, KNOWN);
    return undefined;
  }
  return "by" in raw ? readBy(document, path) : readWhere(document, path);
}

const KNOWN = ["by", "top", "bins", "where", "name"];

function readBy(document: Document, path: Path): SegmentSettings | undefined {
  const written = readPart(document, segmentSchemas.by, path);
  if (!written) return undefined;
  const features = typeof written.by === "string" ? [written.by] : written.by;
  const bins: ReadonlyMap<string, readonly number[]> = Array.isArray(written.bins)
    ? new Map(features.length === 1 ? [[features[0] ?? "", written.bins]] : [])
    : new Map(Object.entries(written.bins ?? {}));
  if (Array.isArray(written.bins) && features.length > 1) {
    document.report([...path, "bins"], "whose bins these are is not said", `as in bins: {${features[0]}: [500, 1000]}`);
    return undefined;
  }
  for (const feature of bins.keys()) {
    if (features.includes(feature)) continue;
    document.report([...path, "bins", feature], `${feature} is none of the columns of this segment`, `they are: ${features.join(", ")}`);
    return undefined;
  }
  const columns: SegmentColumn[] = features.map((feature) => ({ feature, bins: bins.get(feature) ?? null }));
  return { kind: "by", columns, top: written.top };
}

function readWhere(document: Document, path: Path): SegmentSettings | undefined {
  const written = readPart(document, segmentSchemas.where, path);
  if (!written) return undefined;
  const predicate = parsePredicate(written.where);
  if ("message" in predicate) {
    document.report([...path, "where"], predicate.message, predicate.hint);
    return undefined;
  }
  return { kind: "where", name: written.name, predicate };
}
