import type { Call } from "../model/call.ts";
import type { RetrainRun } from "../model/retraining.ts";
import type { LauncherSettings } from "../model/settings.ts";
import { formatTime, HOUR, MINUTE } from "../model/time.ts";
import { askJson, below, textAt, unanswered, type Answer } from "./http-json.ts";
import type { Launcher } from "./launcher.ts";

/** A dispatch is in the list of runs within seconds; until then an attempt that was cut off is not repeated. */
const VISIBLE_AFTER = 2 * MINUTE;

/** How a workflow's run is told from others: its `run-name` shows this input. */
export function correlationOf(runId: string): string {
  return `driftwatch-${runId.slice(0, 20)}`;
}

/**
 * Starts a workflow by its `workflow_dispatch`. GitHub knows no idempotency key, so an attempt whose answer was lost is
 * looked for by its correlation input before another one is made.
 */
export function createGitHubLauncher(settings: Extract<LauncherSettings, { type: "github" }>, call: Call): Launcher {
  const [owner = "", name = ""] = settings.repository.split("/");
  const repository = (...path: string[]) => below(settings.url, "repos", owner, name, "actions", ...path);
  const headers = {
    authorization: `Bearer ${settings.token}`,
    accept: "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
  };

  /** The run that shows the correlation, null when there is none (yet), or why nobody knows. */
  async function find(run: RetrainRun, since: number): Promise<{ id: string; url: string } | null | string> {
    const url = repository("workflows", settings.workflow, "runs");
    url.searchParams.set("event", "workflow_dispatch");
    url.searchParams.set("created", `>=${formatTime(since)}`);
    url.searchParams.set("per_page", "100");
    const answer = await askJson(call, url, { headers });
    if (!answer.ok) return answer.detail;
    const runs = (answer.json as { workflow_runs?: unknown } | null)?.workflow_runs;
    if (answer.status !== 200 || !Array.isArray(runs)) return `HTTP ${answer.status} for the runs of ${settings.workflow}`;
    const found = (runs as unknown[]).find((one) =>
      [textAt(one, "display_title"), textAt(one, "name")].some((text) => text?.includes(correlationOf(run.id)) === true),
    );
    const id = textAt(found, "id");
    return id === null ? null : { id, url: textAt(found, "html_url") ?? "" };
  }

  return {
    async launch({ run, body, at, triedAt }) {
      if (triedAt !== null) {
        const found = await find(run, triedAt - HOUR);
        if (typeof found === "string") return { outcome: "retry", detail: found };
        if (found !== null) return { outcome: "launched", externalId: found.id, externalUrl: found.url, detail: "GitHub had it already" };
        if (at - triedAt < VISIBLE_AFTER)
          return { outcome: "retry", detail: "an earlier attempt may have reached GitHub: its list is looked at again" };
      }
      const answer = await askJson(call, repository("workflows", settings.workflow, "dispatches"), {
        method: "POST",
        headers,
        body: { ref: settings.ref, inputs: inputsOf(run, body), return_run_details: true },
      });
      if (!answer.ok) return unanswered(answer);
      if (answer.status === 200 || answer.status === 204) {
        const id = textAt(answer.json, "workflow_run_id") ?? "";
        return { outcome: "launched", externalId: id, externalUrl: textAt(answer.json, "html_url") ?? "", detail: "GitHub took it" };
      }
      return refusal(answer, settings);
    },

    async poll(run, at) {
      let id = run.externalId;
      if (id === "") {
        const found = await find(run, (run.attemptedAt ?? at) - HOUR);
        if (found === null || typeof found === "string")
          return {
            state: "unknown",
            detail: found ?? `No run shows ${correlationOf(run.id)}: let run-name of the workflow show inputs.driftwatch_run`,
          };
        ({ id } = found);
      }
      const answer = await askJson(call, repository("runs", id), { headers });
      if (!answer.ok) return { state: "unknown", detail: answer.detail };
      if (answer.status === 404) return { state: "failed", detail: "GitHub no longer has the run.", version: null };
      const status = answer.status === 200 ? textAt(answer.json, "status") : null;
      if (status === null) return { state: "unknown", detail: `GitHub answered HTTP ${answer.status}` };
      if (status !== "completed") return { state: "running", detail: `GitHub says ${status}` };
      const conclusion = textAt(answer.json, "conclusion") ?? "nothing";
      return { state: conclusion === "success" ? "succeeded" : "failed", detail: `GitHub says ${conclusion}.`, version: null };
    },

    async stop(run) {
      if (run.externalId === "") return "GitHub never said which run it is, so it was not stopped.";
      const answer = await askJson(call, repository("runs", run.externalId, "cancel"), { method: "POST", headers });
      return answer.ok && answer.status === 202
        ? "GitHub was told to cancel it."
        : `GitHub could not be told to cancel it (${answer.ok ? `HTTP ${answer.status}` : answer.detail}).`;
    },
  };
}

/** Inputs are texts of at most 65,535 characters together; whoever may see the workflow's runs sees them, so no key is among them. */
function inputsOf(run: RetrainRun, body: string): Record<string, string> {
  const { callback: _, ...data } = (JSON.parse(body) as { data: Record<string, unknown> }).data;
  return { driftwatch_run: correlationOf(run.id), driftwatch_request: JSON.stringify(data) };
}

function refusal({ status, json }: Extract<Answer, { ok: true }>, { workflow, ref }: { workflow: string; ref: string }) {
  const said = textAt(json, "message");
  const detail = `HTTP ${status} for ${workflow} at ${ref}${said === null ? "" : `: ${said.slice(0, 300)}`}`;
  return { outcome: status === 429 || status >= 500 ? "retry" : "failed", detail } as const;
}
