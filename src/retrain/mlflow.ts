import type { Call } from "../model/call.ts";
import type { RegistrySettings } from "../model/settings.ts";
import { askJson, basic, below, textAt } from "./http-json.ts";

/** What a registry says: the version behind the alias, null where nothing is, or why it could not be asked. */
export type Registered = { readonly ok: true; readonly version: string | null } | { readonly ok: false; readonly detail: string };

/** Asks MLflow which version of a registered model the alias stands for. */
export async function askMlflow(call: Call, { url, name, alias, login }: RegistrySettings): Promise<Registered> {
  const target = below(url, "api", "2.0", "mlflow", "registered-models", "alias");
  target.searchParams.set("name", name);
  target.searchParams.set("alias", alias);
  const authorization = login === null ? null : "token" in login ? `Bearer ${login.token}` : basic(login);
  const answer = await askJson(call, target, authorization === null ? {} : { headers: { authorization } });
  if (!answer.ok) return answer;
  if (answer.status === 200) {
    const version = textAt(answer.json, "model_version", "version");
    return version === null ? { ok: false, detail: "MLflow's answer has no version" } : { ok: true, version };
  }
  const code = textAt(answer.json, "error_code");
  // It has the same code for an alias nobody set and for a wrong request, so its words have to tell.
  if (answer.status === 400 && code === "INVALID_PARAMETER_VALUE" && /alias .* not found/i.test(textAt(answer.json, "message") ?? ""))
    return { ok: true, version: null };
  return { ok: false, detail: `MLflow answered HTTP ${answer.status}${code === null ? "" : ` ${code.slice(0, 80)}`}` };
}
