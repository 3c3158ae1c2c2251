import type { Channel, RetrainingSettings } from "../model/settings.ts";
import type { Document } from "./document.ts";
import { LATER_CHANNELS, LATER_RETRAINING } from "./later.ts";
import { namesAt, readPart, readType, reportUnknownName } from "./read-part.ts";
import { readSecret, type Surroundings } from "./read-secret.ts";
import { channelSchemas, retrainingSchemas } from "./schema.ts";

/** Rules write it for every channel there is. */
export const ALL_CHANNELS = "all";

/** The channels that are right, by name. */
export function readChannels(document: Document, surroundings: Surroundings): Map<string, Channel> {
  const channels = new Map<string, Channel>();
  for (const name of namesAt(document, ["channels"])) {
    const path = ["channels", name];
    if (name === ALL_CHANNELS)
      document.report(path, "no channel can be named `all`", "rules write `notify: [all]` for every channel: choose another name");
    const type = readType(document, path, Object.keys(channelSchemas), LATER_CHANNELS);
    const channel =
      type === "email"
        ? readEmail(document, surroundings, name)
        : type === "webhook"
          ? readWebhook(document, surroundings, name)
          : undefined;
    if (channel) channels.set(name, channel);
  }
  return channels;
}

function readEmail(document: Document, surroundings: Surroundings, name: string): Channel | undefined {
  const path = ["channels", name];
  const email = readPart(document, channelSchemas.email, path);
  if (!email) return undefined;
  const smtpPath = [...path, "smtp"];
  const { host, port, secure, username } = email.smtp;
  const password = readSecret(document, surroundings, smtpPath, "password", email.smtp);
  if (password === undefined) return undefined;
  if ((username === undefined) !== (password === null)) {
    document.report(smtpPath, "`username` and `password` go together", "give both, or neither");
  }
  return {
    type: "email",
    name,
    to: email.to,
    from: email.from,
    smtp: { host, port: port ?? (secure ? 465 : 25), secure, username: username ?? null, password },
  };
}

function readWebhook(document: Document, surroundings: Surroundings, name: string): Channel | undefined {
  const path = ["channels", name];
  const webhook = readPart(document, channelSchemas.webhook, path);
  const secret = webhook && readSecret(document, surroundings, path, "secret", webhook);
  return webhook && secret !== undefined ? { type: "webhook", name, url: webhook.url, secret } : undefined;
}

/** The retraining of each model that has one and is right. */
export function readRetraining(document: Document, surroundings: Surroundings, models: readonly string[]): Map<string, RetrainingSettings> {
  const retraining = new Map<string, RetrainingSettings>();
  for (const model of namesAt(document, ["retraining"])) {
    const path = ["retraining", model];
    if (!models.includes(model))
      reportUnknownName(document, path, `there is no model named ${model}`, model, models, "define it under `models`");
    if (readType(document, path, Object.keys(retrainingSchemas), LATER_RETRAINING) === undefined) continue;
    const settings = readPart(document, retrainingSchemas.webhook, path);
    const secret = settings && readSecret(document, surroundings, path, "secret", settings);
    if (!settings || secret === undefined) continue;
    retraining.set(model, {
      model,
      type: settings.type,
      url: settings.url,
      secret,
      cooldown: settings.cooldown,
      maxPerDay: settings.max_per_day,
      dryRun: settings.dry_run,
    });
  }
  return retraining;
}
