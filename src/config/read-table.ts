import type { FeatureType, TableField, TableSettings, TimeSource } from "../model/settings.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";
import type { WrittenTable } from "./table-schema.ts";

/**
 * How a file of columns is read; null for a file of events, which needs nothing said. `version` is the one the file
 * is for, null when it is for all.
 */
export function readTable(
  document: Document,
  path: Path,
  { columns, delimiter, missing }: WrittenTable,
  version: string | null,
): TableSettings | null {
  if (!columns) {
    for (const [key, value] of Object.entries({ delimiter, missing }))
      if (value !== undefined)
        document.report([...path, key], `\`${key}\` says how a CSV file is read, and needs \`columns\``, "add `columns`, or remove it");
    return null;
  }
  const place = [...path, "columns"];
  if (columns.prediction === undefined && columns.score === undefined && Object.keys(columns.scores).length === 0)
    document.report(place, "no column holds what the model answered", "say which holds the `prediction`, the `score` or the `scores`");
  if (columns.version === undefined && version === null)
    document.report(
      place,
      "`version` is required where a file is for all versions",
      'a column, or version: {value: "2013-q1"}; `by_version` names them too',
    );
  const fields: [TableField, string | undefined][] = [
    ["id", columns.id],
    ["version", typeof columns.version === "string" ? columns.version : undefined],
    ["prediction", columns.prediction],
    ["score", columns.score],
    ["label", columns.label],
  ];
  const { only, except } = Array.isArray(columns.features) ? { only: columns.features } : (columns.features ?? {});
  return {
    columns: new Map(fields.flatMap(([field, column]) => (column === undefined ? [] : [[field, column] as const]))),
    time: timeOf(columns.time),
    version: typeof columns.version === "object" ? String(columns.version.value) : version,
    scores: new Map(Object.entries(columns.scores)),
    only: only ? new Map(Array.isArray(only) ? only.map((column) => [column, column]) : Object.entries(only)) : null,
    except: except ?? [],
    types: new Map<string, FeatureType>(Object.entries(columns.types)),
    delimiter: delimiter ?? ",",
    missing: missing ?? [],
  };
}

function timeOf(written: NonNullable<WrittenTable["columns"]>["time"]): TimeSource {
  const source = { unit: "ms", timezone: null, path: null, written: "", fallback: null } as const;
  if (typeof written === "string") return { ...source, path: [written], written };
  if ("value" in written) return { ...source, fallback: written.value };
  const { column, unit, timezone } = written;
  return { ...source, path: [column], written: column, unit, timezone: timezone ?? null };
}
