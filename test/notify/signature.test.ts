import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { MINUTE } from "../../src/model/time.ts";
import { createCall } from "../../src/notify/guarded-call.ts";
import { createSignedPost } from "../../src/notify/signed-post.ts";
import { createWebhookNotifier } from "../../src/notify/webhook.ts";
import { receiverOfFile } from "../support/receiver-of-file.ts";
import { exampleNotification } from "./examples.ts";

const SECRET = `whsec_${randomBytes(32).toString("base64")}`;
const verifier = new Webhook(SECRET);

const receiver = await receiverOfFile();

/** A request as a receiver gets it, sent at that moment. */
async function received(at = Date.now()): Promise<{ body: string; headers: Record<string, string> }> {
  const post = createSignedPost(createCall({ allow: ["127.0.0.1"] }));
  const channel = { type: "webhook", name: "ops", repeatEvery: null, url: receiver.url, secret: SECRET } as const;
  await createWebhookNotifier(channel, post)(exampleNotification(undefined, { at }));
  const request = receiver.requests.at(-1);
  if (!request) throw new Error("nothing came");
  const { body, headers } = request;
  const named = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => [name, String(headers[name])]);
  return { body, headers: Object.fromEntries(named) as Record<string, string> };
}

describe("R48 a webhook, to a verifier of Standard Webhooks", () => {
  it("R48 is genuine as it comes", async () => {
    const { body, headers } = await received();
    expect(verifier.verify(body, headers)).toMatchObject({ type: "alerts", data: { model: "flight-delay" } });
    expect(() => new Webhook(`whsec_${randomBytes(32).toString("base64")}`).verify(body, headers)).toThrow("No matching signature found");
  });

  it("R48 is refused with any one bit of its body changed", async () => {
    const { body, headers } = await received();
    const bytes = Buffer.from(body);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => verifier.verify(changed, headers)).toThrow("No matching signature found");
    }
  });

  it("R48 is refused with any letter of its headers changed", async () => {
    const { body, headers } = await received();
    for (const [name, value] of Object.entries(headers)) {
      for (let index = 0; index < value.length; index += 1) {
        const letter = value[index] === "A" ? "B" : "A";
        const changed = { ...headers, [name]: `${value.slice(0, index)}${letter}${value.slice(index + 1)}` };
        expect(() => verifier.verify(body, changed)).toThrow(/signature|Timestamp|Headers/i);
      }
    }
  });

  it("R48 is refused six minutes early or late, and not four", async () => {
    for (const off of [-6, 6]) {
      const { body, headers } = await received(Date.now() + off * MINUTE);
      expect(() => verifier.verify(body, headers)).toThrow(/timestamp too (old|new)/);
    }
    for (const off of [-4, 4]) {
      const { body, headers } = await received(Date.now() + off * MINUTE);
      expect(verifier.verify(body, headers)).toMatchObject({ type: "alerts" });
    }
  });
});
