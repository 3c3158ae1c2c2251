import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCall } from "../../src/notify/guarded-call.ts";
import { createSignedPost } from "../../src/notify/signed-post.ts";
import { createNotifiers } from "../../src/notify/notifier.ts";
import { createWebhookNotifier } from "../../src/notify/webhook.ts";
import { DAY_0, exampleTransition } from "../alerting/examples.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";
import { exampleNotification } from "./examples.ts";

const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
const notification = exampleNotification([exampleTransition()], { link: null, at: DAY_0 });

let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.stop());

const call = createCall({ allow: ["127.0.0.1"] });
const notifierOf = (secret: string | null, url = receiver.url, timeout = 2_000) =>
  createWebhookNotifier({ type: "webhook", name: "ops", repeatEvery: null, url, secret }, createSignedPost(call, timeout));

describe("a webhook", () => {
  it("writes times as the API does, those within a detail too", async () => {
    const transition = exampleTransition();
    const scale = { reference: 10, current: 16.1, ratio: 1.609, unit: "kilometres for miles", from: Date.UTC(2013, 8, 1) };
    const explanation = { ...transition.explanation, detail: { ...transition.explanation.detail, scale } };
    await notifierOf(null)({ ...notification, transitions: [{ ...transition, explanation }] });
    expect(JSON.parse(receiver.requests[0]?.body ?? "")).toMatchObject({
      data: { alerts: [{ explanation: { detail: { scale: { from: "2013-09-01T00:00:00Z" } } } }] },
    });
  });

  it.each([
    ["a Standard Webhooks secret", SECRET, Buffer.from("0123456789abcdef0123456789abcdef")],
    ["a secret of plain text", "a plain secret", Buffer.from("a plain secret")],
  ])("is signed with %s", async (_name, secret, key) => {
    expect(await notifierOf(secret)(notification)).toEqual({ outcome: "sent", detail: "HTTP 200" });
    const [{ headers, body } = { headers: {}, body: "" }] = receiver.requests;
    const signed = createHmac("sha256", key)
      .update(`n1.${DAY_0 / 1_000}.${body}`)
      .digest("base64");
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": "n1",
      "webhook-timestamp": String(DAY_0 / 1_000),
      "webhook-signature": `v1,${signed}`,
    });
    expect(JSON.parse(body)).toMatchObject({ type: "alerts" });
  });

  it("without a secret is not signed", async () => {
    const notifier = createNotifiers(
      new Map([["ops", { type: "webhook", name: "ops", repeatEvery: null, url: receiver.url, secret: null }]]),
      { call, post: createSignedPost(call) },
    ).get("ops");
    await notifier?.(notification);
    expect(receiver.requests[0]?.headers).not.toHaveProperty("webhook-signature");
  });

  it("sends the credentials of its URL as a header", async () => {
    expect(await notifierOf(null, receiver.url.replace("://", "://us%40er:pa%3Ass@"))(notification)).toMatchObject({ outcome: "sent" });
    expect(receiver.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from("us@er:pa:ss").toString("base64")}`);
  });

  it.each<[number, Record<string, string>, unknown]>([
    [204, {}, { outcome: "sent", detail: "HTTP 204" }],
    [301, { location: "http://127.0.0.1:1/" }, { outcome: "failed", detail: "HTTP 301: redirects are not followed" }],
    [400, {}, { outcome: "failed", detail: "HTTP 400" }],
    [404, {}, { outcome: "retry", detail: "HTTP 404", retryAfter: null }],
    [410, {}, { outcome: "failed", detail: "HTTP 410: the receiver wants no more", gone: true }],
    [429, { "retry-after": "120" }, { outcome: "retry", detail: "HTTP 429", retryAfter: 120_000 }],
    [429, { "retry-after": new Date(DAY_0 + 60_000).toUTCString() }, { outcome: "retry", detail: "HTTP 429", retryAfter: 60_000 }],
    [500, { "retry-after": "soon" }, { outcome: "retry", detail: "HTTP 500", retryAfter: null }],
    [503, {}, { outcome: "retry", detail: "HTTP 503", retryAfter: null }],
  ])("answered with %s %o", async (status, headers, expected) => {
    receiver.answerWith({ status, headers });
    expect(await notifierOf(SECRET)(notification)).toEqual(expected);
    expect(receiver.requests).toHaveLength(1);
  });

  it("gives up on a receiver that hangs, for now", async () => {
    receiver.answerWith("hang");
    expect(await notifierOf(SECRET, receiver.url, 50)(notification)).toEqual({
      outcome: "retry",
      detail: "no answer in time",
      retryAfter: null,
      unsure: true,
    });
  });

  it("repeats no secret when nobody is there", async () => {
    const outcome = await notifierOf(SECRET, "http://user:hunter2@127.0.0.1:1/token-abc")(notification);
    expect(outcome).toMatchObject({ outcome: "retry" });
    expect(JSON.stringify(outcome)).not.toMatch(/hunter2|token-abc|whsec|127/);
  });
});
