/** What a panel is drawn over: milliseconds since 1970, and the step Grafana would choose. */
export type Span = { readonly from: number; readonly to: number; readonly interval: number };

type Expand = (span: Span, args: readonly string[]) => string;

const seconds = (time: number) => `toDateTime(${Math.floor(time / 1000)})`;
const millis = (time: number) => `fromUnixTimestamp64Milli(${time})`;
const day = (time: number) => `toDate('${new Date(time).toISOString().slice(0, 10)}')`;
const within = (column: string, span: Span, moment: (time: number) => string) =>
  `${column} >= ${moment(span.from)} AND ${column} <= ${moment(span.to)}`;
const step = (span: Span) => Math.max(1, Math.floor(span.interval / 1000));

function dateAndTime(span: Span, args: readonly string[]): string {
  const [date = "", time = ""] = args;
  return `(${within(date, span, day)}) AND (${within(time, span, seconds)})`;
}

const one =
  (expand: (span: Span, column: string) => string): Expand =>
  (span, [column = ""]) =>
    expand(span, column);

/** Each macro with the number of arguments it takes; null where the plugin looks at none. */
const MACROS: ReadonlyMap<string, { readonly takes: number | null; readonly expand: Expand }> = new Map(
  Object.entries({
    timeFilter: { takes: 1, expand: one((span, column) => within(column, span, seconds)) },
    timeFilter_ms: { takes: 1, expand: one((span, column) => within(column, span, millis)) },
    dateFilter: { takes: 1, expand: one((span, column) => within(column, span, day)) },
    dateTimeFilter: { takes: 2, expand: dateAndTime },
    dt: { takes: 2, expand: dateAndTime },
    fromTime: { takes: null, expand: (span: Span) => seconds(span.from) },
    toTime: { takes: null, expand: (span: Span) => seconds(span.to) },
    fromTime_ms: { takes: null, expand: (span: Span) => millis(span.from) },
    toTime_ms: { takes: null, expand: (span: Span) => millis(span.to) },
    timeFrom: { takes: 1, expand: one((span, column) => `${column} >= ${seconds(span.from)}`) },
    timeTo: { takes: 1, expand: one((span, column) => `${column} <= ${seconds(span.to)}`) },
    timeInterval: { takes: 1, expand: one((span, column) => `toStartOfInterval(toDateTime(${column}), INTERVAL ${step(span)} second)`) },
    timeInterval_ms: {
      takes: 1,
      expand: one(
        (span, column) => `toStartOfInterval(toDateTime64(${column}, 3), INTERVAL ${Math.max(1, Math.floor(span.interval))} millisecond)`,
      ),
    },
    timeGroup: {
      takes: 2,
      expand: (_span: Span, [column = "", length = ""]: readonly string[]) =>
        `toStartOfInterval(toDateTime(${column}), INTERVAL ${goSeconds(length)} second)`,
    },
    interval_s: { takes: null, expand: (span: Span) => String(step(span)) },
    interval_ms: { takes: null, expand: (span: Span) => String(Math.floor(span.interval)) },
  }),
);

/**
 * SQL as version 4.20 of the ClickHouse plugin would send it. The plugin takes a macro for one inside a string literal
 * too, and so does this; but what the plugin would leave as it stands or read differently from ClickHouse (a macro it
 * does not know, comments, backticks) is an error here.
 */
export function expandMacros(sql: string, span: Span): string {
  refuseWhatTheLexerMisreads(sql);
  return expandIn(sql, span);
}

function expandIn(sql: string, span: Span): string {
  let done = "";
  let rest = sql;
  for (let found = /\$__(\w*)/.exec(rest); found !== null; found = /\$__(\w*)/.exec(rest)) {
    const [token, name = ""] = found;
    const macro = MACROS.get(name);
    if (!macro) throw new Error(`The ClickHouse plugin has no macro ${token}.`);
    const after = found.index + token.length;
    const end = rest[after] === "(" ? endOfArguments(rest, after) : after;
    const given = end > after ? splitArguments(rest.slice(after + 1, end - 1)) : [];
    if (macro.takes !== null && given.length !== macro.takes)
      throw new Error(`${token} takes ${macro.takes} argument(s) and got ${given.length}: ${rest.slice(found.index, end)}`);
    done +=
      rest.slice(0, found.index) +
      macro.expand(
        span,
        given.map((argument) => expandIn(argument, span)),
      );
    rest = rest.slice(end);
  }
  return done + rest;
}

/** Where the parenthesis at `open` ends; `open` itself when it never does. */
function endOfArguments(text: string, open: number): number {
  let depth = 0;
  for (const { at, part } of piecesOf(text, open)) {
    if (part === "(") depth += 1;
    if (part === ")") depth -= 1;
    if (depth === 0) return at + 1;
  }
  return open;
}

function splitArguments(text: string): string[] {
  if (text.trim() === "") return [];
  const commas: number[] = [];
  let depth = 0;
  for (const { at, part } of piecesOf(text, 0)) {
    if (part === "(") depth += 1;
    if (part === ")") depth -= 1;
    if (part === "," && depth === 0) commas.push(at);
  }
  return [...commas, text.length].map((end, index) => text.slice(index === 0 ? 0 : (commas[index - 1] as number) + 1, end).trim());
}

/** Quoted texts whole, anything else by the character. Here a backslash escapes nothing: the plugin's arguments know doubled quotes only. */
function* piecesOf(text: string, from: number): Generator<{ at: number; part: string }> {
  const pieces = /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|[^]/g;
  pieces.lastIndex = from;
  for (let found = pieces.exec(text); found !== null; found = pieces.exec(text)) yield { at: found.index, part: found[0] };
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds in a length of time as Go writes it: it knows no days. */
function goSeconds(text: string): number {
  const length = text.trim().replace(/^['"]+|['"]+$/g, "");
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(length)) throw new Error(`$__timeGroup knows no length of time ${text}.`);
  const parts = [...length.matchAll(/([\d.]+)(ms|s|m|h)/g)];
  const total = Math.round(parts.reduce((sum, [, count = "", unit = ""]) => sum + Number(count) * (UNITS[unit] ?? 0), 0));
  if (total <= 0) throw new Error(`$__timeGroup needs a length of time above zero, not ${text}.`);
  return total;
}

/** Comments are blanked before macros are looked for, and what quotes them is read differently: dashboards use neither. */
function refuseWhatTheLexerMisreads(sql: string): void {
  const outside = sql.replace(/'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*"/g, "''");
  const found = /--|\/\*|`|#!?\s|\$[A-Za-z_]*\$/.exec(outside);
  if (found)
    throw new Error(
      `${JSON.stringify(found[0])} in a dashboard's SQL may make the plugin lose macros: write it without comments and backticks.`,
    );
}
