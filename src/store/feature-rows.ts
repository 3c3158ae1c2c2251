import type { Window } from "../model/time.ts";
import { COUNTED_FEATURES, NUMBERS } from "./predictions.ts";
import type { Store } from "./store.ts";

/** What is asked of the rows of one feature. */
export type FeatureAsk = {
  readonly feature: string;
  /** Null bounds nothing. */
  readonly min: number | null;
  readonly max: number | null;
  /** Texts that are not strange, and how many different ones are not beyond; null where texts do not matter. */
  readonly texts: { readonly among: readonly string[]; readonly most: number } | null;
};

/** What the rows of a feature hold, and how much of it lies beyond a range or a list of texts. */
export type FeatureRows = {
  readonly rows: number;
  readonly numbers: number;
  readonly texts: number;
  /** Values that are neither. */
  readonly others: number;
  readonly below: number;
  readonly above: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Rows with a text that is not listed, and those texts, most frequent first. */
  readonly strange: number;
  readonly values: readonly { readonly value: string; readonly rows: number }[];
  /** How many different texts there are, and the rows of all but the most frequent. */
  readonly distinct: number;
  readonly beyond: number;
};

const NO_TEXTS = { strange: 0, values: [], distinct: 0, beyond: 0 };

/** No number of an event is larger. */
const LARGEST = "1.7976931348623157e308";

/** A number by its bits: as decimal text some come out a little different, and whole ones beyond 2^53 are refused. */
function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return String(view.getBigUint64(0));
}

const asNumbers = (parameter: string): string => `arrayMap(bits -> reinterpretAsFloat64(toUInt64(bits)), {${parameter}:Array(String)})`;

/** The rows that are counted. */
const ROWS = `(
  SELECT number_names, ${NUMBERS} AS values, category_names, categories, unparsable
  FROM ${COUNTED_FEATURES})`;

/**
 * Counts the rows of some features of one version in a window again, for what their bins cannot tell; `named` strange texts of each. Cost: one pass
 * over the window's rows for all of them, and another where any is asked for its texts.
 */
export async function readFeatureRows(
  store: Store,
  { model, version, window: { from, to } }: { readonly model: string; readonly version: string; readonly window: Window },
  asks: readonly FeatureAsk[],
  named: number,
): Promise<Map<string, FeatureRows>> {
  if (asks.length === 0) return new Map();
  const where = { model, version, from, to };
  const [counted] = await store.query<Counted>(
    `SELECT count() AS rows, sumForEach(arrayMap(x -> toUInt64(NOT isNaN(x)), xs)) AS numbers,
       sumForEach(arrayMap(feature -> toUInt64(has(category_names, feature)), {features:Array(String)})) AS texts,
       sumForEach(arrayMap(feature -> toUInt64(has(unparsable, feature)), {features:Array(String)})) AS others,
       sumForEach(arrayMap((x, isBound, end) -> toUInt64(isBound AND x < end), xs, {hasMin:Array(UInt8)}, ${asNumbers("min")})) AS below,
       sumForEach(arrayMap((x, isBound, end) -> toUInt64(isBound AND x > end), xs, {hasMax:Array(UInt8)}, ${asNumbers("max")})) AS above,
       minForEach(arrayMap(x -> if(isNaN(x), ${LARGEST}, x), xs)) AS low, maxForEach(arrayMap(x -> if(isNaN(x), -${LARGEST}, x), xs)) AS high
     FROM (
       SELECT *, arrayMap(feature -> if(has(number_names, feature), values[indexOf(number_names, feature)], nan), {features:Array(String)}) AS xs FROM ${ROWS}
     )`,
    {
      ...where,
      features: asks.map(({ feature }) => feature),
      hasMin: asks.map(({ min }) => (min === null ? 0 : 1)),
      min: asks.map(({ min }) => bitsOf(min ?? 0)),
      hasMax: asks.map(({ max }) => (max === null ? 0 : 1)),
      max: asks.map(({ max }) => bitsOf(max ?? 0)),
    },
  );
  if (counted === undefined || counted.rows === 0) return new Map();
  const texts = await readTexts(store, where, asks, named);
  return new Map(
    asks.map(({ feature }, at) => {
      const numbers = counted.numbers[at] ?? 0;
      return [
        feature,
        {
          rows: counted.rows,
          numbers,
          texts: counted.texts[at] ?? 0,
          others: counted.others[at] ?? 0,
          below: counted.below[at] ?? 0,
          above: counted.above[at] ?? 0,
          low: numbers === 0 ? null : (counted.low[at] ?? null),
          high: numbers === 0 ? null : (counted.high[at] ?? null),
          ...(texts.get(feature) ?? NO_TEXTS),
        },
      ];
    }),
  );
}

/** All features at once, each at its place: rows are not made many for it. */
type Counted = { readonly rows: number } & Readonly<
  Record<"numbers" | "texts" | "others" | "below" | "above" | "low" | "high", readonly number[]>
>;

async function readTexts(
  store: Store,
  where: { readonly model: string; readonly version: string; readonly from: number; readonly to: number },
  asks: readonly FeatureAsk[],
  named: number,
): Promise<Map<string, Pick<FeatureRows, keyof typeof NO_TEXTS>>> {
  const asked = asks.flatMap(({ feature, texts }) => (texts === null ? [] : [{ feature, ...texts }]));
  if (asked.length === 0) return new Map();
  const known = asked.flatMap(({ feature, among }) => among.map((value) => ({ feature, value })));
  const found = await store.query<{ feature: string; strange: number; named: [string, number][]; distinct: number; beyond: number }>(
    `SELECT feature, sumIf(held, isStrange) AS strange, count() AS distinct, sumIf(held, place > most) AS beyond,
       arraySort(one -> (-toInt64(one.2), one.1), groupArrayIf((value, held), isStrange AND strangePlace <= {named:UInt32})) AS named
     FROM (
       SELECT feature, most, value, held, isStrange, row_number() OVER (PARTITION BY feature ORDER BY held DESC, value) AS place,
         row_number() OVER (PARTITION BY feature, isStrange ORDER BY held DESC, value) AS strangePlace
       FROM (
         SELECT ask.1 AS feature, ask.2 AS most, toString(categories[indexOf(category_names, ask.1)]) AS value, count() AS held,
           (feature, value) NOT IN (SELECT pair.1, pair.2 FROM (SELECT arrayJoin(arrayZip({ofFeature:Array(String)}, {known:Array(String)})) AS pair)) AS isStrange
         FROM (SELECT *, arrayJoin(arrayZip({features:Array(String)}, {most:Array(UInt64)})) AS ask FROM ${ROWS})
         WHERE has(category_names, ask.1)
         GROUP BY feature, most, value
       )
     )
     GROUP BY feature`,
    {
      ...where,
      named,
      features: asked.map(({ feature }) => feature),
      most: asked.map(({ most }) => most),
      ofFeature: known.map(({ feature }) => feature),
      known: known.map(({ value }) => value),
    },
  );
  return new Map(
    found.map(({ feature, named: values, ...counted }) => [
      feature,
      { ...counted, values: values.map(([value, rows]) => ({ value, rows })) },
    ]),
  );
}
