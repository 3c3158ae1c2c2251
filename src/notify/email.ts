import { createTransport } from "nodemailer";
import type { Notification, Notifier, SendOutcome } from "../model/alert.ts";
import type { Channel } from "../model/settings.ts";
import { SECOND } from "../model/time.ts";
import { htmlBody, subjectText, textBody } from "./message.ts";

type EmailChannel = Extract<Channel, { type: "email" }>;

/** A channel that sends mail. Recipients come from the configuration alone; text from events is text, in every part. */
export function createEmailNotifier(channel: EmailChannel): Notifier {
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
  const domain = /@([\w.-]+)>?\s*$/.exec(channel.from)?.[1] ?? "driftwatch.invalid";

  return async function notifyEmail(notification) {
    try {
      const sent = await transport.sendMail({
        from: channel.from,
        to: [...channel.to],
        subject: subjectText(notification),
        text: textBody(notification),
        html: htmlBody(notification),
        messageId: `<${notification.id}@${domain}>`,
        ...thread(notification, domain),
        headers: { "Auto-Submitted": "auto-generated" },
      });
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

/** Mails about one alert refer to the same message, which need not exist, so that mail programs show them together. */
function thread(notification: Notification, domain: string): { inReplyTo?: string; references?: string } {
  const alertId = notification.transitions[0]?.alertId;
  if (!alertId) return {};
  const root = `<alert-${alertId}@${domain}>`;
  return { inReplyTo: root, references: root };
}

/** Only codes are repeated: what a server says may quote what it was told. */
function judgeError(error: unknown): SendOutcome {
  const { code, responseCode } = (error ?? {}) as { code?: unknown; responseCode?: unknown };
  const name = typeof code === "string" && /^[A-Z0-9_]+$/.test(code) ? code : "unknown error";
  const status = typeof responseCode === "number" ? ` ${responseCode}` : "";
  const detail = `SMTP${status} (${name})`;
  // A refused login or certificate is mended by a person, and then this mail should still go out.
  const refusedForGood = typeof responseCode === "number" && responseCode >= 500 && (name === "EENVELOPE" || name === "EMESSAGE");
  return refusedForGood ? { outcome: "failed", detail } : { outcome: "retry", detail, retryAfter: null };
}
