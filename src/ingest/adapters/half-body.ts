import { record, type Row } from "./bodies.ts";

/** What one half says: the fields of our event that it knows, a row a prediction. */
export type HalfBody = { readonly version: string | null; readonly rows: readonly Row[] };

type Written =
  | HalfBody
  /** Features by their place: of thousands of rows, names would take most of the room. */
  | { readonly version: string | null; readonly names: readonly string[]; readonly values: readonly (readonly unknown[])[] };

export function writeHalfBody({ version, rows }: HalfBody): string {
  const features = rows.map((row) => row["features"] as Row | undefined);
  const names = Object.keys(features[0] ?? {});
  const isTable = rows.length > 1 && features.every((one) => one !== undefined && hasNames(one, names));
  const written: Written = isTable
    ? { version, names, values: features.map((one) => names.map((name) => one?.[name])) }
    : { version, rows };
  return JSON.stringify(written);
}

export function readHalfBody(text: string): HalfBody {
  const written = JSON.parse(text) as Written;
  if ("rows" in written) return written;
  const { version, names, values } = written;
  return { version, rows: values.map((row) => ({ features: record(names.map((name, column) => [name, row[column]])) })) };
}

function hasNames(features: Row, names: readonly string[]): boolean {
  return Object.keys(features).length === names.length && names.every((name) => Object.hasOwn(features, name));
}
