import type { SendOutcome, SignedPost, Transition } from "../model/alert.ts";
import type { RetrainingSettings } from "../model/settings.ts";
import { formatTime, type Millis } from "../model/time.ts";

/** Asks for one retraining. `runId` is the idempotency key: the same request sent twice is one run. */
export type Launcher = (request: { readonly runId: string; readonly transition: Transition; readonly at: Millis }) => Promise<SendOutcome>;

/** A launcher that posts the request, signed by Standard Webhooks when there is a secret. */
function createWebhookLauncher(
  settings: RetrainingSettings,
  options: { post: SignedPost; link: (model: string) => string | null },
): Launcher {
  return function launchWebhook({ runId, transition, at }) {
    const { key, window } = transition;
    const body = JSON.stringify({
      type: "retrain",
      timestamp: formatTime(at),
      data: {
        run: runId,
        model: key.model,
        version: key.version,
        rule: key.rule,
        subject: key.subject,
        alert: transition.alertId,
        reason: transition.summary,
        window: { from: formatTime(window.from), to: formatTime(window.to) },
        link: options.link(key.model),
      },
    });
    return options.post({ url: settings.url, secret: settings.secret, id: runId, at, body });
  };
}

/** The launchers of the configured models, by model. */
export function createLaunchers(
  retraining: ReadonlyMap<string, RetrainingSettings>,
  options: { post: SignedPost; link: (model: string) => string | null },
): ReadonlyMap<string, Launcher> {
  return new Map([...retraining].map(([model, settings]) => [model, createWebhookLauncher(settings, options)]));
}
