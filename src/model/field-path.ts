/** The way to a value inside JSON: names of members and places in lists. */
export type FieldPath = readonly (string | number)[];

/** Deeper paths find nothing: messages that nest so deep are refused. */
const MOST_STEPS = 16;

const STEP = /\.?([^.[\]"\s][^.[\]"]*)|\[(\d{1,6})\]|\.?\["((?:[^"\\]|\\.)*)"\]/y;

/**
 * A path as people write it: `a.b[0].c`, with names that hold dots, brackets or quotes as `["a.b"]`. Null when the
 * text is none.
 */
export function parseFieldPath(text: string): FieldPath | null {
  const path: (string | number)[] = [];
  for (let at = 0; at < text.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const [step, name, index, quoted] = STEP.exec(text) ?? [];
    if (step === undefined || path.length === MOST_STEPS) return null;
    // Between two steps there is a dot or a bracket, and before the first there is no dot.
    if (at === 0 ? step.startsWith(".") : !/^[.[]/.test(step)) return null;
    if (index !== undefined) path.push(Number(index));
    else path.push(name ?? quoted?.replace(/\\(.)/g, "$1") ?? "");
  }
  return path.length === 0 ? null : path;
}

/** The value at a path; undefined where there is none. Only what the JSON itself holds is found. */
export function valueAtPath(root: unknown, path: FieldPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value) !== (typeof step === "number") || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}
