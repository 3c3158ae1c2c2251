import type { Notifier, SignedPost } from "../model/alert.ts";
import type { Channel } from "../model/settings.ts";
import { createEmailNotifier } from "./email.ts";
import { createWebhookNotifier } from "./webhook.ts";

/** The notifiers of the configured channels, by name. */
export function createNotifiers(channels: ReadonlyMap<string, Channel>, post: SignedPost): ReadonlyMap<string, Notifier> {
  return new Map(
    [...channels].map(([name, channel]) => [
      name,
      channel.type === "email" ? createEmailNotifier(channel) : createWebhookNotifier(channel, post),
    ]),
  );
}
