import { createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createEmailNotifier } from "../../src/notify/email.ts";
import { createNotifiers } from "../../src/notify/notifier.ts";
import { barsPicture } from "../../src/notify/picture.ts";
import { DAY } from "../../src/model/time.ts";
import { DAY_0, exampleTransition } from "../alerting/examples.ts";
import { startSmtpCatcher } from "../support/smtp-catcher.ts";
import { exampleNotification } from "./examples.ts";

const notPosted = () => Promise.reject(new Error("mail is not posted"));

type Catcher = Awaited<ReturnType<typeof startSmtpCatcher>>;
const running: Catcher[] = [];
afterEach(async () => {
  for (const catcher of running.splice(0)) await catcher.stop();
});

async function setUp(
  options: {
    refuse?: (recipient: string) => number | null;
    to?: string[];
    username?: string;
    password?: string;
  } = {},
) {
  const catcher = await startSmtpCatcher(options.refuse ? { refuse: options.refuse } : {});
  running.push(catcher);
  const notify = createNotifiers(
    new Map([
      [
        "ml",
        {
          type: "email",
          name: "ml",
          repeatEvery: null,
          to: options.to ?? ["ml@example.com"],
          from: "Driftwatch <dw@example.com>",
          smtp: {
            host: "127.0.0.1",
            port: catcher.port,
            secure: false,
            username: options.username ?? null,
            password: options.password ?? null,
          },
        },
      ],
    ]),
    { call: notPosted, post: notPosted },
  ).get("ml");
  if (!notify) throw new Error("no such channel");
  return { catcher, notify };
}

const notificationOf = (transitions = [exampleTransition()], model = "flight-delay") =>
  exampleNotification(transitions, { channel: "ml", model, at: DAY_0 });

describe("a mail", () => {
  it("arrives as text and as HTML, from and to whom the configuration says", async () => {
    const { catcher, notify } = await setUp({ to: ["ml@example.com", "ops@example.com"] });
    expect(await notify(notificationOf())).toEqual({ outcome: "sent", detail: "accepted" });
    const [mail] = catcher.mails;
    expect(mail?.recipients).toEqual(["ml@example.com", "ops@example.com"]);
    expect(mail?.email).toMatchObject({
      subject: "[firing, warning] flight-delay: visib (feature-drift)",
      from: { address: "dw@example.com" },
      messageId: "<n1@example.com>",
    });
    expect(mail?.email.text).toContain("visib is 1.61 times what it was.");
    expect(mail?.email.html).toContain("visib is 1.61 times what it was.");
  });

  it("about the end of an alert threads with the one about its beginning", async () => {
    const { catcher, notify } = await setUp();
    await notify(notificationOf());
    await notify({
      ...notificationOf([
        exampleTransition({
          id: "t2",
          to: "resolved",
          window: { from: DAY_0 + DAY, to: DAY_0 + 2 * DAY },
        }),
      ]),
      id: "n2",
    });
    expect(catcher.mails.map(({ email }) => [email.messageId, email.inReplyTo, email.references])).toEqual([
      ["<n1@example.com>", "<alert-t1@example.com>", "<alert-t1@example.com>"],
      ["<n2@example.com>", "<alert-t1@example.com>", "<alert-t1@example.com>"],
    ]);
  });

  it("about several alerts threads with those of each", async () => {
    const { catcher, notify } = await setUp();
    const second = exampleTransition({ id: "t9", alertId: "t9", key: { ...exampleTransition().key, subject: "temp" } });
    await notify(notificationOf([exampleTransition(), second]));
    expect(catcher.mails[0]?.email.references).toBe("<alert-t1@example.com> <alert-t9@example.com>");
  });

  it("carries before and after as a picture of its own", async () => {
    const { catcher, notify } = await setUp();
    const transition = exampleTransition();
    const bins = [
      { bin: "DL", reference: 0.12, current: 0.403, contribution: 0.3 },
      { bin: "<b>AA", reference: 0.2, current: 0, contribution: 0.2 },
    ];
    await notify(notificationOf([{ ...transition, explanation: { ...transition.explanation, detail: { bins } } }]));
    const [mail] = catcher.mails;
    expect(mail?.email.text).toContain("DL: 12% before, 40.3% after");
    expect(mail?.email.html).toContain(">40.3%<");
    expect(mail?.email.html).not.toContain("<b>AA");
    const [picture, ...others] = mail?.email.attachments ?? [];
    expect(others).toEqual([]);
    expect(picture).toMatchObject({ mimeType: "image/png", disposition: "inline", related: true });
    expect(mail?.email.html).toContain(`src="cid:${picture?.contentId?.slice(1, -1)}"`);
    expect(Buffer.from(picture?.content as ArrayBuffer)).toEqual(barsPicture(bins));
  });

  it("R47 holds names from events as text, and takes no header or recipient from them", async () => {
    const { catcher, notify } = await setUp();
    const nasty = `m\r\nBcc: thief@example.com\r\n\r\n<script>alert("x")</script>, <thief@example.com>'`;
    await notify(
      notificationOf(
        [
          exampleTransition({
            key: { rule: "r", model: nasty, version: nasty, segment: nasty, subject: nasty },
            summary: nasty,
          }),
        ],
        nasty,
      ),
    );
    const [mail] = catcher.mails;
    expect(mail?.recipients).toEqual(["ml@example.com"]);
    expect(mail?.email.headers.map(({ key }) => key)).not.toContain("bcc");
    expect(mail?.email.subject).toMatch(/^\[firing, warning\] m Bcc: thief@example\.com <script>/);
    expect(mail?.email.html).not.toContain("<script");
    expect(mail?.email.text).toContain(`<script>alert("x")</script>`);
  });
});

describe("what a mail server answers", () => {
  it("a refusal of all recipients for good: failed", async () => {
    const { notify } = await setUp({ refuse: () => 550 });
    expect(await notify(notificationOf())).toEqual({
      outcome: "failed",
      detail: "SMTP 550 (EENVELOPE)",
    });
  });

  it("a refusal for now: retry", async () => {
    const { notify } = await setUp({ refuse: () => 451 });
    expect(await notify(notificationOf())).toEqual({
      outcome: "retry",
      detail: "SMTP 451 (EENVELOPE)",
      retryAfter: null,
    });
  });

  it("a refusal of some: sent, and it says so", async () => {
    const { notify } = await setUp({
      to: ["ml@example.com", "gone@example.com"],
      refuse: (recipient) => (recipient.startsWith("gone") ? 550 : null),
    });
    expect(await notify(notificationOf())).toEqual({
      outcome: "sent",
      detail: "accepted, but 1 of 2 recipients refused",
    });
  });

  it("a refusal of some for now: retry, and then only those are told", async () => {
    const slow = { isReady: false };
    const { catcher, notify } = await setUp({
      to: ["ml@example.com", "On Call <slow@example.com>"],
      refuse: (recipient) => (recipient.startsWith("slow") && !slow.isReady ? 450 : null),
    });
    const deferred = { outcome: "retry", retryAfter: null, unsure: true };
    expect(await notify(notificationOf())).toEqual({ ...deferred, detail: "accepted, but 1 of 2 recipients refused for now" });
    expect(await notify(notificationOf())).toEqual({ outcome: "retry", detail: "SMTP 450 (EENVELOPE)", retryAfter: null });
    slow.isReady = true;
    expect(await notify(notificationOf())).toEqual({ outcome: "sent", detail: "accepted" });
    expect(catcher.mails.map(({ recipients }) => recipients)).toEqual([["ml@example.com"], ["slow@example.com"]]);
    expect(new Set(catcher.mails.map(({ email }) => email.messageId)).size).toBe(1);
  });

  it("a refused login that quotes the password: retry, without a word of it", async () => {
    const { notify } = await setUp({ username: "dw", password: "hunter2" });
    const outcome = await notify(notificationOf());
    expect(outcome).toEqual({ outcome: "retry", detail: "SMTP 535 (EAUTH)", retryAfter: null });
  });

  it("words without end: retry, after as long as it may take", async () => {
    const talking = createServer((socket) => {
      const words = setInterval(() => socket.write("220-one moment\r\n"), 20);
      socket.on("close", () => clearInterval(words)).on("error", () => {});
    });
    await new Promise<void>((ready) => {
      talking.listen(0, "127.0.0.1", ready);
    });
    const { port } = talking.address() as AddressInfo;
    const smtp = { host: "127.0.0.1", port, secure: false, username: null, password: null };
    const notify = createEmailNotifier(
      { type: "email", name: "ml", repeatEvery: null, to: ["ml@example.com"], from: "dw@example.com", smtp },
      200,
    );
    expect(await notify(notificationOf())).toEqual({ outcome: "retry", detail: "SMTP (EABORT)", retryAfter: null, unsure: true });
    await new Promise((done) => {
      talking.close(done);
    });
  });

  it("nothing at all: retry", async () => {
    const { catcher, notify } = await setUp();
    await catcher.stop();
    running.length = 0;
    expect(await notify(notificationOf())).toMatchObject({ outcome: "retry", retryAfter: null });
  });
});
