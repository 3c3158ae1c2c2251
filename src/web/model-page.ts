import { traitOf } from "../model/performance.ts";
import type { ModelSettings } from "../model/settings.ts";
import { formatDuration, formatTime } from "../model/time.ts";
import { heatLegend, heatMap } from "../report/heat-map.ts";
import { performanceChart } from "../report/performance-chart.ts";
import { volumeChart } from "../report/volume-chart.ts";
import type { VersionDrift } from "../report/drift.ts";
import { html, type Markup } from "../report/markup.ts";
import { alertTable, missingList, moverTable, retrainTable, versionTable, worstFirst } from "../report/parts.ts";
import type { ModelReport } from "../report/report.ts";
import { metricName, moment, number, percent, span } from "../report/words.ts";
import type { PageDependencies } from "./dependencies.ts";
import { firstEvent } from "./home-page.ts";
import { alertHref, modelHref, retrainHref, subjectHref } from "./links.ts";
import type { Shown } from "./pages.ts";

const MOST_SUBJECTS = 24;

/** One model over time. */
export async function modelPage(
  { report, status }: PageDependencies,
  model: ModelSettings,
  chosen: { version: string | undefined; all: boolean },
): Promise<Shown> {
  const story = await report({ model, ...(chosen.version === undefined ? {} : { version: chosen.version }) });
  const crumbs = [{ href: modelHref(model.name), text: model.name }];
  const everything = chosen.version === undefined ? story : await report({ model });
  if (everything.versions.length === 0)
    return { title: model.name, crumbs, body: html`<h1>${model.name}</h1><div class="card">${firstEvent(model)}</div>` };
  const watermark = status().watermarks.get(model.name) ?? null;
  const open = story.alerts.filter((alert) => alert.state !== "resolved");
  const over = story.alerts.filter((alert) => alert.state === "resolved");
  const body = html`<div class="head"><div><h1>${model.name}</h1><p class="lead">${span(story.window)}${watermark === null ? null : html`, complete up to ${moment(watermark)}`}. All times UTC.</p></div><p class="note"><a href="/v1/models/${encodeURIComponent(model.name.toWellFormed())}/report?format=html">Report as one file</a></p></div>
${everything.versions.length > 1 ? versionTabs(model.name, everything, chosen.version) : null}
<h2>Alerts</h2><div class="card">${open.length === 0 ? html`<p class="empty">No alert is open.</p>` : alertTable(worstFirst(open), (alert) => alertHref(alert.id))}${over.length === 0 ? null : html`<details><summary class="note">${over.length} resolved</summary>${alertTable(over, (alert) => alertHref(alert.id))}</details>`}</div>
${story.movers.length === 0 ? null : html`<h2>What moved most</h2><p class="note">In the newest window of each version, against ${story.drift?.baseline}. The effect is what exceeds the value to be expected without a change.</p><div class="card">${moverTable(story.movers.slice(0, 6), (one) => subjectHref(model.name, one, { version: one.version, to: formatTime(one.to) }))}</div>`}
${story.drift === null ? driftMissing(model) : story.drift.versions.map((one) => driftSection(model, story, one, chosen.all))}
${performanceSections(story)}
<h2>Versions and volume</h2><div class="card">${versionTable(story.versions)}${volumeChart(story.volume, { width: 980, height: 64 })}<p class="note">Rows a day.</p></div>
<h2>Retraining</h2><div class="card">${story.retrains.length === 0 ? html`<p class="empty">Nothing was started or refused. A rule with <code>retrain: true</code> starts what stands under <code>retraining</code> for this model.</p>` : retrainTable(story.retrains, (run) => retrainHref(run.id))}</div>
${missingList(story.missing)}`;
  return { title: model.name, crumbs, body };
}

function versionTabs(model: string, { versions }: ModelReport, chosen: string | undefined): Markup {
  const tab = (href: string, text: string, isCurrent: boolean) =>
    isCurrent ? html`<a href="${href}" aria-current="page">${text}</a>` : html`<a href="${href}">${text}</a>`;
  return html`<nav class="tabs" aria-label="Versions">${tab(modelHref(model), "All versions", chosen === undefined)}${versions.slice(0, 12).map((one) => tab(`${modelHref(model)}?${new URLSearchParams({ version: one.version }).toString()}`, one.version, chosen === one.version))}</nav>`;
}

function driftSection(model: ModelSettings, { drift }: ModelReport, one: VersionDrift, all: boolean): Markup {
  const shown = all ? one.subjects : one.subjects.slice(0, MOST_SUBJECTS);
  const link = (subject: { subject: string; feature: string | null }, to: number) =>
    subjectHref(model.name, subject, { version: one.version, to: formatTime(to) });
  return html`<h2>Drift of ${one.version}</h2><p class="note">Windows of ${formatDuration(drift?.windowMs ?? 0)} against ${drift?.baseline}; coloured where the effect is more than chance (p &lt; 0.01). Choose a cell to see the two distributions.</p>
<div class="card">${heatMap(one, shown, link)}${heatLegend()}${shown.length < one.subjects.length ? html`<p class="note">${one.subjects.length - shown.length} more moved less. <a href="?all">Show all</a></p>` : null}</div>`;
}

function driftMissing(model: ModelSettings): Markup {
  return html`<h2>Drift</h2><div class="card"><p class="empty">${model.baselines.length === 0 ? html`There is nothing to compare with. Add a baseline, such as <code>baselines: {last_week: {window: 7d, offset: 1d}}</code>, and a rule that names it.` : "Nothing was measured yet. A window is measured once its time has passed, when a rule asks for it."}</p></div>`;
}

function performanceSections(story: ModelReport): Markup {
  const shown = story.performance?.series.filter((one) => one.metric === story.lead) ?? [];
  if (shown.length === 0)
    return html`<h2>Performance</h2><div class="card"><p class="empty">It is measured once labels arrive: send <code>{"type":"label","id":…,"label":…}</code> with the id of the prediction.</p></div>`;
  return html`${shown.map((one) => html`<h2>${metricName(one.metric)} of ${one.version}</h2><p class="note">Windows of ${formatDuration(story.performance?.windowMs ?? 0)}; the band is the 95% interval, the bars below show how many predictions have a label. ${othersWords(story, one.version)}</p><div class="card">${performanceChart(one.points, traitOf(one.metric)?.share === true)}</div>`)}`;
}

function othersWords(story: ModelReport, version: string): string {
  const newest = (story.performance?.series ?? []).flatMap((one) => {
    const point = one.version === version && one.metric !== story.lead ? one.points.findLast((at) => at.value !== null) : undefined;
    return point ? [`${metricName(one.metric)} ${traitOf(one.metric)?.share === true ? percent(point.value) : number(point.value)}`] : [];
  });
  return newest.length === 0 ? "" : `In the newest window: ${newest.join(" · ")}.`;
}
