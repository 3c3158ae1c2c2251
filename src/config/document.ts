import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document as YamlDocument, type Node } from "yaml";
import { maskedLine, maskedText, maskedValue, type Mask } from "./mask.ts";
import { formatPath, type Path, type Problem } from "./problem.ts";
import { substituteEnv, type Environment } from "./substitute-env.ts";

/** A YAML file as plain data that knows where each of its values stands. */
export type Document = {
  readonly file: string;
  /** Undefined when the text could not be understood. */
  readonly data: unknown;
  report(path: Path, message: string, hint: string): void;
  /** Notes what is worth knowing and stops nothing. */
  warn(path: Path, message: string, hint: string): void;
  /** Keeps the value at `path` out of every quoted line. */
  hide(path: Path): void;
  /** Line of the value at `path`, counted from 1. */
  lineOf(path: Path): number;
  problems(): Problem[];
  warnings(): Problem[];
};

/** Aliases can make a short text enormous; no configuration is this large. */
const MAX_NODES = 50_000;
/** Shorter values are no secrets, and replacing them would garble messages. */
const MIN_SHIELDED = 4;

type Place = { readonly at: number; readonly value: readonly [number, number] | null };
type Finding = { readonly offset: number; readonly path: Path; readonly message: string; readonly hint: string };

/** Reads YAML text, with `${NAME}` in its values replaced; what is wrong stands in `problems()`. */
export function readDocument(file: string, text: string, env: Environment): Document {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const places = new Map<string, Place>();
  const masks: Mask[] = [];
  const findings: Finding[] = [];
  const remarks: Finding[] = [];
  // Values already complained of: what an unset variable leaves behind deserves no second complaint.
  const settled = new Set<string>();

  // A message may repeat a value (the name of a channel, say). What came from a variable is shown as the variable.
  const substituted = new Map<string, string>();
  const shield = (words: string) =>
    maskedText([...substituted].reduce((shown, [value, variable]) => shown.replaceAll(value, () => `\${${variable}}`), words));

  const note = (offset: number, path: Path, message: string, hint: string) => void findings.push({ offset, path, message, hint });

  function placeOf(path: Path): Place {
    for (let length = path.length; length >= 0; length--) {
      const place = places.get(JSON.stringify(path.slice(0, length)));
      if (place) return place;
    }
    return { at: 0, value: null };
  }

  function problemOf({ offset, path, message, hint }: Finding, broken: boolean): Problem {
    const { line, col } = lines.linePos(offset);
    const from = lines.lineStarts[line - 1] ?? 0;
    const to = lines.lineStarts[line] ?? text.length;
    const source = maskedLine(text, from, to, masks);
    // In broken YAML a line without a key may be the inside of a secret.
    const shown = source !== "" && (!broken || /^[\s{-]*["']?[\w-]+["']?\s*:/.test(source));
    return {
      file,
      line,
      column: col,
      path: maskedText(formatPath(path)),
      message: shield(message),
      hint: shield(hint),
      source: shown ? source : null,
    };
  }

  const syntax = yaml.errors[0] ?? yaml.warnings[0];
  let data: unknown;
  if (syntax) {
    // One mistake makes the parser stumble many times: only its first complaint is worth reading.
    const [message, hint] = SYNTAX[syntax.code] ?? [
      "this is not valid YAML",
      "look at the indentation, the quotes and the brackets, here and on the line above",
    ];
    // What is never closed is noticed at the end of the file, where there may be no line to show.
    const offset = Math.min(syntax.pos[0], text.trimEnd().length);
    const line = text.split("\n")[lines.linePos(offset).line - 1] ?? "";
    const braces = /[\s,[:]\$\{/.test(line);
    note(offset, [], message, braces ? 'between { } or [ ], a variable stands in quotes: "${NAME}"' : hint);
  } else if (yaml.contents === null || (isScalar(yaml.contents) && yaml.contents.value === null)) {
    note(
      0,
      [],
      "the file is empty",
      "`driftwatch schema` and the example driftwatch.yaml show what belongs in it; a file of rules without any is `rules: []`",
    );
  } else {
    data = toPlain(yaml, { places, masks, settled, substituted, note, env, text, lineAt: (offset) => lines.linePos(offset).line });
  }

  return {
    file,
    data,
    report: (path, message, hint) => {
      if (!settled.has(JSON.stringify(path))) note(placeOf(path).at, path, message, hint);
    },
    warn: (path, message, hint) => void remarks.push({ offset: placeOf(path).at, path, message, hint }),
    hide: (path) => {
      const range = placeOf(path).value;
      if (range) masks.push({ from: range[0], to: range[1], shown: "***" });
    },
    lineOf: (path) => lines.linePos(placeOf(path).at).line,
    problems: () => findings.map((finding) => problemOf(finding, syntax !== undefined)).toSorted(byPlace),
    warnings: () => remarks.map((remark) => problemOf(remark, false)).toSorted(byPlace),
  };
}

function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}

type Conversion = {
  readonly places: Map<string, Place>;
  readonly masks: Mask[];
  readonly settled: Set<string>;
  /** Variable by value. */
  readonly substituted: Map<string, string>;
  readonly note: (offset: number, path: Path, message: string, hint: string) => void;
  readonly env: Environment;
  readonly text: string;
  readonly lineAt: (offset: number) => number;
};

function toPlain(yaml: YamlDocument, { places, masks, settled, substituted, note, env, text, lineAt }: Conversion): unknown {
  let nodes = 0;
  const open = new Set<Node>();

  function convert(node: Node | null, path: Path, at: number): unknown {
    if (node === null) return null;
    if (++nodes > MAX_NODES) {
      if (nodes === MAX_NODES + 1) note(at, path, "the document is too large", "use fewer aliases, or split the file");
      return null;
    }
    if (isAlias(node)) {
      const target = node.resolve(yaml);
      if (!target || open.has(target)) {
        settled.add(JSON.stringify(path));
        note(at, path, "this alias refers to itself or to nothing", "write the value out");
        return null;
      }
      return convert(target, path, at);
    }
    if (isScalar(node)) {
      if (typeof node.value !== "string") return node.value;
      const used = (variable: string, value: string) => void (value.length >= MIN_SHIELDED && substituted.set(value, variable));
      return substituteEnv(node.value, env, used, (message, hint) => {
        settled.add(JSON.stringify(path));
        note(at, path, message, hint);
      });
    }
    open.add(node);
    const plain = isMap(node) ? convertMap(node, path, at) : convertSeq(node, path);
    open.delete(node);
    return plain;
  }

  function convertSeq(node: Node, path: Path): unknown[] {
    if (!isSeq(node)) return [];
    return node.items.map((item, index) => {
      const child = item as Node | null;
      const at = child?.range?.[0] ?? 0;
      const itemPath = [...path, index];
      places.set(JSON.stringify(itemPath), { at, value: rangeOf(child) });
      return convert(child, itemPath, at);
    });
  }

  function convertMap(node: Node, path: Path, mapAt: number): Record<string, unknown> {
    const plain: Record<string, unknown> = {};
    if (!isMap(node)) return plain;
    const firstAt = new Map<string, number>();
    for (const { key, value } of node.items) {
      const keyNode = key as Node;
      const at = keyNode.range?.[0] ?? mapAt;
      // Versions are keys too: `1.10` stays as it was written, and is not the number 1.1.
      const name = isScalar(keyNode) ? (keyNode.source ?? String(keyNode.value)) : "";
      if (name === "" || name === "__proto__") {
        note(at, path, "this key is not a name", "write a name before the colon, in quotes if it holds other characters");
        continue;
      }
      const child = value as Node | null;
      const childPath = [...path, name];
      const first = firstAt.get(name);
      if (first !== undefined) {
        note(at, childPath, `\`${name}\` is given twice, first on line ${lineAt(first)}`, "keep one of the two");
        const repeated = rangeOf(child);
        if (repeated) masks.push({ from: repeated[0], to: repeated[1], shown: "***" });
        continue;
      }
      firstAt.set(name, at);
      const range = rangeOf(child);
      places.set(JSON.stringify(childPath), { at, value: range });
      for (const masked of [range, isAlias(child) ? rangeOf(child.resolve(yaml) ?? null) : null]) {
        const shown = masked && maskedValue(name, text.slice(...masked));
        if (masked && shown !== null) masks.push({ from: masked[0], to: masked[1], shown });
      }
      plain[name] = convert(child, childPath, at);
    }
    return plain;
  }

  return convert(yaml.contents, [], 0);
}

function rangeOf(node: Node | null | undefined): readonly [number, number] | null {
  return node?.range ? [node.range[0], node.range[1]] : null;
}

/** Own words for the parser's errors: its own may repeat the text it stumbled over, and that may be a secret. */
const SYNTAX: Readonly<Record<string, readonly [string, string]>> = {
  TAB_AS_INDENT: ["a tab is used for indentation", "YAML allows only spaces there: replace the tab"],
  BAD_INDENT: [
    "the indentation does not fit the lines above",
    "keys of the same mapping start in the same column, and every bracket is closed",
  ],
  MISSING_CHAR: [
    "something is missing here: a quote, a bracket, a comma or a colon",
    "close every quote and bracket; write `key: value` with a space after the colon",
  ],
  MULTIPLE_DOCS: ["the file holds more than one document", "remove the `---` between them"],
  BLOCK_AS_IMPLICIT_KEY: [
    "a value holds another `key: value`",
    "put the value in quotes if it contains `: `, or start a new line, indented",
  ],
  MULTILINE_IMPLICIT_KEY: ["a key runs over more than one line", "write `key: value` with a colon and a space; look at the line above too"],
  BAD_ALIAS: ["an alias refers to nothing", "a value that starts with `*` must be in quotes"],
  BAD_SCALAR_START: ["a value starts with a character that is reserved in YAML", "put the value in quotes"],
  TAG_RESOLVE_FAILED: [
    "tags such as `!name` have no meaning here",
    "remove the tag; secrets are written as ${NAME}, or read with a key that ends in _file",
  ],
  BAD_DQ_ESCAPE: ["a backslash in double quotes does not begin a known escape", "use single quotes, or double the backslash"],
};
