import type { SignedPost } from "../model/alert.ts";
import type { Call } from "../model/call.ts";
import type { LauncherSettings, RetrainingSettings } from "../model/settings.ts";
import { createAirflowLauncher } from "./launch-airflow.ts";
import { createCommandLauncher } from "./launch-command.ts";
import { createGitHubLauncher } from "./launch-github.ts";
import { createWebhookLauncher } from "./launch-webhook.ts";
import type { Launcher } from "./launcher.ts";

type Means = { readonly call: Call; readonly post: SignedPost };

/** The launchers of the configured models, by model. */
export function createLaunchers(retraining: ReadonlyMap<string, RetrainingSettings>, means: Means): ReadonlyMap<string, Launcher> {
  return new Map([...retraining].map(([model, { launcher }]) => [model, createLauncher(launcher, means)]));
}

function createLauncher(settings: LauncherSettings, { call, post }: Means): Launcher {
  switch (settings.type) {
    case "webhook":
      return createWebhookLauncher(settings, post);
    case "command":
      return createCommandLauncher(settings);
    case "airflow":
      return createAirflowLauncher(settings, call);
    case "github":
      return createGitHubLauncher(settings, call);
  }
}
