import { NUMBER_OPERATORS, type NumberOperator, type Predicate } from "../model/segment.ts";

/** What a text could not be read for; `at` is the character it was noticed at, counted from 1. */
export type PredicateProblem = { readonly at: number; readonly message: string; readonly hint: string };

type Token = {
  readonly kind: "word" | "quoted" | "name" | "number" | "sign" | "end";
  readonly text: string;
  readonly at: number;
};

const TOKEN =
  /\s*(?:(?<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_]))|(?<word>[\p{L}\p{N}_][\p{L}\p{N}_.-]*)|(?<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|`(?<name>[^`]+)`|(?<sign><=|>=|!=|==|<>|[<>=()[\],]))/uy;

const KEYWORDS = new Set(["and", "or", "not", "in", "is", "missing"]);
const LONGEST = 1_000;
const DEEPEST = 20;
const EXAMPLE = 'as in distance > 1000 and carrier in [DL, "AA"], or dest is missing';

/** Thrown inside, returned outside: a text has one first mistake. */
class Mistake extends Error {
  readonly problem: PredicateProblem;
  constructor(problem: PredicateProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/**
 * The predicate that a text says:
 *
 *     predicate  = all { "or" all }            all   = one { "and" one }
 *     one        = "not" one | "(" predicate ")" | feature ( sign value | [ "not" ] "in" "[" values "]" | "is" [ "not" ] "missing" )
 *
 * with signs `=` `!=` `<` `<=` `>` `>=`, numbers, and texts with or without quotes; a feature whose name is no word stands
 * in backticks. The text never becomes anything but this value.
 */
export function parsePredicate(text: string): Predicate | PredicateProblem {
  try {
    if (text.length > LONGEST) fail(LONGEST + 1, `is longer than ${LONGEST} characters`, "make several segments of it");
    return readAll(tokensOf(text));
  } catch (error) {
    if (error instanceof Mistake) return error.problem;
    throw error;
  }
}

function fail(at: number, message: string, hint: string): never {
  throw new Mistake({ at, message, hint });
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < text.trimEnd().length) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    const start = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
    if (!groups) fail(start + 1, `cannot be read from character ${start + 1} on`, EXAMPLE);
    for (const kind of ["number", "word", "quoted", "name", "sign"] as const) {
      const found = groups[kind];
      if (found !== undefined) tokens.push({ kind, text: found, at: start + 1 });
    }
    at = TOKEN.lastIndex;
  }
  return [...tokens, { kind: "end", text: "", at: text.length + 1 }];
}

function readAll(tokens: readonly Token[]): Predicate {
  let next = 0;
  const peek = (): Token => tokens[next] ?? (tokens.at(-1) as Token);
  const take = (): Token => tokens[next++] ?? (tokens.at(-1) as Token);
  const isWord = (word: string): boolean => peek().kind === "word" && peek().text.toLowerCase() === word;
  const isSign = (sign: string): boolean => peek().kind === "sign" && peek().text === sign;
  const unexpected = (wanted: string): never => {
    const token = peek();
    const found = token.kind === "end" ? "the text ends" : `found \`${token.text.slice(0, 20)}\``;
    fail(token.at, `expected ${wanted} at character ${token.at}, ${found}`, EXAMPLE);
  };

  function several(kind: "and" | "or", one: () => Predicate): Predicate {
    const first = one();
    const parts = [first];
    while (isWord(kind)) {
      take();
      parts.push(one());
    }
    return parts.length === 1 ? first : { kind, parts };
  }

  const readAny = (depth: number): Predicate => several("or", () => several("and", () => readOne(depth)));

  function readOne(depth: number): Predicate {
    if (depth > DEEPEST) fail(peek().at, `is nested more than ${DEEPEST} deep`, "write it flatter, or make several segments of it");
    if (isWord("not")) {
      take();
      return { kind: "not", of: readOne(depth + 1) };
    }
    if (isSign("(")) {
      take();
      const inner = readAny(depth + 1);
      if (!isSign(")")) unexpected("`)`");
      take();
      return inner;
    }
    return readComparison();
  }

  function readComparison(): Predicate {
    const token = peek();
    if ((token.kind !== "word" && token.kind !== "name") || (token.kind === "word" && KEYWORDS.has(token.text.toLowerCase())))
      unexpected("the name of a feature");
    const feature = take().text;
    if (isWord("is")) {
      take();
      const negated = takeNot();
      if (!isWord("missing")) unexpected("`missing`");
      take();
      return negate(negated, { kind: "missing", feature });
    }
    const negated = takeNot();
    if (isWord("in")) {
      take();
      return negate(negated, readList(feature));
    }
    if (negated || peek().kind !== "sign" || ["(", ")", "[", "]", ","].includes(peek().text)) unexpected("`=`, `>`, `in` or `is missing`");
    const written = take();
    const sign = written.text === "==" ? "=" : written.text === "<>" ? "!=" : written.text;
    const operator = NUMBER_OPERATORS.find((one) => one === sign) as NumberOperator;
    const value = readValue();
    if (typeof value === "number") return { kind: "number", feature, operator, value };
    if (operator !== "=" && operator !== "!=")
      fail(written.at, `\`${operator}\` compares numbers, at character ${written.at}`, "write a number without quotes, or use =, != or in");
    return { kind: "text", feature, operator, value };
  }

  function takeNot(): boolean {
    if (!isWord("not")) return false;
    take();
    return true;
  }

  function readList(feature: string): Predicate {
    if (!isSign("[")) unexpected("`[`");
    take();
    const values = [readValue()];
    while (isSign(",")) {
      take();
      values.push(readValue());
    }
    if (!isSign("]")) unexpected("`,` or `]`");
    take();
    return {
      kind: "in",
      feature,
      numbers: values.filter((value) => typeof value === "number"),
      texts: values.filter((value) => typeof value === "string"),
    };
  }

  function readValue(): number | string {
    const token = peek();
    if (token.kind === "number") {
      const value = Number(take().text);
      return Number.isFinite(value) ? value : fail(token.at, `a number is too large, at character ${token.at}`, EXAMPLE);
    }
    if (token.kind === "quoted") return take().text.slice(1, -1).replace(/\\(.)/gsu, "$1");
    if (token.kind === "word" && !KEYWORDS.has(token.text.toLowerCase())) return take().text;
    return unexpected("a number or a text");
  }

  const predicate = readAny(0);
  if (peek().kind !== "end") unexpected("`and`, `or` or the end");
  return predicate;
}

function negate(negated: boolean, of: Predicate): Predicate {
  return negated ? { kind: "not", of } : of;
}
