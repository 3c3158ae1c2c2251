import type { Channel, HeartbeatSettings } from "../model/settings.ts";
import { DAY, type Millis } from "../model/time.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";
import { namesAt, readPart, readType, valueAt } from "./read-part.ts";
import { readSecret, type Surroundings } from "./read-secret.ts";
import { channelSchemas, heartbeatSchema } from "./schema.ts";

/** Rules write it for every channel there is. */
export const ALL_CHANNELS = "all";

/** The channels that are right, by name. */
export function readChannels(document: Document, surroundings: Surroundings): Map<string, Channel> {
  const channels = new Map<string, Channel>();
  for (const name of namesAt(document, ["channels"])) {
    const path = ["channels", name];
    if (name === ALL_CHANNELS)
      document.report(path, "no channel can be named `all`", "rules write `notify: [all]` for every channel: choose another name");
    const type = readType(document, path, Object.keys(channelSchemas), []);
    const channel = type === undefined ? undefined : readers[type as Channel["type"]](document, surroundings, name);
    if (channel) channels.set(name, channel);
  }
  return channels;
}

type Read = (document: Document, surroundings: Surroundings, name: string) => Channel | undefined;

/** Those that open incidents elsewhere are not told again: what is open there stays open. */
const readers: Readonly<Record<Channel["type"], Read>> = {
  email: readEmail,
  webhook: readWebhook,
  slack: (document, surroundings, name) => readPosted(document, surroundings, name, "slack"),
  teams: (document, surroundings, name) => readPosted(document, surroundings, name, "teams"),
  pagerduty: readPagerDuty,
  alertmanager: readAlertmanager,
};

/** Three days where nothing is said: most windows are days, and a day later there is nothing new. Nothing (`0s`) is never. */
function repeatEvery(said: Millis | undefined, usual: Millis | null = 3 * DAY): Millis | null {
  return said === 0 ? null : (said ?? usual);
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
    repeatEvery: repeatEvery(email.repeat_every),
    to: email.to,
    from: email.from,
    smtp: { host, port: port ?? (secure ? 465 : 25), secure, username: username ?? null, password },
  };
}

function readWebhook(document: Document, surroundings: Surroundings, name: string): Channel | undefined {
  const path = ["channels", name];
  const webhook = readPart(document, channelSchemas.webhook, path);
  const secret = webhook && readSecret(document, surroundings, path, "secret", webhook);
  if (!webhook || secret === undefined) return undefined;
  return { type: "webhook", name, repeatEvery: repeatEvery(webhook.repeat_every), url: webhook.url, secret };
}

function readPosted(document: Document, surroundings: Surroundings, name: string, type: "slack" | "teams"): Channel | undefined {
  const path = ["channels", name];
  const posted = readPart(document, channelSchemas[type], path);
  const url = posted && readSecretUrl(document, surroundings, path, posted);
  if (!posted || url === undefined) return undefined;
  return { type, name, repeatEvery: repeatEvery(posted.repeat_every), url };
}

/** An address that is a secret: whoever knows it may post there. */
function readSecretUrl(
  document: Document,
  surroundings: Surroundings,
  path: Path,
  values: { readonly url?: string | undefined; readonly url_file?: string | undefined },
): string | undefined {
  const url = readSecret(document, surroundings, path, "url", values);
  if (url === undefined) return undefined;
  if (url !== null && /^https?:\/\//i.test(url) && URL.canParse(url)) return url;
  if (url === null) document.report([...path, "url"], "`url` is required", "its address, or `url_file` with the file that holds it");
  else document.report([...path, "url_file"], "the file holds no http or https address", "one line, as in https://example.com/hook");
  return undefined;
}

/** Null when there is none; undefined when there is a problem. */
export function readHeartbeat(document: Document, surroundings: Surroundings): HeartbeatSettings | null | undefined {
  if (valueAt(document.data, ["heartbeat"]) === undefined) return null;
  const heartbeat = readPart(document, heartbeatSchema, ["heartbeat"]);
  const url = heartbeat && readSecretUrl(document, surroundings, ["heartbeat"], heartbeat);
  return heartbeat && url !== undefined ? { url, every: heartbeat.every } : undefined;
}

function readPagerDuty(document: Document, surroundings: Surroundings, name: string): Channel | undefined {
  const path = ["channels", name];
  const pager = readPart(document, channelSchemas.pagerduty, path);
  const routingKey = pager && readSecret(document, surroundings, path, "routing_key", pager);
  if (!pager || routingKey === undefined) return undefined;
  if (routingKey === null) {
    document.report(
      [...path, "routing_key"],
      "`routing_key` is required",
      "the integration key of an Events API v2 integration, or `routing_key_file`",
    );
    return undefined;
  }
  return { type: "pagerduty", name, repeatEvery: repeatEvery(pager.repeat_every, null), url: pager.url, routingKey };
}

function readAlertmanager(document: Document, _surroundings: Surroundings, name: string): Channel | undefined {
  const settings = readPart(document, channelSchemas.alertmanager, ["channels", name]);
  if (!settings) return undefined;
  return { type: "alertmanager", name, repeatEvery: null, url: settings.url, labels: new Map(Object.entries(settings.labels)) };
}
