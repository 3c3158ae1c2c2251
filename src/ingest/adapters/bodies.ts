import { valueAtPath } from "../../model/field-path.ts";
import type { ClassSource, FeatureType, OutputSettings } from "../../model/settings.ts";
import { found, type Reject } from "../fields.ts";
import type { DecodeLimits } from "../limits.ts";

/**
 * What serving systems put into requests and answers: V1 (`instances`, `predictions`), V2 (`inputs`, `outputs`) and
 * MLflow (`dataframe_split`, `dataframe_records`, `inputs`). Each is read as rows: one of a request is one prediction.
 */

export type Row = Readonly<Record<string, unknown>>;
export type BodyReading = { readonly limits: DecodeLimits; readonly reject: Reject };

type Columns = { readonly names: readonly string[] | null; readonly featureTypes: ReadonlyMap<string, FeatureType> };

const REQUESTS = ["instances", "inputs", "dataframe_split", "dataframe_records"];

/** The features of each row of a request; null once `reject` was told why there are none. */
export function readRequest(body: Row, { names, featureTypes }: Columns, reading: BodyReading): readonly Row[] | null {
  const present = REQUESTS.filter((key) => (body[key] ?? null) !== null);
  const [key] = present;
  if (key === undefined || present.length > 1) {
    const problem = key === undefined ? "no input" : `more than one input (${present.join(", ")})`;
    reading.reject("missing_field", `The request has ${problem}; expected one of ${REQUESTS.join(", ")}.`);
    return null;
  }
  const rows = readInput(key, body[key], names, reading);
  if (rows === null || !hasRows(rows, key, reading)) return null;
  return featureTypes.size === 0 ? rows : rows.map((row) => convertFeatures(row, featureTypes));
}

function readInput(key: string, value: unknown, names: readonly string[] | null, reading: BodyReading): readonly Row[] | null {
  if (key === "dataframe_split") {
    const { columns, data } = isObject(value) ? value : {};
    if (Array.isArray(columns) && columns.every((name) => typeof name === "string") && Array.isArray(data))
      return namedRows(key, data, columns, reading);
    reading.reject("invalid_field", `${key} is ${found(value)}; expected an object with columns and data.`);
    return null;
  }
  if (Array.isArray(value))
    return value.every(isTensor) && value.length > 0 ? tensorRows(key, value, names, reading) : namedRows(key, value, names, reading);
  if (key === "inputs" && isObject(value)) return columnRows(key, value, reading);
  reading.reject("invalid_field", `${key} is ${found(value)}; expected a list.`);
  return null;
}

/** The answer of each row, as fields of our event; null once `reject` was told why there is none. */
export function readAnswer(body: Row, outputs: OutputSettings, reading: BodyReading): readonly Row[] | null {
  const { predictions, outputs: tensors } = body;
  let rows: readonly Row[] | null;
  if (Array.isArray(tensors) && tensors.length > 0 && tensors.every(isTensor)) rows = tensorRows("outputs", tensors, null, reading, true);
  else if (Array.isArray(predictions))
    rows = predictions.map((value: unknown) => (isObject(value) ? value : record([["predictions", value]])));
  else if (isObject(predictions)) rows = columnRows("predictions", predictions, reading);
  else {
    reading.reject("missing_field", "The answer has neither predictions nor outputs with data.");
    return null;
  }
  if (rows === null || !hasRows(rows, "the answer", reading)) return null;
  const answers: Row[] = [];
  for (const row of rows) {
    const answer = answerOf(row, outputs, reading);
    if (answer === null) return null;
    answers.push(answer);
  }
  return answers;
}

/** What the parts of one answer say. Without settings, the only part, or the one called `predict`, is the prediction. */
export function answerOf(parts: Row, { prediction, score, scores }: OutputSettings, reading: BodyReading): Row | null {
  if (prediction === null && score === null && scores === null) return onlyAnswer(parts, reading);
  const answer: [string, unknown][] = [];
  if (prediction) {
    const value = unwrapped(valueOf(parts, prediction));
    answer.push(["prediction", prediction.classes ? classAt(value, prediction.classes) : value]);
    if (answer[0]?.[1] === undefined && prediction.classes) {
      reading.reject(
        "invalid_field",
        `${prediction.written} is ${found(value)}; expected a whole number from 0 to ${prediction.classes.length - 1}, a place among classes.`,
      );
      return null;
    }
  }
  if (score) answer.push(["score", unwrapped(valueOf(parts, score))]);
  if (scores) {
    const named = namedScores(valueOf(parts, scores), scores, reading);
    if (named === null) return null;
    answer.push(["scores", named]);
  }
  return record(answer);
}

function onlyAnswer(parts: Row, { reject }: BodyReading): Row | null {
  const names = Object.keys(parts);
  const [name] = Object.hasOwn(parts, "predict") ? ["predict"] : names;
  if (name === undefined || (names.length > 1 && name !== "predict")) {
    reject(
      "invalid_field",
      `The answer has the parts ${names.slice(0, 10).join(", ").slice(0, 200)}; the adapter's prediction, score and scores say which is what.`,
    );
    return null;
  }
  const value = unwrapped(parts[name]);
  if (typeof value === "object" && value !== null) {
    reject(
      "invalid_field",
      `${name} is ${found(value)}; expected one value. If these are probabilities, the adapter's score or scores say so.`,
    );
    return null;
  }
  return record([["prediction", value]]);
}

function namedScores(value: unknown, { classes, written }: ClassSource, { reject }: BodyReading): Row | null {
  if (value === undefined || value === null) return record([]);
  if (isObject(value)) return value;
  if (Array.isArray(value) && classes?.length === value.length) return record(classes.map((name, index) => [name, value[index]]));
  const expected = classes
    ? `a list of ${classes.length}, one a class`
    : "an object of probabilities by class, or a list and the adapter's classes";
  reject("invalid_field", `${written} is ${found(value)}; expected ${expected}.`);
  return null;
}

function classAt(value: unknown, classes: readonly string[]): string | undefined {
  return typeof value === "number" && Number.isInteger(value) ? classes[value] : undefined;
}

/** The value a source finds; what is not there is undefined. */
export function valueOf(root: unknown, { path, fallback }: { path: ClassSource["path"]; fallback: ClassSource["fallback"] }): unknown {
  return (path === null ? undefined : valueAtPath(root, path)) ?? fallback ?? undefined;
}

/** Frameworks answer `[[0.9]]` where they mean `[0.9]`. */
function unwrapped(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 && !Array.isArray(value[0]) ? value[0] : value;
}

/** Rows of values become rows of features. A list where one name is given is one feature: an embedding. */
function namedRows(
  key: string,
  values: readonly unknown[],
  names: readonly string[] | null,
  { limits, reject }: BodyReading,
): readonly Row[] | null {
  if (values.length > limits.rows) return tooMany(values.length, limits, reject);
  const rows: Row[] = [];
  for (const [index, value] of values.entries()) {
    if (isObject(value)) {
      rows.push(value);
      continue;
    }
    const list: readonly unknown[] = Array.isArray(value) && !(names?.length === 1 && value.length !== 1) ? value : [value];
    if (names === null || names.length !== list.length) {
      const told = names === null ? "nobody says what they are called" : `there are ${names.length} names`;
      reject(
        "invalid_field",
        `${key}[${index}] holds ${list.length} ${list.length === 1 ? "value" : "values"}, and ${told}; the adapter's feature_names name them in order.`,
      );
      return null;
    }
    rows.push(record(names.map((name, column) => [name, list[column]])));
  }
  return rows;
}

/** `{"a": [1, 2], "b": [3, 4]}` as rows. */
function columnRows(key: string, columns: Row, { limits, reject }: BodyReading): readonly Row[] | null {
  const entries = Object.entries(columns);
  const length = Array.isArray(entries[0]?.[1]) ? entries[0][1].length : 0;
  if (length > limits.rows) return tooMany(length, limits, reject);
  if (!entries.every(([, values]) => Array.isArray(values) && values.length === length)) {
    reject("invalid_field", `${key} is an object; expected lists of equal length in it, one a column.`);
    return null;
  }
  return Array.from({ length }, (_, row) => record(entries.map(([name, values]) => [name, (values as unknown[])[row]])));
}

type Tensor = { readonly name: string; readonly shape?: unknown; readonly data: readonly unknown[] };

/** Metadata of a model has inputs and outputs too, without data. */
export function isTensor(value: unknown): value is Tensor {
  return isObject(value) && typeof value["name"] === "string" && Array.isArray(value["data"]);
}

type ReadTensor = { readonly name: string; readonly rows: number; readonly width: number; readonly values: readonly unknown[] };

/**
 * V2 tensors as rows: the first dimension counts them, and data may be flat whatever the shape. Columns are called by
 * `names` in order; without them a tensor of one column is called as it is. As many names as tensors name these, and
 * wide ones are embeddings; so it is with the parts of an answer (`asParts`).
 */
function tensorRows(
  key: string,
  tensors: readonly Tensor[],
  names: readonly string[] | null,
  reading: BodyReading,
  asParts = false,
): readonly Row[] | null {
  const read: ReadTensor[] = [];
  for (const [index, tensor] of tensors.entries()) {
    const one = readTensor(`${key}[${index}]`, tensor, reading);
    if (one === null) return null;
    read.push(one);
  }
  const rows = read[0]?.rows ?? 0;
  const uneven = read.find((tensor) => tensor.rows !== rows);
  if (uneven) {
    reading.reject("invalid_field", `${key} has tensors of ${rows} and of ${uneven.rows} rows; expected as many in each.`);
    return null;
  }
  const width = read.reduce((sum, tensor) => sum + tensor.width, 0);
  const whole = asParts || (names !== null && names.length === read.length && width !== names.length);
  if (!whole && (names === null ? width !== read.length : names.length !== width)) {
    const told = names === null ? "nobody says what they are called" : `there are ${names.length} names`;
    reading.reject("invalid_field", `${key} has ${width} columns, and ${told}; the adapter's feature_names name them in order.`);
    return null;
  }
  return Array.from({ length: rows }, (_, row) => {
    let column = 0;
    return record(
      read.flatMap((tensor, index): [string, unknown][] => {
        const values = tensor.values.slice(row * tensor.width, (row + 1) * tensor.width);
        if (whole) return [[asParts ? tensor.name : (names?.[index] ?? tensor.name), tensor.width === 1 ? values[0] : values]];
        return values.map((value) => [names?.[column++] ?? tensor.name, value]);
      }),
    );
  });
}

function readTensor(at: string, { name, shape, data }: Tensor, { limits, reject }: BodyReading): ReadTensor | null {
  const values = data.some(Array.isArray) ? data.flat<readonly unknown[], number>(limits.depth) : data;
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    reject("invalid_field", `${at}.shape is ${found(shape)}; expected a list of whole numbers.`);
    return null;
  }
  const [rows = 1, ...rest] = shape as number[];
  const width = rest.reduce((product, size) => product * size, 1);
  if (rows > limits.rows) return tooMany(rows, limits, reject);
  if (rows * width !== values.length) {
    reject("invalid_field", `${at}.data holds ${values.length} values; its shape [${shape.slice(0, 8).join(",")}] says ${rows * width}.`);
    return null;
  }
  return { name, rows, width, values };
}

function hasRows(rows: readonly Row[], what: string, { limits, reject }: BodyReading): boolean {
  if (rows.length > limits.rows) tooMany(rows.length, limits, reject);
  else if (rows.length === 0) reject("missing_field", `There is no row in ${what}.`);
  return rows.length > 0 && rows.length <= limits.rows;
}

function tooMany(rows: number, limits: DecodeLimits, reject: Reject): null {
  reject("too_large", `The message has ${rows} rows; at most ${limits.rows} are taken.`);
  return null;
}

/** Features as the configuration says they are meant. What cannot be turned stays, to be counted as what it is. */
export function convertFeatures(row: Row, types: ReadonlyMap<string, FeatureType>): Row {
  return record(
    Object.entries(row).map(([name, value]) => {
      const type = types.get(name);
      return [name, type === undefined ? value : converted(value, type)];
    }),
  );
}

function converted(value: unknown, type: FeatureType): unknown {
  if (type === "text") return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  if (type === "number") {
    if (typeof value === "boolean") return Number(value);
    return typeof value === "string" && /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,4})?\s*$/i.test(value) ? Number(value) : value;
  }
  if (value === 1 || value === "1" || value === "true") return true;
  return value === 0 || value === "0" || value === "false" ? false : value;
}

/** What the prediction of a row is called: `r-1` where it is the only one, else `r-1#0/3`: an id may come again with other numbers of rows. */
export function idOfRow(id: string, row: number, rows: number): string {
  return rows === 1 ? id : `${id}#${row}/${rows}`;
}

/** An object whose every name is a member, `__proto__` too. */
export function record(entries: Iterable<readonly [string, unknown]>): Row {
  const made = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of entries) made[name] = value;
  return made;
}

export function isObject(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
