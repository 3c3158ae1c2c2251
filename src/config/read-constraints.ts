import type { Constraint } from "../model/constraint.ts";
import { constraintSchema, type ParsedConstraint } from "./constraints-schema.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";
import { isMapping, readPart, reportType, reportUnknownKey, valueAt } from "./read-part.ts";

/** Reads another file that the value at `path` names; undefined when there is a problem, which the document then holds. */
export type OpenNamed = (path: Path, file: string) => Document | undefined;

/** The constraints of a model, from its own lines or the file they name; undefined when something is wrong with them. */
export function readConstraints(document: Document, open: OpenNamed, path: Path): readonly Constraint[] | undefined {
  const raw = valueAt(document.data, path);
  if (raw === undefined) return [];
  if (typeof raw === "string" && raw !== "") {
    const file = open(path, raw);
    if (file === undefined || file.data === undefined) return undefined;
    if (!isMapping(file.data)) {
      reportType(file, [], "object", file.data);
      return undefined;
    }
    for (const key of Object.keys(file.data)) if (key !== "constraints") reportUnknownKey(file, [], key, ["constraints"]);
    if (valueAt(file.data, ["constraints"]) === undefined) {
      file.report(
        ["constraints"],
        "`constraints` is required",
        "a file of constraints starts with `constraints:`, and a line for each feature",
      );
      return undefined;
    }
    return readEach(file, ["constraints"]);
  }
  return readEach(document, path);
}

function readEach(document: Document, path: Path): readonly Constraint[] | undefined {
  const raw = valueAt(document.data, path);
  if (!isMapping(raw)) {
    document.report(
      path,
      "expected a mapping of features, or the name of a file",
      "as in {temp: {range: {min: 0}}}, or constraints.yaml; `driftwatch baseline suggest` writes one",
    );
    return undefined;
  }
  const found: Constraint[] = [];
  let complete = true;
  for (const feature of Object.keys(raw)) {
    const parsed = readPart(document, constraintSchema, [...path, feature]);
    complete &&= parsed !== undefined && fits(document, [...path, feature], parsed);
    if (parsed) found.push(constraintOf(feature, parsed));
  }
  return complete ? found : undefined;
}

/** Numbers have a range, texts have values, and only what is required can be missing too often. */
function fits(document: Document, path: Path, { type, presence, missing, range, values, distinct }: ParsedConstraint): boolean {
  const is = typeof type === "object" ? type.is : type;
  const refuse = (key: string, message: string, hint: string): false => {
    document.report([...path, key], message, hint);
    return false;
  };
  if (range && (values ?? distinct))
    return refuse("range", "a feature with a `range` is a number, and has no `values`", "keep one of the two");
  if (range && is !== undefined && is !== "number") return refuse("range", `a ${is} has no range`, "remove it, or set type: number");
  if (values && is === "number") return refuse("values", "a number has no list of values", "write a `range`, or set type: text");
  if (values && is === "boolean") return refuse("values", "a boolean is true or false", "remove the key");
  if (distinct && is === "number") return refuse("distinct", "different numbers are not counted", "remove it, or set type: text");
  if (presence === "optional" && missing)
    return refuse("missing", "an optional feature may be missing in every row", "keep one of `presence: optional` and `missing`");
  return true;
}

function constraintOf(feature: string, { type, presence, missing, range, values, distinct }: ParsedConstraint): Constraint {
  return {
    feature,
    presence,
    ...(type === undefined ? {} : { type: typeof type === "string" ? { is: type, atMost: 0 } : { is: type.is, atMost: type.at_most } }),
    ...(missing === undefined ? {} : { missing: missing.at_most }),
    ...(range === undefined ? {} : { range: { min: range.min ?? null, max: range.max ?? null, atMost: range.at_most } }),
    ...(values === undefined
      ? {}
      : { values: Array.isArray(values) ? { among: values, atMost: 0 } : { among: values.among, atMost: values.at_most } }),
    ...(distinct === undefined ? {} : { distinct: distinct.at_most }),
  };
}
