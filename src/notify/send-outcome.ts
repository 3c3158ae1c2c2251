import type { SendOutcome } from "../model/alert.ts";
import type { CallResult } from "../model/call.ts";
import { SECOND, type Millis } from "../model/time.ts";

/** Answers that are about the request and not about the moment: sent again it would be refused again. */
const FINAL = new Set([400, 405, 411, 413, 414, 415, 422, 431]);

/**
 * What became of a notification. A refused login, an address that is gone or may not be called are mended by a person,
 * and then the notification should still go out.
 */
export function sendOutcome(result: CallResult, now: Millis): SendOutcome {
  if (result.kind === "failed")
    return { outcome: "retry", detail: result.detail, retryAfter: null, ...(result.reason === "forbidden" ? {} : { unsure: true }) };
  const { status, headers } = result;
  const detail = `HTTP ${status}`;
  if (status >= 200 && status < 300) return { outcome: "sent", detail };
  if (status >= 300 && status < 400) return { outcome: "failed", detail: `${detail}: redirects are not followed` };
  if (status === 410) return { outcome: "failed", detail: `${detail}: the receiver wants no more`, gone: true };
  if (FINAL.has(status)) return { outcome: "failed", detail };
  return { outcome: "retry", detail, retryAfter: waitOf(headers["retry-after"] ?? null, now) };
}

/** Milliseconds to wait, from seconds or a date. */
function waitOf(header: string | null, now: Millis): Millis | null {
  if (header === null) return null;
  if (/^\d{1,7}$/.test(header.trim())) return Number(header) * SECOND;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
