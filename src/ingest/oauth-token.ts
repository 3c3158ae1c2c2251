import type { KafkaSasl } from "../model/settings.ts";
import { SECOND, type Millis } from "../model/time.ts";

type Grant = Pick<Extract<KafkaSasl, { readonly mechanism: "OAUTHBEARER" }>, "tokenUrl" | "clientId" | "clientSecret" | "scope">;

type Token = { readonly value: string; readonly lifetime: Millis };

const TIMEOUT = 10 * SECOND;
/** The part of its life a token is used for, so that none runs out on its way. */
const SHARE = 0.8;

/** An access token by the client-credentials grant (RFC 6749, 4.4): asked for when one is needed, kept while it is good. */
export function createTokens(grant: Grant): () => Promise<string> {
  let kept: { readonly token: Token; readonly until: number } | null = null;
  let asking: Promise<Token> | null = null;

  async function ask(): Promise<Token> {
    const askedAt = performance.now();
    const token = await fetchToken(grant);
    kept = { token, until: askedAt + token.lifetime * SHARE };
    return token;
  }

  return async () => {
    if (kept !== null && performance.now() < kept.until) return kept.token.value;
    // Several connections ask at once; one answer is enough.
    asking ??= ask().finally(() => {
      asking = null;
    });
    return (await asking).value;
  };
}

/** Rejects with a message that says where and why, and never shows the secret. What may pass is `retriable`. */
async function fetchToken({ tokenUrl, clientId, clientSecret, scope }: Grant): Promise<Token> {
  const { origin, pathname } = new URL(tokenUrl);
  const where = `the token endpoint ${origin}${pathname}`;
  const credentials = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString("base64");
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(tokenUrl, {
      method: "POST",
      headers: { authorization: `Basic ${credentials}`, accept: "application/json" },
      body: new URLSearchParams({ grant_type: "client_credentials", ...(scope === null ? {} : { scope }) }),
      // The secret goes where the configuration says and nowhere else.
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT),
    });
    answer = await response.json().catch(() => null);
  } catch (cause) {
    throw failure(`${where} did not answer: ${reasonOf(cause)}`, true, cause);
  }
  const { access_token: value, expires_in: seconds, error } = (answer ?? {}) as Record<string, unknown>;
  if (!response.ok) {
    const why = typeof error === "string" ? ` (${error.slice(0, 100)})` : "";
    throw failure(`${where} refused with HTTP ${response.status}${why}`, response.status >= 500 || response.status === 429);
  }
  if (typeof value !== "string" || !/^[\w.~+/=-]+$/.test(value)) throw failure(`${where} answered without an access_token`, false);
  // Without a lifetime it is used once.
  return { value, lifetime: typeof seconds === "number" && seconds > 0 ? seconds * SECOND : 0 };
}

function failure(message: string, retriable: boolean, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { retriable });
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (!(inner instanceof Error)) return String(inner);
  const { code } = inner as { code?: unknown };
  // What Node tried at two addresses at once has a code, and no words.
  return inner.message || (typeof code === "string" ? code : inner.name);
}
