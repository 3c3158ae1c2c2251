import { createHmac } from "node:crypto";
import type { SendOutcome, SignedPost } from "../model/alert.ts";
import type { Call } from "../model/call.ts";
import { SECOND, type Millis } from "../model/time.ts";
import { sendOutcome } from "./send-outcome.ts";

/** The signature of Standard Webhooks: over id, time in seconds and body, with the bytes behind `whsec_`. */
function signature(secret: string, id: string, timestamp: number, body: string): string {
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

/** A way to post JSON by Standard Webhooks. Outcomes name a status or an error code, never the URL, which may hold a secret. */
export function createSignedPost(call: Call, timeout: Millis = 15 * SECOND): SignedPost {
  return async ({ url, secret, id, at, body }): Promise<SendOutcome> => {
    const timestamp = Math.floor(at / SECOND);
    const result = await call({
      url,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(timestamp),
        "idempotency-key": id,
        ...(secret === null ? {} : { "webhook-signature": signature(secret, id, timestamp, body) }),
      },
      body,
      timeout,
    });
    return sendOutcome(result, at);
  };
}
