import type { SignedPost } from "../model/alert.ts";
import type { LauncherSettings } from "../model/settings.ts";
import type { Launcher } from "./launcher.ts";

/**
 * Posts the request, signed by Standard Webhooks when there is a secret. The run's id is its idempotency key: the same
 * request sent twice is one run. How the job went, it reports itself.
 */
export function createWebhookLauncher(settings: Extract<LauncherSettings, { type: "webhook" }>, post: SignedPost): Launcher {
  return {
    async launch({ run, body, at }) {
      const sent = await post({ url: settings.url, secret: settings.secret, id: run.id, at, body });
      return sent.outcome === "sent" ? { outcome: "launched", externalId: "", externalUrl: "", detail: sent.detail } : sent;
    },
    poll: null,
    stop: null,
  };
}
