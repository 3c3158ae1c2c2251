import { afterAll, beforeEach } from "vitest";
import { startWebhookReceiver, type WebhookReceiver } from "./webhook-receiver.ts";

/** One receiver for the tests of a file: before each it has got nothing yet, and answers with `status`. */
export async function receiverOfFile(status = 200): Promise<WebhookReceiver> {
  const receiver = await startWebhookReceiver();
  beforeEach(() => {
    receiver.requests.length = 0;
    receiver.answerWith({ status });
  });
  afterAll(() => receiver.stop());
  return receiver;
}
