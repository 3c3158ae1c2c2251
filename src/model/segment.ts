/** A condition on the features of a row. A comparison with a feature that is missing, or of the other kind, does not hold. */
export type Predicate =
  | { readonly kind: "number"; readonly feature: string; readonly operator: NumberOperator; readonly value: number }
  | { readonly kind: "text"; readonly feature: string; readonly operator: "=" | "!="; readonly value: string }
  | { readonly kind: "in"; readonly feature: string; readonly numbers: readonly number[]; readonly texts: readonly string[] }
  | { readonly kind: "missing"; readonly feature: string }
  | { readonly kind: "not"; readonly of: Predicate }
  | { readonly kind: "and"; readonly parts: readonly Predicate[] }
  | { readonly kind: "or"; readonly parts: readonly Predicate[] };

export const NUMBER_OPERATORS = ["=", "!=", "<", "<=", ">", ">="] as const;
export type NumberOperator = (typeof NUMBER_OPERATORS)[number];

/** A feature whose values tell segments apart: its categories, or with edges the bins `(-inf, a] (a, b] (b, inf)`. */
export type SegmentColumn = { readonly feature: string; readonly bins: readonly number[] | null };

/** What the configuration says of segments. Those of one `by` share out all rows; a `where` is one segment. */
export type SegmentSettings =
  | {
      readonly kind: "by";
      readonly columns: readonly SegmentColumn[];
      /** As many of the most frequent values have a segment of their own; the rest share one. */
      readonly top: number;
    }
  | { readonly kind: "where"; readonly name: string; readonly predicate: Predicate };

/** What a row holds in one column of a `by`: a category, the number of a bin, or nothing of use. */
export type SegmentCell = { readonly category: string } | { readonly bin: number } | null;

/** One segment as it was pinned, with its rows in the references it was pinned by. */
export type PinnedSegment = {
  readonly name: string;
  /** Null for the rest of a `by`, and for a `where`. */
  readonly cells: readonly SegmentCell[] | null;
  readonly rows: number;
};

/** The segments that one entry of the configuration came to. */
export type SegmentGroup = {
  readonly name: string;
  readonly settings: SegmentSettings;
  /** A `by`: its values, most frequent first, then the rest. A `where`: itself. */
  readonly segments: readonly PinnedSegment[];
  /** Values of the references that share the rest. */
  readonly gathered: number;
  /** Why it has no segments, or one that may stay empty; null where all is well. */
  readonly problem: string | null;
};

/** A group's name: that of its `where`, or its columns. */
export function segmentGroupName(settings: SegmentSettings): string {
  return settings.kind === "where" ? settings.name : settings.columns.map(({ feature }) => word(feature)).join(",");
}

/** The name of what shares the rest of a `by`. */
export function restName(settings: SegmentSettings): string {
  return `${segmentGroupName(settings)}=(other)`;
}

/** The name of one segment of a `by`, such as `carrier=DL,dest=MIA` or `500<distance<=1000`. */
export function segmentName(columns: readonly SegmentColumn[], cells: readonly SegmentCell[]): string {
  const name = columns.map((column, index) => cellName(column, cells[index] ?? null)).join(",");
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 20).toWellFormed()}…${hash(name)}` : name;
}

function cellName({ feature, bins }: SegmentColumn, cell: SegmentCell): string {
  const name = word(feature);
  if (cell === null) return `${name}=(missing)`;
  if ("category" in cell) return `${name}=${word(cell.category)}`;
  const [low, high] = [bins?.[cell.bin - 1], bins?.[cell.bin]];
  if (low === undefined) return `${name}<=${high}`;
  return high === undefined ? `${name}>${low}` : `${low}<${name}<=${high}`;
}

/** Letters of a name that are kept as they are. Longer ones end in a hash, so that two of them stay two. */
const LONGEST_WORD = 60;
const LONGEST_NAME = 500;

/** A word of a name: as it is when it reads as one, else in quotes, with what cannot be seen written out. */
function word(text: string): string {
  const letters = Array.from(text);
  if (letters.length > LONGEST_WORD) return word(`${letters.slice(0, LONGEST_WORD - 10).join("")}…${hash(text)}`);
  if (/^[\p{L}\p{N}_.:/+…-]+$/u.test(text)) return text;
  return JSON.stringify(text).replace(/[\p{C}\p{Zl}\p{Zp}\p{M}]/gu, (letter) =>
    Array.from({ length: letter.length }, (_, index) => `\\u${letter.charCodeAt(index).toString(16).padStart(4, "0")}`).join(""),
  );
}

/** FNV-1a, 32 bits, of a text's UTF-16 units. */
function hash(text: string): string {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return state.toString(16).padStart(8, "0");
}

/** The features a predicate looks at. */
export function featuresOf(predicate: Predicate): string[] {
  switch (predicate.kind) {
    case "and":
    case "or":
      return predicate.parts.flatMap(featuresOf);
    case "not":
      return featuresOf(predicate.of);
    case "number":
    case "text":
    case "in":
    case "missing":
      return [predicate.feature];
  }
}

/** What a rule or a question asks of segments: all of them, or some by their names or by those of their groups. */
export type SegmentsAsked = "each" | readonly string[];

/** The names of the segments that are asked for. */
export function segmentsAsked(groups: readonly SegmentGroup[], asked: SegmentsAsked): string[] {
  return groups.flatMap((group) => group.segments.filter(({ name }) => isAsked(asked, name, group.name)).map(({ name }) => name));
}

/** Whether a segment is among those that are asked for. */
export function isAsked(asked: SegmentsAsked, name: string, group: string): boolean {
  return asked === "each" || asked.includes(name) || asked.includes(group);
}

/** All segments of all groups. */
export function allSegments(groups: readonly SegmentGroup[]): PinnedSegment[] {
  return groups.flatMap(({ segments }) => segments);
}
