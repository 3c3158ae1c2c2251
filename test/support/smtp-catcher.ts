import type { AddressInfo } from "node:net";
import PostalMime, { type Email } from "postal-mime";
import { SMTPServer } from "smtp-server";

export type CaughtMail = {
  readonly raw: string;
  readonly email: Email;
  readonly recipients: readonly string[];
};

/** A real SMTP server on loopback that keeps what it gets. `refuse` makes it answer a recipient with that code. */
export async function startSmtpCatcher(
  options: { refuse?: (recipient: string) => number | null } = {},
): Promise<{ port: number; mails: CaughtMail[]; stop: () => Promise<void> }> {
  const mails: CaughtMail[] = [];
  async function keep(raw: string, recipients: string[], done: (error?: Error) => void): Promise<void> {
    try {
      mails.push({ raw, email: await PostalMime.parse(raw), recipients });
      done();
    } catch {
      done(new Error("unreadable mail"));
    }
  }

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    onAuth(auth, _session, done) {
      done(
        Object.assign(new Error(`no such login: ${auth.username} ${auth.password}`), {
          responseCode: 535,
        }),
      );
    },
    onRcptTo(address, _session, done) {
      const code = options.refuse?.(address.address) ?? null;
      done(code === null ? null : Object.assign(new Error(`refused ${address.address}`), { responseCode: code }));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const raw = Buffer.concat(chunks).toString();
        void keep(
          raw,
          session.envelope.rcptTo.map((recipient) => recipient.address),
          done,
        );
      });
    },
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
      }),
  };
}
