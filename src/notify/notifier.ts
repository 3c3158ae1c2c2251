import type { Notifier, SignedPost } from "../model/alert.ts";
import type { Call } from "../model/call.ts";
import type { Channel } from "../model/settings.ts";
import { createAlertmanagerNotifier } from "./alertmanager.ts";
import { createEmailNotifier } from "./email.ts";
import { createPagerDutyNotifier } from "./pagerduty.ts";
import { createSlackNotifier } from "./slack.ts";
import { createTeamsNotifier } from "./teams.ts";
import { createWebhookNotifier } from "./webhook.ts";

/** The notifiers of the configured channels, by name. */
export function createNotifiers(
  channels: ReadonlyMap<string, Channel>,
  { call, post }: { call: Call; post: SignedPost },
): ReadonlyMap<string, Notifier> {
  return new Map([...channels].map(([name, channel]) => [name, notifierOf(channel, call, post)]));
}

function notifierOf(channel: Channel, call: Call, post: SignedPost): Notifier {
  switch (channel.type) {
    case "email":
      return createEmailNotifier(channel);
    case "webhook":
      return createWebhookNotifier(channel, post);
    case "slack":
      return createSlackNotifier(channel, call);
    case "teams":
      return createTeamsNotifier(channel, call);
    case "pagerduty":
      return createPagerDutyNotifier(channel, call);
    case "alertmanager":
      return createAlertmanagerNotifier(channel, call);
  }
}
