import { lookup } from "node:dns/promises";
import { request as requestHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isWithin, notPublic, parseAddress, parseAddressRange } from "../model/address.ts";
import type { Call, CallRequest, CallResult } from "../model/call.ts";
import { SECOND } from "../model/time.ts";

const ANSWER_BYTES = 1_000_000;
const TIMEOUT = 15 * SECOND;

type Found = { readonly address: string; readonly family: number };

/** All addresses of a host. */
export type Resolve = (host: string) => Promise<readonly Found[]>;

/**
 * A way to call other systems that reaches the public network, and of other addresses those in `allow` (addresses and
 * ranges such as `10.0.0.0/8`). The host is looked up once, every address it has is judged as a number, and the
 * connection goes to one that was judged: a name that is answered otherwise the next time gains nothing. Redirects are
 * not followed. `resolve` asks the system unless something else is given.
 */
export function createCall({ allow, resolve = systemResolve }: { allow: readonly string[]; resolve?: Resolve }): Call {
  const allowed = allow.flatMap((text) => parseAddressRange(text) ?? []);

  function whyForbidden({ address }: Found): string | null {
    const parsed = parseAddress(address);
    if (parsed === null) return "unreadable";
    return allowed.some((range) => isWithin(parsed, range)) ? null : notPublic(parsed);
  }

  async function call(request: CallRequest, signal: AbortSignal, late: Promise<never>): Promise<CallResult> {
    const url = new URL(request.url);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const family = isIP(host);
    // A lookup cannot be called off, so it is left behind.
    const found = family === 0 ? await Promise.race([resolve(host), late]) : [{ address: host, family }];
    if (found.length === 0) return { kind: "failed", reason: "unreachable", detail: "not reached (ENOTFOUND)" };
    for (const one of found) {
      const why = whyForbidden(one);
      if (why !== null)
        return {
          kind: "failed",
          reason: "forbidden",
          detail: `not called: an address of its host is not public (${why}); where that is meant, allow it under \`outgoing: {allow: […]}\``,
        };
    }
    return new Promise((settle, fail) => {
      const send = url.protocol === "https:" ? requestHttps : requestHttp;
      const sent = send(optionsOf(request, url, host, found, signal), (response) => {
        read(response).then(settle, fail);
      });
      sent.once("error", fail);
      sent.end(request.body);
    });
  }

  return async function guardedCall(request) {
    const signal = AbortSignal.timeout(request.timeout ?? TIMEOUT);
    try {
      const late = failWhen(signal);
      // A request that is upgraded to another protocol says neither that it is over nor that it failed.
      return await Promise.race([call(request, signal, late), late]);
    } catch (error) {
      return signal.aborted
        ? { kind: "failed", reason: "timeout", detail: "no answer in time" }
        : { kind: "failed", reason: "unreachable", detail: `not reached${codeOf(error)}` };
    }
  };
}

function failWhen(signal: AbortSignal): Promise<never> {
  return new Promise((_settle, fail) => {
    signal.addEventListener("abort", () => fail(new Error("no answer in time")), { once: true });
  });
}

function optionsOf(request: CallRequest, url: URL, host: string, found: readonly Found[], signal: AbortSignal): RequestOptions {
  const { method, headers = {}, body } = request;
  const pinned: LookupFunction = (_host, options, done) => {
    const [first] = found;
    if (options.all) done(null, [...found]);
    else if (first) done(null, first.address, first.family);
  };
  return {
    method,
    host,
    port: url.port === "" ? undefined : Number(url.port),
    path: `${url.pathname}${url.search}`,
    headers: {
      "user-agent": "driftwatch",
      ...credentials(url),
      ...headers,
      ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
    },
    lookup: pinned,
    // A connection that is kept would be to an address judged for another request.
    agent: false,
    signal,
  };
}

/** What stands in a URL before its host, as a header. */
function credentials({ username, password }: URL): { authorization?: string } {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

async function read(response: IncomingMessage): Promise<CallResult> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= ANSWER_BYTES) break;
    }
  } catch {
    // The status has been said: what follows it may break off.
  }
  const headers = Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]);
  return {
    kind: "answer",
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.concat(chunks).subarray(0, ANSWER_BYTES).toString(),
  };
}

function systemResolve(host: string): Promise<Found[]> {
  return lookup(host, { all: true });
}

/** Only codes are repeated: a message may quote the address it is about. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[A-Z0-9_]+$/.test(code) ? ` (${code})` : "";
}
