import { SECOND } from "../model/time.ts";

/** A program that is to end waits for no more than this. */
const TIMEOUT = 8 * SECOND;
const MOST_BYTES = 1_000_000;

export type Answer =
  | { readonly ok: true; readonly status: number; readonly json: unknown }
  /** Not reached, or no answer in time; the words never hold the address, which may hold a secret. */
  | { readonly ok: false; readonly detail: string };

/**
 * One request to a server of the configuration, and its JSON. Redirects are not followed: a token goes where the
 * configuration says and nowhere else. What is not JSON, or too long, is null.
 */
export async function askJson(
  url: URL,
  {
    method = "GET",
    headers = {},
    body,
    timeout = TIMEOUT,
  }: { method?: string; headers?: Record<string, string>; body?: unknown; timeout?: number } = {},
): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method,
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
      headers: {
        accept: "application/json",
        "user-agent": "driftwatch",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await readUpTo(response, MOST_BYTES);
    return { ok: true, status: response.status, json: parsed(text) };
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") return { ok: false, detail: "no answer in time" };
    const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
    return {
      ok: false,
      detail: typeof cause?.code === "string" && /^[A-Z0-9_]+$/.test(cause.code) ? `not reached (${cause.code})` : "not reached",
    };
  }
}

async function readUpTo(response: Response, most: number): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done || value === undefined) return Buffer.concat(chunks).toString();
    bytes += value.byteLength;
    if (bytes > most) {
      await reader.cancel();
      return "";
    }
    chunks.push(value);
  }
}

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
  url.username = "";
  url.password = "";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path.map(encodeURIComponent).join("/")}`;
  return url;
}

export type Login = { readonly token: string } | { readonly username: string; readonly password: string } | null;

export function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
