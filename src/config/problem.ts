/** Something wrong in a file, where it is, and what to do about it. Holds no secret: `source` is masked. */
export type Problem = {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  /** Where in the document, as in `models.flight-delay.bucket`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly hint: string;
  /** The line itself with secrets masked; null when there is none to show. */
  readonly source: string | null;
};

/** Problems as text for a terminal: place and message, the line quoted below, and a hint. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join("\n");
}

function formatProblem({ file, line, column, path, message, hint, source }: Problem): string {
  const lines = [`${file}:${line}:${column}  ${path === "" ? "" : `${path}: `}${message}`];
  if (source !== null) lines.push(`    | ${source}`);
  if (hint !== "") lines.push(`    hint: ${hint}`);
  return lines.join("\n");
}

export type Path = readonly (string | number)[];

/** A path as people write it: `a.b[0].c`, names with other characters in quotes. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!/^[\w-]+$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}
