import type { RetrainFacts, RetrainRun, RetrainStep } from "../model/retraining.ts";
import { formatDuration } from "../model/time.ts";
import { html, type Markup } from "../report/markup.ts";
import { badge } from "../report/parts.ts";
import { count, moment } from "../report/words.ts";
import { readRetrainRuns, readRetrainSteps } from "../store/retrain-runs.ts";
import type { PageDependencies } from "./dependencies.ts";
import { alertHref, modelHref, retrainHref } from "./links.ts";
import type { Shown } from "./pages.ts";

/** One run of a retraining: why, by what, what happened, what it led to. Nothing on it acts: that takes a command or a token. */
export async function retrainPage({ store }: PageDependencies, id: string): Promise<Shown | null> {
  const [run] = await readRetrainRuns(store, { ids: [id], limit: 1 });
  if (!run) return null;
  const steps = await readRetrainSteps(store, run);
  const crumbs = [
    { href: modelHref(run.model), text: run.model },
    { href: retrainHref(run.id), text: "retraining" },
  ];
  const body = html`<h1>Retraining of ${run.model}</h1>
<p class="lead">${badge(run.verdict ?? run.state)} ${run.newVersion === null ? html`version ${run.version}` : html`${run.version} → ${run.newVersion}`}, asked for at ${moment(run.at)} UTC by ${run.rule === "" ? run.by || run.trigger : html`rule ${run.rule}`}</p>
<div class="card"><p class="summary">${run.reason}</p>${run.alertId === "" ? null : html`<p><a href="${alertHref(run.alertId)}">The alert that asked</a></p>`}</div>
${nextWords(run)}
<h2>What it was decided by</h2><div class="card">${run.facts === null ? html`<p class="empty">Nothing was looked at: no retraining was configured.</p>` : factList(run.facts)}<p class="note">Settings ${run.configHash || "of an earlier release"}${run.launcher === "" ? null : html`, by ${run.launcher}`}${run.externalId === "" ? null : html`: <code>${run.externalUrl || run.externalId}</code>`}</p></div>
<h2>What happened</h2><div class="card">${steps.length === 0 ? html`<p class="empty">It was decided by an earlier release, which kept no steps.</p>` : html`<ol class="steps">${steps.map(step)}</ol>`}</div>`;
  return { title: `Retraining of ${run.model}`, crumbs, body };
}

const step = ({ at, state, detail, by }: RetrainStep): Markup =>
  html`<li><span class="note">${moment(at)}</span> ${badge(state)} ${detail}${by === "" ? null : html` <span class="note">${by}</span>`}</li>`;

function factList(facts: RetrainFacts): Markup {
  return html`<dl class="figures">
<div><dt>New labels</dt><dd>${count(facts.newLabels)}<small>since the run before</small></dd></div>
<div><dt>Runs</dt><dd>${count(facts.runsWithinDay)}<small>within a day${facts.coolingDownFrom === null ? "" : `; the last at ${moment(facts.coolingDownFrom)}`}</small></dd></div>
<div><dt>Failures in a row</dt><dd>${count(facts.failuresInARow)}<small>${facts.inFlight === null ? "none in flight" : `in flight: ${facts.inFlight.id.slice(0, 12)}`}</small></dd></div>
<div><dt>Behind</dt><dd>${facts.behind === null ? "–" : formatDuration(Math.max(0, Math.round(facts.behind / 60_000) * 60_000))}<small>at most ${formatDuration(facts.mayBeBehind)}</small></dd></div>
<div><dt>Broken data</dt><dd>${facts.broken.length === 0 ? "none" : facts.broken.join(", ")}<small>${facts.stopped === null ? "not stopped" : `stopped by ${facts.stopped.by}`}</small></dd></div>
</dl>`;
}

/** What a person may do next, as commands to copy. */
function nextWords(run: RetrainRun): Markup | null {
  const short = run.id.slice(0, 12);
  const commands =
    run.state === "waiting_for_approval"
      ? [`driftwatch retrain approve ${short}`, `driftwatch retrain cancel ${short}`]
      : run.swap === "offered"
        ? [`driftwatch retrain show ${short}`, `driftwatch retrain swap ${short}`]
        : run.state === "started"
          ? [`driftwatch retrain cancel ${short}`]
          : [];
  if (commands.length === 0) return null;
  const offer =
    run.swap === "offered" ? html`<p>The alerts of ${run.version} can be closed: ${run.newVersion} has taken its place.</p>` : null;
  return html`<h2>What to do</h2><div class="card">${offer}${commands.map((command) => html`<pre>${command}</pre>`)}</div>`;
}
