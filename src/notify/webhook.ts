import type { Notifier, SignedPost } from "../model/alert.ts";
import type { Channel } from "../model/settings.ts";
import { webhookBody } from "./alert-json.ts";

/** A channel that posts alerts as JSON, signed by Standard Webhooks when it has a secret. */
export function createWebhookNotifier(channel: Extract<Channel, { type: "webhook" }>, post: SignedPost): Notifier {
  return function notifyWebhook(notification) {
    return post({
      url: channel.url,
      secret: channel.secret,
      id: notification.id,
      at: notification.at,
      body: webhookBody(notification),
    });
  };
}
