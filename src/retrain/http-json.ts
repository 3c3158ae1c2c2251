import type { Call, CallRequest } from "../model/call.ts";
import { SECOND } from "../model/time.ts";

/** A program that is to end waits for no more than this. */
const TIMEOUT = 8 * SECOND;

export type Unanswered = {
  readonly ok: false;
  /** Whether asking again may help. */
  readonly outcome: "retry" | "failed";
  readonly detail: string;
};
export type Answer = { readonly ok: true; readonly status: number; readonly json: unknown } | Unanswered;

/** One request to a server of the configuration, and the JSON of its answer; what is no JSON, or too long to be whole, is null. */
export async function askJson(
  call: Call,
  url: URL,
  { method = "GET", headers = {}, body }: { method?: CallRequest["method"]; headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> {
  const result = await call({
    url: url.href,
    method,
    timeout: TIMEOUT,
    headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (result.kind === "answer") return { ok: true, status: result.status, json: parsed(result.body) };
  return { ok: false, outcome: result.reason === "forbidden" ? "failed" : "retry", detail: result.detail };
}

/** What a launch that got no answer comes to. */
export const unanswered = ({ outcome, detail }: Unanswered) => ({ outcome, detail }) as const;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** The text at a place in an answer, or null: an answer is whatever a server sent. */
export function textAt(json: unknown, ...path: readonly string[]): string | null {
  let value = json;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return null;
    value = (value as Record<string, unknown>)[step];
  }
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : null;
}

/** An address below another: every part of the path is encoded, so that no name leaves its place. */
export function below(base: string, ...path: readonly string[]): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path.map(encodeURIComponent).join("/")}`;
  return url;
}

export function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
