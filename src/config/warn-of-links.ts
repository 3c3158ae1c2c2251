import { isLoopback } from "../model/address.ts";
import type { Channel, HttpSettings } from "../model/settings.ts";
import type { Document } from "./document.ts";

/** Warns where people are told of alerts with links that only this machine can open: the page says why, and whoever is called up at night is elsewhere. */
export function warnOfLinks(document: Document, { publicUrl, host, port }: HttpSettings, channels: ReadonlyMap<string, Channel>): void {
  const elsewhere = [...channels].filter(([, channel]) => !isLoopback(hostOf(channel))).map(([name]) => name);
  if (publicUrl !== null || elsewhere.length === 0) return;
  document.warn(
    ["channels"],
    `what ${elsewhere.join(", ")} ${elsewhere.length === 1 ? "is" : "are"} told links to http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}, which nobody else can open`,
    'say under which address people reach these pages: http: {public_url: "https://driftwatch.example.com"}',
  );
}

function hostOf(channel: Channel): string {
  return channel.type === "email" ? channel.smtp.host : new URL(channel.url).hostname;
}
