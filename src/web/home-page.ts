import type { Measurement } from "../model/measurement.ts";
import { leadMetric, traitOf } from "../model/performance.ts";
import type { ModelSettings } from "../model/settings.ts";
import { DAY } from "../model/time.ts";
import { volumeChart } from "../report/volume-chart.ts";
import { html, type Markup } from "../report/markup.ts";
import { alertName, badge, worstFirst } from "../report/parts.ts";
import { count, day, metricName, moment, number, percent, span } from "../report/words.ts";
import { readAlertPage } from "../store/alert-pages.ts";
import type { Alert } from "../store/alerts.ts";
import { readMeasurements } from "../store/measurements.ts";
import { readVersions, readVolume, type ModelVersion, type Volume } from "../store/versions.ts";
import type { PageDependencies } from "./dependencies.ts";
import { alertHref, modelHref } from "./links.ts";
import type { Shown } from "./pages.ts";

const VOLUME_SPAN = 60 * DAY;

type Glance = {
  readonly model: ModelSettings;
  readonly versions: readonly ModelVersion[];
  readonly volume: readonly Volume[];
  readonly firing: readonly Alert[];
  readonly lead: Measurement | null;
};

/** Every model at a glance. */
export async function homePage(dependencies: PageDependencies): Promise<Shown> {
  const { models, status } = dependencies;
  const { ready, reasons, watermarks } = status();
  const glances: Glance[] = [];
  for (const model of models.values()) glances.push(await glanceAt(dependencies, model));
  const firing = glances.flatMap((glance) => glance.firing);
  const body = html`<h1>Models</h1>
<p class="lead">${leadWords(models.size, glances.filter((one) => one.firing.length > 0).length, firing.length)}</p>
${ready ? null : html`<div class="card alarm warning"><h3>Not ready yet</h3>${reasons.map((reason) => html`<p>${reason}</p>`)}</div>`}
${models.size === 0 ? noModels() : glances.map((glance) => modelCard(glance, watermarks.get(glance.model.name) ?? null))}`;
  return { title: "Models", crumbs: [], body };
}

function leadWords(models: number, troubled: number, alerts: number): string {
  if (models === 0) return "None is configured yet.";
  const some = `${count(models)} ${models === 1 ? "model is" : "models are"} watched. `;
  if (alerts === 0) return `${some}No alert is firing.`;
  return `${some}${alerts === 1 ? "One alert is firing" : `${count(alerts)} alerts are firing`}${models === 1 ? "." : `, on ${troubled === 1 ? "one of them" : `${troubled} of them`}.`}`;
}

async function glanceAt({ store }: PageDependencies, model: ModelSettings): Promise<Glance> {
  const versions = await readVersions(store, model.name);
  const end = Math.max(0, ...versions.map((version) => version.lastSeen + model.bucket));
  const values = await readMeasurements(store, {
    model: model.name,
    metric: leadMetric(model),
    newestFirst: true,
    limit: 200,
  });
  return {
    model,
    versions,
    volume: end === 0 ? [] : await readVolume(store, model.name, { from: Math.max(0, end - VOLUME_SPAN), to: end }, DAY),
    firing: await readAlertPage(store, { model: model.name, state: "firing" }, 100, null),
    lead: values.find((one) => one.value !== null && one.status === "ok") ?? values.find((one) => one.value !== null) ?? null,
  };
}

function modelCard({ model, versions, volume, firing, lead }: Glance, watermark: number | null): Markup {
  const title = html`<h2><a href="${modelHref(model.name)}">${model.name}</a></h2>`;
  if (versions.length === 0) return html`<section class="card">${title}${firstEvent(model)}</section>`;
  const [newest] = versions;
  const worst = worstFirst(firing);
  const severity = worst[0]?.severity ?? null;
  const alerts =
    firing.length === 0
      ? html`none<small>nothing fires</small>`
      : html`${count(firing.length)} firing<small>${worst
          .slice(0, 3)
          .map(
            (alert, index) => html`${index === 0 ? "" : ", "}<a href="${alertHref(alert.id)}">${alertName(alert)}</a>`,
          )}${firing.length > 3 ? " …" : ""}</small>`;
  return html`<section class="card model${severity === null ? "" : severity === "critical" ? " alarm" : " alarm warning"}">${title}
<p class="note">${model.task}, ${versions.length === 1 ? "one version" : `${versions.length} versions`}${severity === null ? null : html` ${badge(severity)}`}</p>
${volumeChart(volume, { width: 340, height: 46 })}
<dl class="figures">
<div><dt>Alerts</dt><dd>${alerts}</dd></div>
<div><dt>${metricName(leadMetric(model))}</dt><dd>${performanceWords(lead)}</dd></div>
<div><dt>Newest version</dt><dd>${newest?.version ?? "–"}<small>${count(newest?.rows ?? 0)} rows since ${day(newest?.firstSeen ?? 0)}</small></dd></div>
<div><dt>Complete up to</dt><dd>${watermark === null ? "–" : moment(watermark)}<small>${watermark === null ? "no watermark yet" : "UTC, event time"}</small></dd></div>
</dl></section>`;
}

function performanceWords(performance: Measurement | null): Markup {
  if (performance === null) return html`–<small>waiting for labels</small>`;
  const text = traitOf(performance.metric)?.share === true ? percent : number;
  const interval = performance.ci === null ? "" : `${text(performance.ci[0])} to ${text(performance.ci[1])}; `;
  const { labelCoverage, labels } = performance.detail;
  const final = labels === undefined || performance.status === "ok" ? "" : ` of ${percent(labels.final)} to come`;
  return html`${text(performance.value)}<small>${interval}${percent(labelCoverage ?? null)} labelled${final}, ${span(performance)}</small>`;
}

function noModels(): Markup {
  return html`<div class="card"><h3>Add your first model</h3><p>Name it in <code>driftwatch.yaml</code>, then start again:</p><pre>models:
  my-model:
    task: binary
    positive: "yes"</pre></div>`;
}

/** What to send, ready to be pasted into a shell. */
export function firstEvent(model: ModelSettings): Markup {
  const event = {
    type: "prediction",
    id: "first-1",
    model: model.name,
    version: "v1",
    time: "NOW",
    features: { amount: 12.5, country: "NZ" },
    ...(model.positive === null ? { prediction: "a" } : { score: 0.2 }),
  };
  const text = JSON.stringify(event).replaceAll("'", "'\\''").replace('"NOW"', `"'"$(date -u +%FT%TZ)"'"`);
  return html`<p class="note">No prediction has arrived yet. Send the first one:</p><pre>curl -X POST http://localhost:8080/v1/events \\
  -H 'content-type: application/json' \\
  -d '${text}'</pre><p class="note">Use the address of this page; add <code>-H 'authorization: Bearer TOKEN'</code> when tokens are configured. Files go in with <code>driftwatch ingest FILE</code>.</p>`;
}
