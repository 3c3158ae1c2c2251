import { firstSentence } from "../model/alert.ts";
import { subjectName, type Measurement } from "../model/measurement.ts";
import { SEVERITIES } from "../model/rule.ts";
import type { RetrainRun } from "../model/retraining.ts";
import type { Alert } from "../store/alerts.ts";
import type { ModelVersion } from "../store/versions.ts";
import { html, type Markup } from "./markup.ts";
import { effectOf } from "./report.ts";
import { chance, count, metricName, moment, number, percent, span } from "./words.ts";

/** Pieces the report and the pages both show. `link` makes a name a link, where there is somewhere to go. */
type Link<Of> = ((of: Of) => string) | null;

export const badge = (word: string): Markup =>
  html`<span class="badge ${word.replace(/[^a-z_]/g, "")}">${word.replaceAll("_", " ")}</span>`;

const linked = (href: string | null, text: string): Markup => (href === null ? html`${text}` : html`<a href="${href}">${text}</a>`);

export function versionTable(versions: readonly ModelVersion[]): Markup {
  return html`<div class="scroll"><table><thead><tr><th>Version</th><th class="n">Rows</th><th class="n">Labelled</th><th>First seen</th><th>Last seen</th></tr></thead><tbody>${versions.map(
    (one, index) =>
      html`<tr><td><span class="key"><svg width="10" height="10" aria-hidden="true"><rect class="v-${(versions.length - 1 - index) % 4}" width="10" height="10" rx="2"/></svg>${one.version}</span></td><td class="n">${count(one.rows)}</td><td class="n">${percent(one.rows > 0 ? one.labelled / one.rows : null)}</td><td class="t">${moment(one.firstSeen)}</td><td class="t">${moment(one.lastSeen)}</td></tr>`,
  )}</tbody></table></div>`;
}

/** What an alert is about: a feature, an output, or the metric that says so of all rows together; and of which of them. */
export function alertName({ key, explanation }: Alert): string {
  const isOfModel = key.subject === "performance" || key.subject === "traffic";
  const name = isOfModel ? metricName(explanation.metric) : key.subject.replace(/^feature:/, "");
  return key.segment === null ? name : `${name} in ${key.segment}`;
}

/** The worst first; of one severity they stay as they came. */
export function worstFirst(alerts: readonly Alert[]): Alert[] {
  return [...alerts].sort((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity));
}

export function alertTable(alerts: readonly Alert[], link: Link<Alert>): Markup {
  return html`<div class="scroll"><table><thead><tr><th>State</th><th>What</th><th>Since</th></tr></thead><tbody>${alerts.map(
    (alert) =>
      html`<tr><td class="t">${badge(alert.state)}${alert.state === "firing" || alert.state === "recovering" ? html` ${badge(alert.severity)}` : null}</td><td><strong>${linked(link?.(alert) ?? null, `${alertName(alert)} · ${alert.key.rule}`)}</strong> <span class="note">${alert.key.version}</span><br>${firstSentence(alert.summary)}</td><td class="t">${moment(alert.since)}</td></tr>`,
  )}</tbody></table></div>`;
}

export function retrainTable(runs: readonly RetrainRun[], link: Link<RetrainRun> = null): Markup {
  return html`<div class="scroll"><table><thead><tr><th>State</th><th>Asked by</th><th>Version</th><th>Why</th><th>At</th></tr></thead><tbody>${runs.map(
    (run) =>
      html`<tr><td>${badge(run.verdict ?? run.state)}</td><td>${linked(link?.(run) ?? null, run.rule || run.by || run.trigger)}</td><td>${run.version}</td><td>${run.reason}</td><td class="t">${moment(run.at)}</td></tr>`,
  )}</tbody></table></div>`;
}

/** The bin that changed most, before and after. */
export function changeWords({ detail }: Pick<Measurement, "detail">): string {
  const { scale, bins } = detail;
  if (scale?.unit) return `likely ${scale.unit}: median ${number(scale.reference)} → ${number(scale.current)}`;
  if (scale && scale.reference !== scale.current) return `median ${number(scale.reference)} → ${number(scale.current)}`;
  const [top] = bins ?? [];
  return top ? `${top.bin}: ${percent(top.reference)} → ${percent(top.current)}` : "–";
}

export function moverTable(movers: readonly Measurement[], link: Link<Measurement>): Markup {
  return html`<div class="scroll"><table><thead><tr><th>Subject</th><th>Version</th><th class="n">Effect</th><th class="n">p-value</th><th>Before → after</th><th class="n">Rows</th><th>Window</th></tr></thead><tbody>${movers.map(
    (m) =>
      html`<tr><td>${linked(link?.(m) ?? null, subjectName(m))}</td><td>${m.version}</td><td class="n">${number(effectOf(m))}</td><td class="n">${chance(m.pValue)}</td><td>${changeWords(m)}</td><td class="n">${count(m.rows.current)}</td><td class="t">${span(m)}</td></tr>`,
  )}</tbody></table></div>`;
}

export function missingList(missing: readonly string[]): Markup | null {
  return missing.length === 0
    ? null
    : html`<div class="card"><h3>What is not known</h3>${missing.map((words) => html`<p class="note">${words}</p>`)}</div>`;
}
