import type { Delivery, Transition } from "../model/alert.ts";
import { WHOLE_MODEL } from "../model/measurement.ts";
import { metricFamily } from "../model/metric.ts";
import { traitOf } from "../model/performance.ts";
import { silenceOf } from "../model/silence.ts";
import { formatTime } from "../model/time.ts";
import { html, type Markup } from "../report/markup.ts";
import { alertName, badge } from "../report/parts.ts";
import { chance, count, evidence, metricName, moment, number, percent, segment, span, STATUS_WORDS } from "../report/words.ts";
import { readAlert } from "../store/alert-pages.ts";
import type { Alert } from "../store/alerts.ts";
import { readDeliveries } from "../store/deliveries.ts";
import { readAcknowledgements, readSilences } from "../store/silences.ts";
import type { PageDependencies } from "./dependencies.ts";
import { alertHref, modelHref, subjectHref } from "./links.ts";
import type { Shown } from "./pages.ts";

/** Everything an alert has to say. */
export async function alertPage({ store, clock }: PageDependencies, id: string): Promise<Shown | null> {
  const found = await readAlert(store, id);
  if (!found) return null;
  const { alert, transitions } = found;
  const deliveries = await readDeliveries(store, { transitionIds: transitions.map((one) => one.id), limit: 200 });
  const now = clock();
  const taken = (await readAcknowledgements(store, [id])).get(id) ?? null;
  const silence = alert.state === "resolved" ? null : silenceOf(await readSilences(store, { endingAfter: now }), alert, now);
  // How it began says what moved; the latest change may only say that it is over.
  const opening = transitions.find((one) => one.id === alert.id) ?? transitions.find((one) => one.to === "firing") ?? transitions[0];
  const name = alertName(alert);
  const crumbs = [
    { href: modelHref(alert.key.model), text: alert.key.model },
    { href: alertHref(alert.id), text: alert.key.rule },
  ];
  const told = opening && opening.id !== transitions.at(-1)?.id && opening.summary !== alert.summary ? opening.summary : null;
  const body = html`<h1>${name}</h1>
<p class="lead">${badge(alert.state)} ${badge(alert.severity)} Rule ${alert.key.rule}, version ${alert.key.version}, since ${moment(alert.since)} UTC${alert.health === "ok" ? null : html`. The newest window: ${STATUS_WORDS[alert.health]}`}</p>
${taken === null ? null : html`<p class="note">${taken.by} has taken it up${taken.comment === "" ? "" : `: ${taken.comment}`}. Nobody is told of it again until it is over.</p>`}${silence === null ? null : html`<p class="note">Silenced by ${silence.by} until ${moment(silence.to)} UTC${silence.comment === "" ? "" : `: ${silence.comment}`}.</p>`}
<div class="card alarm ${alert.state === "resolved" ? "over" : alert.severity}"><p class="summary">${alert.summary}</p>${told === null ? null : html`<p class="note">When it began: ${told}</p>`}${opening?.explanation.likely ? html`<p><strong>Likely:</strong> ${opening.explanation.likely}</p>` : null}${opening?.explanation.kind ? html`<p class="note">${KIND_WORDS[opening.explanation.kind]}</p>` : null}</div>
<h2>How much, and how sure</h2><div class="card">${figures(alert)}</div>
${changes(opening ?? null)}
${beside(opening ?? null)}
<h2>What to do</h2><div class="card">${hints(alert)}${alert.state === "resolved" || taken !== null ? null : quieten(alert)}</div>
<h2>What happened</h2><div class="card"><ol class="steps">${transitions.map((one) => step(one, one.summary !== alert.summary))}</ol></div>
<h2>Who was told</h2><div class="card">${deliveries.length === 0 ? html`<p class="empty">Nobody yet. A rule names its channels under <code>notify</code>, and <code>channels</code> says how to reach them.</p>` : deliveryTable(deliveries)}</div>`;
  return { title: `${name} · ${alert.key.rule}`, crumbs, body };
}

const KIND_WORDS: Readonly<Record<NonNullable<Alert["explanation"]["kind"]>, string>> = {
  break: "This looks like a broken feed: repair it before anything is retrained.",
  drift: "This looks like a change of the world: the values are others than before.",
  mix_shift: "This looks like other inputs than before, on which the model is as good as it ever was there.",
  concept: "This looks like inputs that have come to mean something else: what the model has learned holds no longer.",
};

/** What moved in the same window, and which segments carry more of this than their part. */
function beside(opening: Transition | null): Markup | null {
  const alongside = opening?.explanation.alongside ?? [];
  const segments = opening?.explanation.detail.segments ?? [];
  if (alongside.length === 0 && segments.length === 0) return null;
  return html`<h2>Where, and with what</h2><div class="card">${segments.length === 0 ? null : html`<p>Segments that carry more of it than their part of the rows: ${segments.map((one, index) => html`${index === 0 ? "" : ", "}${one.segment} (${percent(one.share)}${one.rowShare === undefined ? "" : ` with ${percent(one.rowShare)} of the rows`})`)}.</p>`}${alongside.length === 0 ? null : html`<p>Moved in the same window: ${alongside.map((one, index) => html`${index === 0 ? "" : ", "}${one.subject.replace(/^feature:/, "")}${one.value === null ? "" : ` (${metricName(one.metric)} ${number(one.value)})`}`)}.</p>`}</div>`;
}

function figures({ explanation: e, window }: Alert): Markup {
  const isRate = metricFamily(e.metric) === "quality" || traitOf(e.metric)?.share === true;
  const text = isRate ? percent : number;
  return html`<dl class="figures">
<div><dt>${metricName(e.metric)}</dt><dd>${text(e.value)}<small>${e.expected === null ? "" : `${text(e.expected)} expected`}${e.ci === null ? "" : `; ${text(e.ci[0])} to ${text(e.ci[1])}`}</small></dd></div>
<div><dt>${metricFamily(e.metric) === "performance" ? "Fires at a loss of" : "Fires at an effect of"}</dt><dd>${number(e.threshold)}<small>against ${e.baseline ?? "no baseline"}</small></dd></div>
<div><dt>Chance</dt><dd>${e.adjustedPValue === null ? (e.pValue === null ? "–" : `p ${chance(e.pValue)}`) : `p ${chance(e.adjustedPValue)}`}<small>${e.subjectsTested > 1 ? `corrected for ${e.subjectsTested} subjects; ` : ""}${evidence(e)}</small></dd></div>
<div><dt>Rows</dt><dd>${count(e.rows.current)}<small>${count(e.rows.reference)} in the baseline${e.labelled === null ? "" : `; ${count(e.labelled)} labelled`}</small></dd></div>
<div><dt>Window</dt><dd>${span(window)}</dd></div>
</dl>`;
}

function changes(opening: Transition | null): Markup | null {
  const bins = opening?.explanation.detail.bins ?? [];
  const { scale, unseen } = opening?.explanation.detail ?? {};
  if (bins.length === 0 && !scale && !unseen) return null;
  return html`<h2>Before and after</h2><div class="card">${scale ? html`<p>Median ${number(scale.reference)} before, ${number(scale.current)} after${scale.ratio ? ` (times ${number(scale.ratio)})` : ""}.</p>` : null}${unseen && unseen.length > 0 ? html`<p>Never seen before: ${unseen.slice(0, 8).map((one, index) => html`${index === 0 ? "" : ", "}${one.value} (${count(one.rows)})`)}</p>` : null}${bins.length === 0 ? null : html`<div class="scroll"><table><thead><tr><th>Values</th><th class="n">Before</th><th class="n">After</th><th class="n">Contribution</th></tr></thead><tbody>${bins.map((bin) => html`<tr><td>${bin.bin}</td><td class="n">${percent(bin.reference)}</td><td class="n">${percent(bin.current)}</td><td class="n">${number(bin.contribution)}</td></tr>`)}</tbody></table></div>`}</div>`;
}

/** Commands to copy, and pages to open: those of an alert's subject, whatever the stored hint says, so that no stored text becomes a link. */
function hints({ key, explanation, window }: Alert): Markup {
  const commands = explanation.hints.filter((hint) => !hint.startsWith("/"));
  const isFeature = !["prediction", "score", "label", ...WHOLE_MODEL].includes(key.subject);
  const query = {
    version: key.version,
    to: formatTime(window.to),
    ...(explanation.baseline === null ? {} : { baseline: explanation.baseline }),
  };
  const place =
    key.subject === "performance"
      ? modelHref(key.model)
      : subjectHref(key.model, { subject: key.subject, feature: isFeature ? key.subject.replace(/^feature:/, "") : null }, query);
  return html`<p><a href="${place}">${key.subject === "performance" ? "See the model over time" : key.subject === "traffic" ? "See the rows of the model" : "See the two distributions"}</a> · <a href="/v1/models/${segment(key.model)}/report?format=html&amp;version=${segment(key.version)}&amp;to=${formatTime(window.to)}">Read the report</a></p>${commands.length === 0 ? null : html`<p class="note">Or run:</p>${commands.map((command) => html`<pre>${command}</pre>`)}`}${explanation.query === null ? null : html`<p class="note">Or ask the store how it went before:</p><pre>${explanation.query}</pre>`}`;
}

/** How to stop the telling: a page acts on nothing. */
const quieten = ({ id }: Alert): Markup =>
  html`<p class="note">To take it up, so that nobody is told of it again until it is over (<code>driftwatch silence</code> holds a whole rule, for a while):</p><pre>driftwatch ack ${id.slice(0, 8)}</pre>`;

/** The words of a change, unless they stand at the top of the page already. */
function step(transition: Transition, inWords: boolean): Markup {
  return html`<li><span class="note">${moment(transition.window.to)}</span> ${badge(transition.from)} → ${badge(transition.to)}${transition.reason === undefined ? "" : ` ${transition.reason.replaceAll("_", " ")}`}${inWords ? html`<br>${transition.summary}` : null}</li>`;
}

/** What was recorded before the first attempt is shown only while nothing came of it. */
function tellings(deliveries: readonly Delivery[]): Delivery[] {
  const made = new Set(deliveries.filter((one) => one.attempt > 0).map((one) => `${one.notificationId} ${one.channel}`));
  return deliveries.filter((one) => one.attempt > 0 || !made.has(`${one.notificationId} ${one.channel}`));
}

function deliveryTable(deliveries: readonly Delivery[]): Markup {
  return html`<div class="scroll"><table><thead><tr><th>Outcome</th><th>Channel</th><th class="n">Attempt</th><th>Detail</th><th>At</th><th>Next attempt</th></tr></thead><tbody>${tellings(
    deliveries,
  ).map(
    (one) =>
      html`<tr><td>${badge(one.outcome)}</td><td>${one.channel}</td><td class="n">${one.attempt}</td><td>${one.detail}</td><td class="t">${moment(one.at)}</td><td class="t">${one.nextAttemptAt === null ? "–" : moment(one.nextAttemptAt)}</td></tr>`,
  )}</tbody></table></div>`;
}
