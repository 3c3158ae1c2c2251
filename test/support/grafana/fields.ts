import type { FieldSettings, Panel, Target, ValueMapping } from "./dashboard.ts";
import type { Answer } from "./read-only.ts";
import { isNumber, isTime } from "./shape.ts";

/** A column as a panel sees it: a line of a series with its labels, or a column of a table. */
export type Field = {
  readonly name: string;
  readonly kind: "time" | "number" | "string";
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly unknown[];
};
export type Frame = { readonly fields: readonly Field[]; readonly length: number };
/** A field with what the panel says about it. */
export type Shown = Field & {
  readonly title: string;
  readonly settings: FieldSettings;
  readonly custom: Readonly<Record<string, unknown>>;
};

export const milliseconds = (value: unknown): number =>
  Date.parse(`${String(value).replace(" ", "T")}${String(value).length === 10 ? "T00:00:00" : ""}Z`);

/** An answer as the plugin hands it to the panel: long series become a field for each number and set of labels. */
export function frameOf(target: Target, { columns, rows }: Answer): Frame {
  const kindOf = (index: number) => {
    const column = columns[index];
    return column && isTime(column) ? "time" : column && isNumber(column) ? "number" : "string";
  };
  const valueAt = (row: readonly unknown[], index: number) => {
    const value = row[index];
    if (value === null || value === undefined) return null;
    return kindOf(index) === "time" ? milliseconds(value) : kindOf(index) === "number" ? Number(value) : String(value);
  };
  const table = columns.map(({ name }, index): Field => ({
    name,
    kind: kindOf(index),
    labels: {},
    values: rows.map((row) => valueAt(row, index)),
  }));
  const labels = columns.flatMap((_, index) => (kindOf(index) === "string" ? [index] : []));
  if (target.format !== 0 || labels.length === 0) return { fields: table, length: rows.length };

  const times = [...new Set(rows.map((row) => valueAt(row, 0) as number))];
  const place = new Map(times.map((time, index) => [time, index]));
  const numbers = columns.flatMap((_, index) => (kindOf(index) === "number" ? [index] : []));
  const series = new Map<string, { labels: Record<string, string>; values: unknown[][] }>();
  for (const row of rows) {
    const of = Object.fromEntries(labels.map((index) => [columns[index]?.name ?? "", String(row[index] ?? "")]));
    const key = JSON.stringify(of);
    const one = series.get(key) ?? { labels: of, values: numbers.map(() => times.map(() => null)) };
    series.set(key, one);
    const at = place.get(valueAt(row, 0) as number) ?? 0;
    numbers.forEach((index, number) => {
      const values = one.values[number];
      if (values) values[at] = valueAt(row, index);
    });
  }
  const wide = numbers.flatMap((index, number) =>
    [...series.values()].map((one): Field => ({
      name: columns[index]?.name ?? "",
      kind: "number",
      labels: one.labels,
      values: one.values[number] ?? [],
    })),
  );
  return { fields: [{ name: columns[0]?.name ?? "time", kind: "time", labels: {}, values: times }, ...wide], length: times.length };
}

/** The fields of a panel with their settings and titles, transformations done; `written` fills in variables. */
export function shownFields(panel: Panel, frame: Frame, written: (text: string) => string): Shown[] {
  const organized = (panel.transformations ?? []).reduce(
    (fields, { id, options }) => {
      if (id !== "organize") throw new Error(`This renderer knows no transformation ${id}.`);
      return organize(fields, options);
    },
    frame.fields as readonly Organized[],
  );
  return organized.map((field) => {
    const named = field.title ?? nameOf(field, organized);
    const settings = settingsOf(panel, field, named);
    const { custom = {} } = settings;
    return { ...field, settings, custom, title: settings.displayName === undefined ? named : fillIn(written(settings.displayName), field) };
  });
}

type Organized = Field & { readonly title?: string };

function organize(fields: readonly Organized[], options: Readonly<Record<string, unknown>>): Organized[] {
  const part = <Value>(name: string) => (options[name] ?? {}) as Readonly<Record<string, Value>>;
  const order = part<number>("indexByName");
  const renamed = part<string>("renameByName");
  return fields
    .filter(({ name }) => part<boolean>("excludeByName")[name] !== true)
    .map((field) => ({ ...field, ...(renamed[field.name] ? { title: renamed[field.name] as string } : {}) }))
    .sort((a, b) => (order[a.name] ?? 0) - (order[b.name] ?? 0));
}

/** What Grafana calls a field that nothing names: its column, and its labels, or the value of the only label there is. */
function nameOf(field: Field, all: readonly Field[]): string {
  const labels = Object.entries(field.labels);
  if (labels.length === 0) return field.name;
  const names = new Set(all.flatMap((one) => Object.keys(one.labels)));
  const written = names.size === 1 ? (labels[0]?.[1] ?? "") : `{${labels.map(([name, value]) => `${name}="${value}"`).join(", ")}}`;
  return field.name === "Value" ? written : `${field.name} ${written}`;
}

function fillIn(template: string, { name, labels }: Field): string {
  return template.replace(/\$\{__field\.(?:labels\.(\w+)|labels|name|displayName)\}/g, (match, label?: string) =>
    label === undefined ? (match.includes("labels") ? Object.values(labels).join(", ") : name) : (labels[label] ?? match),
  );
}

function settingsOf(panel: Panel, field: Field, title: string): FieldSettings {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const own = overrides
    .filter(({ matcher }) => isMatched(matcher.id, matcher.options, field, title))
    .flatMap(({ properties }) => properties);
  return own.reduce<FieldSettings>(
    (settings, { id, value }) =>
      id.startsWith("custom.")
        ? { ...settings, custom: withPath(settings.custom ?? {}, id.slice("custom.".length).split("."), value) }
        : { ...settings, [id]: value },
    defaults,
  );
}

function withPath(
  object: Readonly<Record<string, unknown>>,
  [first = "", ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  return { ...object, [first]: rest.length === 0 ? value : withPath((object[first] ?? {}) as Record<string, unknown>, rest, value) };
}

function isMatched(id: string, options: unknown, field: Field, title: string): boolean {
  switch (id) {
    case "byName":
      return options === title || options === field.name;
    case "byNames":
      return ((options as { names?: string[] }).names ?? []).some((name) => name === title || name === field.name);
    case "byRegexp": {
      const [, pattern = "", flags = ""] = /^\/(.*)\/(\w*)$/.exec(String(options)) ?? [null, String(options), ""];
      return new RegExp(pattern, flags).test(title);
    }
    case "byType":
      return options === field.kind;
    default:
      throw new Error(`This renderer knows no matcher ${id}.`);
  }
}

export type Display = { readonly text: string; readonly colour: string | null };

/** A value as its panel shows it. */
export function display(value: unknown, { settings, kind }: Pick<Shown, "settings" | "kind">): Display {
  const mapped = mapping(value, settings.mappings ?? []);
  const colour = mapped?.color ?? (typeof value === "number" && kind === "number" ? thresholdColour(value, settings) : null);
  if (mapped?.text !== undefined && mapped.text !== "") return { text: mapped.text, colour };
  if (value === null || value === undefined || value === "") return { text: value === "" ? "" : (settings.noValue ?? "–"), colour };
  if (kind === "time")
    return { text: formatted(value as number, settings.unit?.startsWith("time:") ? settings : { unit: "dateTimeAsIso" }), colour };
  return { text: typeof value === "number" ? formatted(value, settings) : String(value), colour };
}

type Mapped = { readonly text?: string; readonly color?: string };

function mapping(value: unknown, mappings: readonly ValueMapping[]): Mapped | null {
  for (const { type, options } of mappings) {
    if (type === "value" && value !== null) {
      const found = Object.hasOwn(options, String(value)) ? (options[String(value)] as Mapped) : undefined;
      if (found) return found;
    } else if (type === "range" && typeof value === "number") {
      if (value >= ((options["from"] as number | null) ?? -Infinity) && value <= ((options["to"] as number | null) ?? Infinity))
        return options["result"] as Mapped;
    } else if (type === "special") {
      const match = options["match"];
      if ((value === null && String(match).startsWith("null")) || (value === "" && match === "empty")) return options["result"] as Mapped;
    } else if (type === "regex" && typeof value === "string") {
      const [, pattern = ""] = /^\/(.*)\/\w*$/.exec(String(options["pattern"])) ?? [];
      if (new RegExp(pattern).test(value)) return options["result"] as Mapped;
    }
  }
  return null;
}

function thresholdColour(value: number, { thresholds }: FieldSettings): string | null {
  return (thresholds?.steps ?? []).findLast((step) => step.value === null || value >= step.value)?.color ?? null;
}

const SIZES = ["B", "kB", "MB", "GB", "TB"];

/** A number in its unit, in about three figures. */
export function formatted(value: number, { unit = "none", decimals }: FieldSettings): string {
  const figures = (
    of: number,
    most = decimals ?? (Math.abs(of) >= 100 || Number.isInteger(of) ? 0 : Math.abs(of) >= 10 ? 1 : Math.abs(of) >= 0.1 || of === 0 ? 2 : 4),
  ) =>
    of.toLocaleString("en-US", {
      maximumFractionDigits: most,
      ...(decimals === undefined ? {} : { minimumFractionDigits: most }),
      useGrouping: false,
    });
  switch (unit) {
    case "percentunit":
      return `${figures(value * 100)}%`;
    case "percent":
      return `${figures(value)}%`;
    case "short":
      return Math.abs(value) >= 1e9
        ? `${figures(value / 1e9)} Bil`
        : Math.abs(value) >= 1e6
          ? `${figures(value / 1e6)} Mil`
          : Math.abs(value) >= 1e3
            ? `${figures(value / 1e3)} K`
            : figures(value);
    case "ms":
      return value >= 60_000 ? `${figures(value / 60_000)} min` : value >= 1000 ? `${figures(value / 1000)} s` : `${figures(value)} ms`;
    case "s":
      return value >= 86_400
        ? `${figures(value / 86_400)} days`
        : value >= 3600
          ? `${figures(value / 3600)} hours`
          : value >= 60
            ? `${figures(value / 60)} mins`
            : `${figures(value)} s`;
    case "bytes":
    case "decbytes": {
      const power = Math.max(0, Math.min(SIZES.length - 1, Math.floor(Math.log10(Math.max(1, Math.abs(value))) / 3)));
      return `${figures(value / 1000 ** power)} ${SIZES[power] ?? ""}`;
    }
    case "sci":
      return value.toExponential(decimals ?? 2);
    case "dateTimeAsIso":
      return new Date(value).toISOString().slice(0, 19).replace("T", " ");
    case "time:YYYY-MM-DD HH:mm":
      return new Date(value).toISOString().slice(0, 16).replace("T", " ");
    case "none":
    case "":
      return figures(value);
    default:
      return `${figures(value)} ${unit.replace(/^(?:suffix|short):/, "")}`;
  }
}
