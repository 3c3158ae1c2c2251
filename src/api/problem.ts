/** What was wrong with a request, as RFC 9457 has it. Thrown by handlers; becomes the answer at the edge. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly title: string;
  readonly hint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Further members of the answer. */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(
    status: keyof typeof TITLES,
    detail: string,
    hint: string,
    options: { headers?: Record<string, string>; more?: Record<string, unknown> } = {},
  ) {
    super(detail);
    this.status = status;
    this.title = TITLES[status];
    this.hint = hint;
    this.headers = options.headers ?? {};
    this.more = options.more ?? {};
  }
}

const TITLES = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Content too large",
  415: "Unsupported media type",
  421: "Misdirected request",
  500: "Internal error",
  503: "Service unavailable",
} as const;

export function problemResponse(problem: Problem): Response {
  const { status, title, hint, headers, more } = problem;
  const type = `urn:driftwatch:problem:${title.toLowerCase().replaceAll(" ", "-")}`;
  return new Response(JSON.stringify({ type, title, status, detail: problem.message, hint, ...more }), {
    status,
    headers: { "content-type": "application/problem+json; charset=utf-8", ...headers },
  });
}

/** Text from a request as it may stand in an answer: short, and without characters that act. */
export function quoted(text: string): string {
  const clean = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
  return `“${clean.length > 80 ? `${clean.slice(0, 80)}…` : clean}”`;
}
