import type { SignedPost } from "../model/alert.ts";
import type { LauncherSettings, RetrainingSettings } from "../model/settings.ts";
import { createAirflowLauncher } from "./launch-airflow.ts";
import { createCommandLauncher } from "./launch-command.ts";
import { createGitHubLauncher } from "./launch-github.ts";
import { createWebhookLauncher } from "./launch-webhook.ts";
import type { Launcher } from "./launcher.ts";

/** The launchers of the configured models, by model. */
export function createLaunchers(retraining: ReadonlyMap<string, RetrainingSettings>, post: SignedPost): ReadonlyMap<string, Launcher> {
  return new Map([...retraining].map(([model, { launcher }]) => [model, createLauncher(launcher, post)]));
}

function createLauncher(settings: LauncherSettings, post: SignedPost): Launcher {
  switch (settings.type) {
    case "webhook":
      return createWebhookLauncher(settings, post);
    case "command":
      return createCommandLauncher(settings);
    case "airflow":
      return createAirflowLauncher(settings);
    case "github":
      return createGitHubLauncher(settings);
  }
}
