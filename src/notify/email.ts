import { createTransport } from "nodemailer";
import type { Notification, Notifier, SendOutcome } from "../model/alert.ts";
import type { Channel } from "../model/settings.ts";
import { MINUTE, SECOND, type Millis } from "../model/time.ts";
import { htmlBody } from "./mail-html.ts";
import { textBody } from "./mail-text.ts";
import { subjectText } from "./message.ts";

/** A header has to end somewhere. */
const THREADS = 20;

type EmailChannel = Extract<Channel, { type: "email" }>;

/**
 * A channel that sends mail. Recipients come from the configuration alone; text from events is text, in every part. A
 * server that keeps talking and never comes to an end is left after `deadline`.
 */
export function createEmailNotifier(channel: EmailChannel, deadline: Millis = 2 * MINUTE): Notifier {
  const { smtp } = channel;
  const loopback = /^(?:localhost|127\.[\d.]+|::1)$/.test(smtp.host);
  const transport = createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: smtp.secure,
    ...(smtp.username === null ? {} : { auth: { user: smtp.username, pass: smtp.password ?? "" } }),
    // A password crosses a network inside TLS or not at all.
    requireTLS: smtp.password !== null && !loopback,
    disableFileAccess: true,
    disableUrlAccess: true,
    connectionTimeout: 15 * SECOND,
    greetingTimeout: 15 * SECOND,
    socketTimeout: 30 * SECOND,
  });
  /** Who is left of mails that others have taken. A restart forgets it: those get theirs again, under the same id. */
  const deferred = new Map<string, string[]>();
  const domain = /@([\w.-]+)>?\s*$/.exec(channel.from)?.[1] ?? "driftwatch.invalid";

  return async function notifyEmail(notification) {
    const left = deferred.get(notification.id);
    try {
      const { html, pictures } = htmlBody(notification);
      const sent = await transport.sendMail({
        from: channel.from,
        to: [...channel.to],
        ...(left === undefined ? {} : { envelope: { from: channel.from, to: left } }),
        subject: subjectText(notification),
        text: textBody(notification),
        html,
        attachments: pictures.map(({ cid, content }, index) => ({
          cid,
          content,
          filename: `before-and-after-${index + 1}.png`,
          contentType: "image/png",
          contentDisposition: "inline",
        })),
        messageId: `<${notification.id}@${domain}>`,
        ...thread(notification, domain),
        headers: { "Auto-Submitted": "auto-generated" },
        signal: AbortSignal.timeout(deadline),
      });
      const later = deferredOf(sent);
      if (later.length > 0) {
        deferred.set(notification.id, later);
        const detail = `accepted, but ${later.length} of ${channel.to.length} recipients refused for now`;
        return { outcome: "retry", detail, retryAfter: null, unsure: true };
      }
      deferred.delete(notification.id);
      const refused = sent.rejected?.length ?? 0;
      return {
        outcome: "sent",
        detail: refused === 0 ? "accepted" : `accepted, but ${refused} of ${channel.to.length} recipients refused`,
      };
    } catch (error) {
      return judgeError(error);
    }
  };
}

/**
 * Mails about one alert refer to the same message, which need not exist, so that mail programs show them together. A
 * mail about several refers to those of all.
 */
function thread({ transitions }: Notification, domain: string): { inReplyTo?: string; references?: string[] } {
  const roots = [...new Set(transitions.map(({ alertId }) => `<alert-${alertId}@${domain}>`))].slice(0, THREADS);
  const [first] = roots;
  return first === undefined ? {} : { inReplyTo: first, references: roots };
}

/** The recipients that were refused for the moment only, as by a server that wants to be asked twice. */
function deferredOf(sent: object): string[] {
  const { rejectedErrors = [] } = sent as { rejectedErrors?: readonly { recipient?: string; responseCode?: number }[] };
  return rejectedErrors.flatMap(({ recipient, responseCode = 0 }) =>
    recipient !== undefined && responseCode >= 400 && responseCode < 500 ? [recipient] : [],
  );
}

/** Only codes are repeated: what a server says may quote what it was told. */
function judgeError(error: unknown): SendOutcome {
  const { code, responseCode } = (error ?? {}) as { code?: unknown; responseCode?: unknown };
  const name = typeof code === "string" && /^[A-Z0-9_]+$/.test(code) ? code : "unknown error";
  const status = typeof responseCode === "number" ? ` ${responseCode}` : "";
  const detail = `SMTP${status} (${name})`;
  // A refused login or certificate is mended by a person, and then this mail should still go out.
  const refusedForGood = typeof responseCode === "number" && responseCode >= 500 && (name === "EENVELOPE" || name === "EMESSAGE");
  return refusedForGood
    ? { outcome: "failed", detail }
    : { outcome: "retry", detail, retryAfter: null, ...(status === "" ? { unsure: true } : {}) };
}
