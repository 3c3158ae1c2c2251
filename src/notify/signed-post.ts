import { createHmac } from "node:crypto";
import type { SendOutcome, SignedPost } from "../model/alert.ts";
import { SECOND, type Millis } from "../model/time.ts";

const TIMEOUT = 15 * SECOND;

/** The signature of Standard Webhooks: over id, time in seconds and body, with the bytes behind `whsec_`. */
function signature(secret: string, id: string, timestamp: number, body: string): string {
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

/**
 * A way to post JSON by Standard Webhooks. Redirects are not followed: a signed request goes where the configuration
 * says and nowhere else. Outcomes name a status or an error code, never the URL, which may hold a secret.
 */
export function createSignedPost(timeout: Millis = TIMEOUT): SignedPost {
  return async ({ url, secret, id, at, body }) => {
    const timestamp = Math.floor(at / SECOND);
    const target = new URL(url);
    const headers = new Headers({
      "content-type": "application/json",
      "user-agent": "driftwatch",
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "idempotency-key": id,
    });
    if (secret !== null) headers.set("webhook-signature", signature(secret, id, timestamp, body));
    if (target.username !== "" || target.password !== "") {
      // fetch refuses a URL with credentials; as a header they do what their owner meant.
      headers.set(
        "authorization",
        `Basic ${Buffer.from(`${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`).toString("base64")}`,
      );
      target.username = "";
      target.password = "";
    }
    try {
      const response = await fetch(target, {
        method: "POST",
        headers,
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(timeout),
      });
      await response.body?.cancel();
      return judgeResponse(response.status, response.headers.get("retry-after"), at);
    } catch (error) {
      return { outcome: "retry", detail: failure(error), retryAfter: null };
    }
  };
}

function judgeResponse(status: number, retryAfter: string | null, now: Millis): SendOutcome {
  const detail = `HTTP ${status}`;
  if (status >= 200 && status < 300) return { outcome: "sent", detail };
  if (status === 429 || status >= 500) return { outcome: "retry", detail, retryAfter: waitOf(retryAfter, now) };
  if (status >= 300 && status < 400) return { outcome: "failed", detail: `${detail}: redirects are not followed` };
  return {
    outcome: "failed",
    detail: status === 410 ? `${detail}: the receiver wants no more` : detail,
  };
}

/** Milliseconds to wait, from seconds or a date. */
function waitOf(header: string | null, now: Millis): Millis | null {
  if (header === null) return null;
  if (/^\d{1,7}$/.test(header.trim())) return Number(header) * SECOND;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function failure(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "no answer in time";
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
  return typeof cause?.code === "string" && /^[A-Z0-9_]+$/.test(cause.code) ? `not reached (${cause.code})` : "not reached";
}
