import { createHmac, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer } from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";

/** The demo's own receiver: a real SMTP server and a webhook endpoint on loopback, and a page that shows what came. */

export type CaughtMail = {
  readonly at: number;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};
export type CaughtHook = {
  readonly at: number;
  readonly path: string;
  readonly id: string;
  readonly signed: boolean;
  readonly body: string;
};

export type Catcher = {
  readonly smtpPort: number;
  readonly url: string;
  readonly mails: readonly CaughtMail[];
  readonly hooks: readonly CaughtHook[];
  close(): Promise<void>;
};

/** Only the newest are kept. */
const MOST_KEPT = 200;

export async function startCatcher(options: { secret: string; port?: number; onChange?: () => void }): Promise<Catcher> {
  const mails: CaughtMail[] = [];
  const hooks: CaughtHook[] = [];
  const keep = <T>(list: T[], item: T) => {
    list.unshift(item);
    list.length = Math.min(list.length, MOST_KEPT);
    options.onChange?.();
  };

  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        PostalMime.parse(Buffer.concat(chunks)).then(
          (mail) => {
            const to = session.envelope.rcptTo.map((recipient) => recipient.address);
            keep(mails, {
              at: Date.now(),
              from: mail.from?.address ?? "",
              to,
              subject: mail.subject ?? "",
              text: mail.text ?? "",
              html: mail.html ?? "",
            });
            done();
          },
          () => done(new Error("unreadable mail")),
        );
      });
    },
  });
  await new Promise<void>((resolve, reject) => {
    smtp.once("error", reject);
    smtp.listen(0, "127.0.0.1", resolve);
  });
  smtp.on("error", () => {});
  const smtpPort = (smtp.server.address() as AddressInfo).port;

  const app = new Hono();
  app.post("/hooks/:name", async (context) => {
    const body = await context.req.text();
    const id = context.req.header("webhook-id") ?? "";
    const signed = isSigned(
      options.secret,
      id,
      context.req.header("webhook-timestamp") ?? "",
      body,
      context.req.header("webhook-signature") ?? "",
    );
    keep(hooks, { at: Date.now(), path: context.req.path, id, signed, body });
    return signed ? context.body(null, 204) : context.text("bad signature", 401);
  });
  app.get("/", (context) => context.html(inboxPage(mails, hooks)));
  app.get("/mails/:index", (context) => {
    const mail = mails[Number(context.req.param("index"))];
    if (!mail) return context.notFound();
    // The mail's own HTML, as a mail program shows it: nothing in it may run or load.
    context.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    return context.html(mail.html || `<pre>${escape(mail.text)}</pre>`);
  });
  const server = await listen(app, options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  return {
    smtpPort,
    url: `http://127.0.0.1:${port}`,
    mails,
    hooks,
    async close() {
      await new Promise<void>((resolve) => smtp.close(() => resolve()));
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
    },
  };
}

/** The wished port when it is free, else any: the demo should run beside whatever else does. */
async function listen(app: Hono, port: number): Promise<ReturnType<typeof serve>> {
  const free = port === 0 || (await isFree(port)) ? port : 0;
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: free }, () => resolve(server));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/** Checks a Standard Webhooks signature the way a receiver should. */
function isSigned(secret: string, id: string, timestamp: string, body: string, header: string): boolean {
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  return header.split(" ").some((part) => {
    const given = Buffer.from(part.replace(/^v1,/, ""), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function inboxPage(mails: readonly CaughtMail[], hooks: readonly CaughtHook[]): string {
  const mailRows = mails.map(
    (mail, index) => `<details><summary><b>${escape(mail.subject)}</b><span>to ${escape(mail.to.join(", "))}</span></summary>
<iframe sandbox src="/mails/${index}" title="mail ${index}" loading="lazy"></iframe><h4>as text</h4><pre>${escape(mail.text)}</pre></details>`,
  );
  const hookRows = hooks.map(
    (hook) =>
      `<details><summary><b>POST ${escape(hook.path)}</b><span>${hook.signed ? "signature verified" : "BAD SIGNATURE"} · ${escape(hook.id.slice(0, 16))}…</span></summary><pre>${escape(pretty(hook.body))}</pre></details>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>driftwatch demo: caught mail and webhooks</title><meta name="viewport" content="width=device-width"><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fafafa}
summary{cursor:pointer;padding:.5rem 0;border-bottom:1px solid #d8dde4}summary span{color:#66707d;margin-left:.8rem;font-size:.9rem}
pre{white-space:pre-wrap;background:#fff;border:1px solid #d8dde4;padding:.8rem;font-size:.85rem}iframe{width:100%;height:26rem;border:1px solid #d8dde4;background:#fff}
@media(prefers-color-scheme:dark){body{background:#12161c;color:#dfe5ec}pre{background:#1a2029;border-color:#333c48}summary{border-color:#333c48}}
</style></head><body><h1>What driftwatch sent</h1><p>This is the demo's own mail server and webhook receiver; a real installation sends to yours.</p>
<h2>${mails.length} mail${mails.length === 1 ? "" : "s"}</h2>${mailRows.join("\n") || "<p>None yet.</p>"}
<h2>${hooks.length} webhook call${hooks.length === 1 ? "" : "s"}</h2>${hookRows.join("\n") || "<p>None yet.</p>"}</body></html>`;
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
