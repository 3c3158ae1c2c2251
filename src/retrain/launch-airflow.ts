import type { Call, CallRequest } from "../model/call.ts";
import type { LauncherSettings } from "../model/settings.ts";
import { askJson, below, textAt, unanswered, type Answer } from "./http-json.ts";
import type { JobState, Launcher } from "./launcher.ts";

/** What a DAG run of a retraining is called: Airflow refuses a second one of the same name, which makes it the idempotency key. */
export function dagRunId(runId: string): string {
  return `driftwatch-${runId.slice(0, 40)}`;
}

/** Starts DAG runs by the stable REST API of Airflow 3 (v2). */
export function createAirflowLauncher(settings: Extract<LauncherSettings, { type: "airflow" }>, call: Call): Launcher {
  const { url, dag, login } = settings;
  let known: string | null = null;

  async function token(): Promise<Answer | string | null> {
    if (login === null) return null;
    if ("token" in login) return login.token;
    if (known !== null) return known;
    const answer = await askJson(call, below(url, "auth", "token"), { method: "POST", body: login });
    if (!answer.ok) return answer;
    // Documented under one name, served under the other.
    known = textAt(answer.json, "access_token") ?? textAt(answer.json, "jwt_token");
    return known ?? answer;
  }

  async function ask(path: readonly string[], init: { method?: CallRequest["method"]; body?: unknown } = {}): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      const given = await token();
      if (given !== null && typeof given !== "string") return given;
      const answer = await askJson(call, below(url, "api", "v2", "dags", dag, ...path), {
        ...init,
        ...(given === null ? {} : { headers: { authorization: `Bearer ${given}` } }),
      });
      // A token that expired is answered 401, one it cannot read 403.
      if (attempt > 0 || !answer.ok || (answer.status !== 401 && answer.status !== 403) || known === null) return answer;
      known = null;
    }
  }

  const launched = (id: string, detail: string) =>
    ({ outcome: "launched", externalId: id, externalUrl: below(url, "dags", dag, "runs", id).href, detail }) as const;

  return {
    async launch({ run, body }) {
      const id = dagRunId(run.id);
      const found = await ask([]);
      if (!found.ok) return unanswered(found);
      if (found.status !== 200) return refusal(found, `the DAG ${dag}`);
      if ((found.json as { is_paused?: unknown } | null)?.is_paused === true)
        return { outcome: "failed", detail: `The DAG ${dag} is paused, and a run of it would wait for ever: unpause it.` };
      const answer = await ask(["dagRuns"], {
        method: "POST",
        body: { dag_run_id: id, logical_date: null, conf: JSON.parse(body) as unknown, note: `driftwatch ${run.id}` },
      });
      if (!answer.ok) return unanswered(answer);
      if (answer.status === 200 || answer.status === 201) return launched(id, "Airflow took it");
      if (answer.status !== 409) return refusal(answer, `a run of ${dag}`);
      // The same status tells of a run of this name, and of other clashes.
      const before = await ask(["dagRuns", id]);
      if (!before.ok) return unanswered(before);
      return before.status === 200 ? launched(id, "Airflow had it already") : refusal(answer, `a run of ${dag}`);
    },

    async poll(run): Promise<JobState> {
      const answer = await ask(["dagRuns", run.externalId]);
      if (!answer.ok) return { state: "unknown", detail: answer.detail };
      if (answer.status === 404) return { state: "failed", detail: "Airflow no longer has the run.", version: null };
      const state = answer.status === 200 ? textAt(answer.json, "state") : null;
      if (state === null) return { state: "unknown", detail: `Airflow answered HTTP ${answer.status}` };
      if (state === "success" || state === "failed")
        return { state: state === "success" ? "succeeded" : "failed", detail: `Airflow says ${state}.`, version: null };
      return { state: "running", detail: `Airflow says ${state}` };
    },

    async stop(run) {
      const answer = await ask(["dagRuns", run.externalId], { method: "PATCH", body: { state: "failed" } });
      return answer.ok && answer.status === 200
        ? "Airflow was told to fail the run."
        : `Airflow could not be told to stop it (${answer.ok ? `HTTP ${answer.status}` : answer.detail}).`;
    },
  };
}

function refusal(answer: Extract<Answer, { ok: true }>, what: string) {
  const { status, json } = answer;
  const said = textAt(json, "detail") ?? textAt(json, "detail", "reason");
  const detail = `HTTP ${status} for ${what}${said === null ? "" : `: ${said.slice(0, 300)}`}`;
  return { outcome: status === 429 || status >= 500 ? "retry" : "failed", detail } as const;
}
