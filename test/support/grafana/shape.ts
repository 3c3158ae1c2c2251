import type { Panel, Question } from "./dashboard.ts";
import type { Answer, Column } from "./read-only.ts";

const bare = ({ type }: Column) =>
  type
    .replace(/^LowCardinality\((.*)\)$/, "$1")
    .replace(/^Nullable\((.*)\)$/, "$1")
    .replace(/\(.*$/, "");

export const isTime = (column: Column): boolean => /^(?:DateTime|DateTime64|Date|Date32)$/.test(bare(column));
export const isNumber = (column: Column): boolean => /^(?:U?Int(?:8|16|32|64)|Float(?:32|64)|Decimal\d*)$/.test(bare(column));
export const isText = (column: Column): boolean => /^(?:String|FixedString|Enum8|Enum16)$/.test(bare(column));

/** What keeps Grafana from showing an answer as its panel, variable or annotation wants it; nothing when all is well. */
export function problemsOf(question: Question, answer: Answer): string[] {
  const found =
    question.kind === "variable"
      ? variableProblems(answer)
      : question.kind === "annotation"
        ? annotationProblems(answer)
        : panelProblems(question, answer);
  return found.map((problem) => `${question.where}: ${problem}`);
}

function panelProblems({ placed, target }: Question, answer: Answer): string[] {
  const panel = placed?.panel ?? null;
  const { columns } = answer;
  const names = columns.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const unshown = columns.filter((column) => !isTime(column) && !isNumber(column) && !isText(column) && bare(column) !== "Bool");
  const missing = panel === null ? [] : columnsNamedBy(panel).filter((name) => !names.includes(name));
  return [
    ...twice.map((name) => `two columns are named ${name}`),
    ...unshown.map(({ name, type }) => `the column ${name} is a ${type}, which no panel shows`),
    ...missing.map((name) => `the panel speaks of a column ${name}, and the answer has ${names.join(", ")}`),
    ...(target?.format === 0 ? seriesProblems(answer) : valueProblems(panel, answer)),
  ];
}

/** A time series in long form: time, labels, numbers; in order of time, once for each set of labels. */
function seriesProblems({ columns, rows }: Answer): string[] {
  const [time, ...rest] = columns;
  if (!time || !isTime(time)) return [`the first column is ${time ? `${time.name}, a ${time.type}` : "missing"}, and must be a time`];
  const numbers = rest.filter(isNumber);
  if (numbers.length === 0) return [`none of the columns ${rest.map(({ name, type }) => `${name} (${type})`).join(", ")} is a number`];
  const moments = rows.map(([moment]) => moment);
  if (moments.some((moment) => moment === null)) return ["a row has no time"];
  const back = moments.findIndex((moment, index) => index > 0 && String(moments[index - 1]) > String(moment));
  const labels = columns.flatMap((column, index) => (isText(column) ? [index] : []));
  const keys = rows.map((row) => JSON.stringify([row[0], ...labels.map((index) => row[index])]));
  const seen = new Set<string>();
  const again = keys.find((key) => seen.size === seen.add(key).size);
  return [
    ...(back > 0 ? [`the times do not ascend: ${String(moments[back])} follows ${String(moments[back - 1])}`] : []),
    ...(again === undefined ? [] : [`two rows have the same time and labels, and only one is drawn: ${again}`]),
    ...rest.flatMap((column) => (isTime(column) ? [`the column ${column.name} is a second time`] : [])),
  ];
}

/** Panels that draw numbers need one. */
function valueProblems(panel: Panel | null, { columns }: Answer): string[] {
  if (panel === null || panel.type === "table" || panel.type === "state-timeline" || panel.type === "logs") return [];
  return columns.some(isNumber)
    ? []
    : [`a ${panel.type} needs a number, and the answer has ${columns.map(({ name, type }) => `${name} (${type})`).join(", ")}`];
}

function variableProblems({ columns }: Answer): string[] {
  const types = columns.map(({ type }) => type).join(", ");
  if (columns.length < 1 || columns.length > 2)
    return [`a variable has a value and perhaps a text, and the answer has ${columns.length} columns`];
  return columns.every(isText) ? [] : [`a variable's values are texts, and the answer's are ${types}`];
}

function annotationProblems({ columns, rows }: Answer): string[] {
  const at = (name: string) => columns.findIndex((column) => column.name === name);
  const of = (name: string) => columns[at(name)];
  const time = of("time");
  const timeEnd = of("timeEnd");
  const text = of("text");
  const tags = of("tags");
  const before = rows.filter((row) => timeEnd && row[at("timeEnd")] !== null && String(row[at("timeEnd")]) < String(row[at("time")]));
  return [
    ...(time && isTime(time) ? [] : ["an annotation needs a time"]),
    ...(rows.some((row) => row[at("time")] === null) ? ["an annotation has no time"] : []),
    ...(text && isText(text) ? [] : ["an annotation needs a text"]),
    ...(tags && !isText(tags) && tags.type !== "Array(String)" && tags.type !== "Array(LowCardinality(String))"
      ? [`tags are text, and these are ${tags.type}`]
      : []),
    ...(timeEnd && !isTime(timeEnd) ? [`timeEnd is a ${timeEnd.type}`] : []),
    ...(before.length > 0 ? [`${before.length} annotation(s) end before they begin`] : []),
  ];
}

/** Columns that a panel's settings name: where there are none of that name, a setting does nothing, silently. */
function columnsNamedBy(panel: Panel): string[] {
  const renamed = new Map<string, string>();
  const named = new Set<string>();
  for (const { id, options } of panel.transformations ?? []) {
    if (id !== "organize") continue;
    for (const part of ["excludeByName", "indexByName", "renameByName"])
      for (const name of Object.keys(options[part] ?? {})) named.add(name);
    for (const [name, to] of Object.entries((options["renameByName"] ?? {}) as Record<string, string>)) renamed.set(to, name);
  }
  // Lines are named after labels; only the columns of tables can be told here.
  if (panel.type === "table")
    for (const { matcher, properties } of panel.fieldConfig?.overrides ?? []) {
      if (matcher.id === "byName") named.add(renamed.get(String(matcher.options)) ?? String(matcher.options));
      for (const { id, value } of properties)
        if (id === "links") for (const name of fieldsInLinks(value)) named.add(renamed.get(name) ?? name);
    }
  return [...named];
}

function fieldsInLinks(links: unknown): string[] {
  return [...JSON.stringify(links).matchAll(/__data\.fields(?:\.(\w+)|\[\\?"([^"\\]+)\\?"\])/g)].map(
    ([, dotted, quoted]) => dotted ?? quoted ?? "",
  );
}
