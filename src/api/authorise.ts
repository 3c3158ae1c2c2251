import { createHash, timingSafeEqual } from "node:crypto";
import { SCOPES, type HttpSettings, type Scope } from "../model/settings.ts";
import { Problem } from "./problem.ts";

/** Whose request it is where nobody needs a token. */
export const ANYONE = "anyone";

/** Answers whose token it is. */
export type Authorise = (request: Request, scope: Scope | null) => string;

/**
 * Throws unless a request may do what `scope` names. Without any token everything is allowed, but only under a name
 * of this machine: such a daemon listens on loopback, and a foreign name means that a web page has pointed its own
 * name here.
 *
 * Browsers cannot be told a bearer token, so reading takes a token as the password of Basic authentication as well.
 * A browser sends that by itself, with requests other sites cause too: so it never serves to change anything, but for
 * CloudEvents, which browsers cannot be made to send.
 */
export function createAuthorise(tokens: HttpSettings["tokens"], localToken: string | null): Authorise {
  const known = tokens.map(({ name, token, scopes }) => ({ name, digest: digest(token), scopes }));
  if (localToken !== null) known.push({ name: "this machine", digest: digest(localToken), scopes: SCOPES });
  const open = tokens.length === 0;

  return (request, scope) => {
    if (open && !isLoopback(new URL(request.url).hostname)) {
      throw new Problem(
        421,
        "This daemon has no tokens, so it answers under names of its own machine only.",
        "Use localhost or 127.0.0.1; to reach it under another name, configure http.tokens.",
      );
    }
    if (scope === null || open) return ANYONE;
    const given = credentials(request, scope);
    if (given === null) throw unauthorized("This needs a token.", request, scope);
    const wanted = digest(given);
    // All are compared, so that the time taken does not tell which one came close.
    const matches = known.filter((token) => timingSafeEqual(token.digest, wanted));
    if (matches.length === 0) throw unauthorized("The token is not known.", request, scope);
    const allowed = matches.find(({ scopes }) => scopes.includes(scope));
    if (allowed) return allowed.name;
    throw new Problem(
      403,
      `The token does not have the scope “${scope}”.`,
      `Use a token whose scopes include ${scope}, or add it under http.tokens.`,
    );
  };
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function credentials(request: Request, scope: Scope): string | null {
  const [, scheme = "", value = ""] = /^(\S+) +(\S+)$/.exec(request.headers.get("authorization") ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic" || !(isReading(request, scope) || isCloudEvent(request, scope))) return null;
  const pair = Buffer.from(value, "base64").toString();
  return pair.includes(":") ? pair.slice(pair.indexOf(":") + 1) : null;
}

function isReading(request: Request, scope: Scope): boolean {
  return scope === "read" && (request.method === "GET" || request.method === "HEAD");
}

/** Loggers of serving systems know no token, but put the user of their URL in. No other site can send these headers. */
function isCloudEvent(request: Request, scope: Scope): boolean {
  const { method, headers } = request;
  const isTyped = headers.has("ce-type") || (headers.get("content-type") ?? "").toLowerCase().startsWith("application/cloudevents");
  return scope === "ingest" && method === "POST" && isTyped && new URL(request.url).pathname === "/v1/cloudevents";
}

function unauthorized(detail: string, request: Request, scope: Scope): Problem {
  const isPage = isReading(request, scope) && (request.headers.get("accept") ?? "").includes("text/html");
  return new Problem(
    401,
    detail,
    "Send Authorization: Bearer TOKEN, with a token from http.tokens. In a browser, enter the token as the password; any user name will do.",
    {
      headers: { "www-authenticate": isPage ? 'Basic realm="driftwatch", charset="UTF-8"' : 'Bearer realm="driftwatch"' },
    },
  );
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
