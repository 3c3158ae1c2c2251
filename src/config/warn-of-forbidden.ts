import { isWithin, notPublic, parseAddress, parseAddressRange } from "../model/address.ts";
import type { Config } from "../model/settings.ts";
import type { Document } from "./document.ts";
import type { Path } from "./problem.ts";

/**
 * Warns of addresses that nothing will be sent to: those that are not public and not allowed. Names are looked up when
 * they are called, and not before; of them only this machine's own are known.
 */
export function warnOfForbidden(
  document: Document,
  allow: readonly string[],
  { channels, retraining, heartbeat }: Pick<Config, "channels" | "retraining" | "heartbeat">,
): void {
  const ranges = allow.flatMap((text) => parseAddressRange(text) ?? []);
  const warn = (path: Path, url: string) => {
    const { hostname } = new URL(url);
    const host = hostname === "localhost" ? "127.0.0.1" : hostname.replace(/^\[|\]$/g, "");
    const address = parseAddress(host);
    const why = address === null || ranges.some((range) => isWithin(address, range)) ? null : notPublic(address);
    if (why !== null)
      document.warn(
        path,
        `this address is not public (${why}): nothing will be sent to it`,
        `where that is meant, allow it: outgoing: {allow: [${host}]}`,
      );
  };
  for (const [name, channel] of channels) if ("url" in channel) warn(["channels", name, "url"], channel.url);
  for (const [model, { launcher, registry }] of retraining) {
    if ("url" in launcher) warn(["retraining", model, "url"], launcher.url);
    if (registry !== null) warn(["retraining", model, "registry", "url"], registry.url);
  }
  if (heartbeat !== null) warn(["heartbeat", "url"], heartbeat.url);
}
