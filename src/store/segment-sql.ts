import type { Predicate, SegmentCell, SegmentColumn, SegmentGroup, SegmentSettings } from "../model/segment.ts";
import type { QueryParams } from "./store.ts";

/** Collects values that SQL refers to by parameter: nothing that a person or an event wrote becomes SQL. */
export type SegmentParams = { readonly values: Record<string, QueryParams[string]>; add(type: string, value: QueryParams[string]): string };

export function createSegmentParams(): SegmentParams {
  const values: Record<string, QueryParams[string]> = {};
  return {
    values,
    add: (type, value) => {
      const name = `segment_${Object.keys(values).length}`;
      values[name] = value;
      return `{${name}:${type}}`;
    },
  };
}

/** A feature of a row that holds `number_names`, `numbers`, `category_names` and `categories`: NaN or NULL where it has none. */
function featureSql(feature: string, params: SegmentParams): { number: string; category: string } {
  const name = params.add("String", feature);
  const [inNumbers, inCategories] = [`indexOf(number_names, ${name})`, `indexOf(category_names, ${name})`];
  return {
    number: `if(${inNumbers} = 0 OR ${inNumbers} > length(numbers), nan, numbers[${inNumbers}])`,
    category: `if(${inCategories} = 0, NULL, categories[${inCategories}])`,
  };
}

/** Whether a row is in a segment by predicate: 1 or 0. */
export function predicateSql(predicate: Predicate, params: SegmentParams): string {
  switch (predicate.kind) {
    case "and":
    case "or":
      return `(${predicate.parts.map((part) => predicateSql(part, params)).join(` ${predicate.kind.toUpperCase()} `)})`;
    case "not":
      return `(NOT ${predicateSql(predicate.of, params)})`;
    case "missing": {
      const { number, category } = featureSql(predicate.feature, params);
      return `(isNaN(${number}) AND isNull(${category}))`;
    }
    case "number": {
      const { number } = featureSql(predicate.feature, params);
      // NaN is unequal to everything; a value that is not there is not.
      const there = predicate.operator === "!=" ? `NOT isNaN(${number}) AND ` : "";
      return `(${there}${number} ${predicate.operator} ${params.add("Float64", predicate.value)})`;
    }
    case "text": {
      const { category } = featureSql(predicate.feature, params);
      return `ifNull(${category} ${predicate.operator} ${params.add("String", predicate.value)}, 0)`;
    }
    case "in": {
      const { number, category } = featureSql(predicate.feature, params);
      const numbers = `has(${params.add("Array(Float64)", predicate.numbers)}, ${number})`;
      const texts = `ifNull(has(${params.add("Array(String)", predicate.texts)}, ${category}), 0)`;
      return `(${numbers} OR ${texts})`;
    }
  }
}

/** What a row holds in each column, as texts: "c" and a category, "b" and the number of a bin, or nothing. */
export function cellTextsSql(columns: readonly SegmentColumn[], params: SegmentParams): string[] {
  return columns.map(({ feature, bins }) => {
    const { number, category } = featureSql(feature, params);
    if (bins === null) return `ifNull(concat('c', ${category}), '')`;
    const bin = `arrayCount(edge -> edge < ${number}, ${params.add("Array(Float64)", bins)})`;
    return `if(isNaN(${number}), '', concat('b', toString(${bin})))`;
  });
}

/** A cell as `cellTextsSql` writes it. */
function cellText(cell: SegmentCell): string {
  if (cell === null) return "";
  return "category" in cell ? `c${cell.category}` : `b${cell.bin}`;
}

/** A text as `cellTextsSql` writes it, taken apart. */
export function cellOf(text: string): SegmentCell {
  if (text === "") return null;
  return text.startsWith("b") ? { bin: Number(text.slice(1)) } : { category: text.slice(1) };
}

/** Several cells as one text. Their lengths (in bytes) stand before them, so that no two lists make the same. */
const keySql = (cells: readonly string[]) => `concat(${cells.flatMap((cell) => [`toString(length(${cell}))`, "':'", cell]).join(", ")})`;
const keyText = (cells: readonly SegmentCell[]) => cells.map((cell) => `${Buffer.byteLength(cellText(cell))}:${cellText(cell)}`).join("");

/**
 * The segments a row is in, as places in `names`: 0, which is all rows, first. Cost: a look into the row's features for
 * each column and predicate, whatever the number of segments.
 */
export function segmentPlacesSql(groups: readonly SegmentGroup[]): { places: string; names: string; params: SegmentParams["values"] } {
  const params = createSegmentParams();
  const names = [""];
  const parts = groups.flatMap(({ settings, segments }) => {
    const first = names.length;
    names.push(...segments.map(({ name }) => name));
    return segments.length === 0 ? [] : [placesOf(settings, segments, first, params)];
  });
  return {
    places: parts.length === 0 ? "[toUInt16(0)]" : `arrayConcat([toUInt16(0)], ${parts.join(", ")})`,
    names: params.add("Array(String)", names),
    params: params.values,
  };
}

function placesOf(settings: SegmentSettings, segments: SegmentGroup["segments"], first: number, params: SegmentParams): string {
  if (settings.kind === "where") return `if(${predicateSql(settings.predicate, params)}, [toUInt16(${first})], [])`;
  const known = segments.flatMap(({ cells }, index) => (cells === null ? [] : [{ key: keyText(cells), place: first + index }]));
  const rest = first + segments.findIndex(({ cells }) => cells === null);
  if (known.length === 0) return `[toUInt16(${rest})]`;
  const keys = params.add(
    "Array(String)",
    known.map(({ key }) => key),
  );
  const places = params.add(
    "Array(UInt16)",
    known.map(({ place }) => place),
  );
  return `[transform(${keySql(cellTextsSql(settings.columns, params))}, ${keys}, ${places}, toUInt16(${rest}))]`;
}
