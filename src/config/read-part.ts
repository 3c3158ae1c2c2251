import type * as z from "zod";
import { didYouMean } from "../model/did-you-mean.ts";
import type { Document } from "./document.ts";
import { isLaterKey } from "./later.ts";
import type { Path } from "./problem.ts";

/**
 * The value at `path` as `schema` sees it; undefined when it is wrong, which the document then holds as problems.
 * Parts are read one by one so that a mistake in one hides none in another. `without` are keys read elsewhere.
 */
export function readPart<Schema extends z.ZodType>(
  document: Document,
  schema: Schema,
  path: Path,
  without: readonly string[] = [],
): z.output<Schema> | undefined {
  let value = valueAt(document.data, path);
  if (without.length > 0 && isMapping(value)) value = Object.fromEntries(Object.entries(value).filter(([key]) => !without.includes(key)));
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const reported = new Set<string>();
  for (const issue of result.error.issues) {
    const at = JSON.stringify([issue.path, issue.code === "unrecognized_keys"]);
    // A value that fails one check fails the next as well: the first says what is wrong.
    if (!reported.has(at)) reportIssue(document, issue, path, value, without);
    reported.add(at);
  }
  return undefined;
}

/** The names in the mapping at `path`; empty when there is none, and a problem when it is something else. */
export function namesAt(document: Document, path: Path): string[] {
  const value = valueAt(document.data, path);
  if (isMapping(value)) return Object.keys(value);
  if (value !== undefined) reportType(document, path, "object", value);
  return [];
}

export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reports a key nobody knows: one of a later version, or a likely typing mistake. Its value is never shown. */
export function reportUnknownKey(document: Document, within: Path, key: string, known: readonly string[]): void {
  const path = [...within, key];
  document.hide(path);
  if (isLaterKey(within, key)) {
    document.report(path, `\`${key}\` is not available in this version`, "remove it for now");
    return;
  }
  const meant = didYouMean(key, known);
  document.report(path, `unknown key \`${key}\``, meant === null ? `known here: ${known.join(", ")}` : `did you mean \`${meant}\`?`);
}

/** Reports a name that is not among `known`, with the one that was probably meant. */
export function reportUnknownName(
  document: Document,
  path: Path,
  message: string,
  word: string,
  known: readonly string[],
  none: string,
): void {
  const meant = didYouMean(word, known);
  if (meant !== null) document.report(path, message, `did you mean \`${meant}\`?`);
  else document.report(path, message, known.length > 0 ? `there are: ${known.join(", ")}` : none);
}

/** Reports a name that is no model's. */
export function reportUnknownModel(
  document: Document,
  path: Path,
  model: string,
  models: readonly string[],
  none = "define it under `models`",
): void {
  reportUnknownName(document, path, `there is no model named ${model}`, model, models, none);
}

/** The `type` at `path`. Read before the rest: what else is allowed hangs on it. */
export function readType(document: Document, path: Path, types: readonly string[], later: readonly string[]): string | undefined {
  const raw = valueAt(document.data, path);
  if (!isMapping(raw)) {
    reportType(document, path, "object", raw);
    return undefined;
  }
  const { type } = raw;
  const typePath = [...path, "type"];
  if (type === undefined) document.report(typePath, "`type` is required", `one of ${types.join(", ")}`);
  else if (typeof type !== "string") reportType(document, typePath, "string", type);
  else if (types.includes(type)) return type;
  else if (later.includes(type)) document.report(typePath, `${type} is not available in this version`, `available: ${types.join(", ")}`);
  else {
    const meant = didYouMean(type, types);
    document.report(
      typePath,
      `expected ${types.length > 1 ? "one of " : ""}${types.join(", ")}`,
      meant === null ? "" : `did you mean \`${meant}\`?`,
    );
  }
  return undefined;
}

function reportIssue(document: Document, issue: z.core.$ZodIssue, within: Path, root: unknown, without: readonly string[]): void {
  const inner = issue.path as Path;
  const path = [...within, ...inner];
  const value = valueAt(root, inner);
  if (issue.code === "unrecognized_keys") {
    const known = [...issue.message.split(" "), ...(inner.length === 0 ? without : [])];
    for (const key of issue.keys) reportUnknownKey(document, path, key, known);
    return;
  }
  const nearest = issue.code === "invalid_union" && typeof value === "object" && value !== null ? nearestBranch(issue.errors) : undefined;
  if (nearest) {
    for (const nested of nearest) reportIssue(document, nested, path, value, []);
    return;
  }
  const [message = "", hint = ""] = issue.message.split("\n");
  if (value === undefined) {
    document.report(path, `\`${String(path.at(-1) ?? "")}\` is required`, hint || hintFor(issue));
  } else if (value === null) {
    document.report(path, "has no value", `write a value, indent the lines below it, or remove the key${hint ? ` (${hint})` : ""}`);
  } else if (hint !== "") {
    document.report(path, message, hint);
  } else if (issue.code === "invalid_union" && closest(issue.errors.flat())) {
    reportIssue(document, closest(issue.errors.flat()) as z.core.$ZodIssue, path, value, []);
  } else if (issue.code === "invalid_type") {
    reportType(document, path, issue.expected, value);
  } else if (issue.code === "invalid_value") {
    const known = issue.values.map(String);
    const meant = typeof value === "string" ? didYouMean(value, known) : null;
    document.report(
      path,
      `expected ${known.length > 1 ? "one of " : ""}${known.join(", ")}`,
      meant === null ? "" : `did you mean \`${meant}\`?`,
    );
  } else if (issue.code === "too_small") {
    document.report(path, `expected ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`, "");
  } else if (issue.code === "too_big") {
    document.report(path, `expected ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`, "");
  } else {
    document.report(path, "is not as expected", "`driftwatch schema` prints what is");
  }
}

/** What a union says is wrong, seen from the alternative that has the right type at all. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  return branches.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || (code !== "invalid_type" && code !== "invalid_value")),
  );
}

/** Of what is wrong with a text by several forms: that it has one but says nothing in it, else that it is no known word. */
function closest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  return issues.find(({ code }) => code === "custom") ?? issues.find(({ code }) => code === "invalid_value");
}

const WORDS: Readonly<Record<string, string>> = {
  object: "a mapping (`key: value` lines)",
  record: "a mapping (`key: value` lines)",
  array: "a list",
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  null: "nothing",
};

const TYPE_HINTS: Readonly<Record<string, string>> = {
  object: "write `{key: value}`, or `key: value` lines, indented",
  record: "write `{key: value}`, or `key: value` lines, indented",
  array: "write [a, b], or lines that start with `- `",
  string: 'put it in quotes: "…"',
  boolean: "write true or false",
};

/** Reports a value of the wrong type. Says of what type it is, and never what it is. */
export function reportType(document: Document, path: Path, expected: string, value: unknown): void {
  const found = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  document.report(path, `expected ${WORDS[expected] ?? expected}, found ${WORDS[found] ?? found}`, TYPE_HINTS[expected] ?? "");
}

function hintFor(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") return `one of ${issue.values.map(String).join(", ")}`;
  if (issue.code === "invalid_type") return `expected ${WORDS[issue.expected] ?? issue.expected}`;
  return "add it";
}
