import type { LabelKey, SubjectKey } from "../model/grid.ts";
import type { Measurement } from "../model/measurement.ts";
import { metricFamily } from "../model/metric.ts";
import type { ModelSettings } from "../model/settings.ts";
import { formatTime, type Millis } from "../model/time.ts";
import { distributionChart } from "../report/distribution-chart.ts";
import { trendChart } from "../report/heat-map.ts";
import { driftCell } from "../report/drift.ts";
import { readDistribution } from "../report/distribution.ts";
import { html, type Markup } from "../report/markup.ts";
import { badge, changeWords } from "../report/parts.ts";
import { chance, count, evidence, metricName, number, percent, span, STATUS_WORDS } from "../report/words.ts";
import { readMeasuredKinds } from "../store/measurement-pages.ts";
import { readMeasurements } from "../store/measurements.ts";
import type { PageDependencies } from "./dependencies.ts";
import { modelHref, subjectHref } from "./links.ts";
import type { Shown } from "./pages.ts";

const TREND_WINDOWS = 90;

/** One subject in one window: then and now, the statistics behind it, and how it went before. */
export async function subjectPage(
  dependencies: PageDependencies,
  model: ModelSettings,
  key: SubjectKey | LabelKey,
  chosen: { version: string | undefined; to: Millis | null; baseline: string | undefined },
): Promise<Shown | null> {
  const { store } = dependencies;
  const name = key.subject === "feature" ? key.feature : key.subject;
  const subject = { subject: key.subject, feature: key.subject === "feature" ? key.feature : null };
  const all = (await readMeasurements(store, { model: model.name, subject: name, newestFirst: true, limit: 20_000 })).filter(
    (m) => m.subject === key.subject,
  );
  const ofVersion = all.filter((m) => chosen.version === undefined || m.version === chosen.version);
  const baseline = chosen.baseline ?? (await preferredBaseline(dependencies, model, ofVersion));
  const drifts = ofVersion.filter((m) => m.baseline === baseline && metricFamily(m.metric) === "drift");
  const stored = drifts.find((m) => chosen.to === null || m.to === chosen.to);
  const fresh = stored || !drifts[0] || chosen.to === null ? [] : await measureNow(dependencies, model, drifts[0], chosen.to);
  const anchor = stored ?? fresh.find((m) => metricFamily(m.metric) === "drift") ?? drifts[0];
  const crumbs = [
    { href: modelHref(model.name), text: model.name },
    { href: subjectHref(model.name, subject), text: name },
  ];
  if (!anchor) return unmeasured(name, crumbs, all.length > 0);
  const length = anchor.to - anchor.from;
  const here = ofVersion.filter((m) => m.baseline === baseline && m.version === anchor.version && m.to - m.from === length);
  const now = fresh.includes(anchor) ? fresh : here.filter((m) => m.to === anchor.to);
  const judged = here.some((m) => m.metric === "wasserstein") ? "wasserstein" : "psi";
  const trend = here
    .filter((m) => m.metric === judged)
    .slice(0, TREND_WINDOWS)
    .reverse();
  const window = { from: anchor.from, to: anchor.to };
  const distribution = baseline === null ? null : await readDistribution({ store, model, key, version: anchor.version, window, baseline });
  const main = now.find((m) => m.metric === judged) ?? anchor;
  const href = (to: Millis) =>
    subjectHref(model.name, subject, {
      version: anchor.version,
      to: formatTime(to),
      ...(chosen.baseline === undefined ? {} : { baseline: chosen.baseline }),
    });
  const missing = chosen.to !== null && chosen.to !== anchor.to;
  const body = html`<h1>${name}</h1><p class="lead">${key.subject === "feature" ? "Feature" : key.subject === "label" ? "What turned out true" : "Output"} of version ${anchor.version}, ${span(window)}, against ${baseline}.</p>
${missing ? html`<p class="note">Of the window asked for nothing is known; this is the newest that was measured.</p>` : null}
${neighbours(trend, anchor.to, href)}
<div class="card"><p class="summary">${verdict(main)}</p><p class="note">${changeWords(main)}</p>${breakNote(now)}</div>
<h2>Then and now</h2><p class="legend"><span class="key"><svg width="14" height="14" aria-hidden="true"><rect class="then" width="14" height="14" rx="3"/></svg>${baseline}${distribution ? `, ${count(distribution.reference.rows)} rows` : ""}</span><span class="key"><svg width="14" height="14" aria-hidden="true"><rect class="now" width="14" height="14" rx="3"/></svg>this window${distribution ? `, ${count(distribution.current.rows)} rows` : ""}</span></p>
<div class="card">${distribution === null ? html`<p class="empty">The counts of this window or of the baseline are no longer there, so they cannot be drawn.</p>` : html`${distributionChart(distribution)}${sides(distribution)}`}</div>
<h2>Statistics</h2><div class="card">${statistics(now)}</div>
<h2>Over time</h2><p class="note">${metricName(judged)}, window by window; the thin mark is the value to be expected without a change.</p><div class="card">${trendChart(trend.map(driftCell), anchor.to, href)}</div>`;
  return { title: `${name} · ${model.name}`, crumbs, body };
}

/** What the measurements add up to, where the feed seems to have broken. */
function breakNote(measurements: readonly Measurement[]): Markup | null {
  const verdict = measurements.find((m) => m.detail.verdict)?.detail.verdict;
  if (verdict?.kind !== "break") return null;
  return html`<p>It looks like a break of the data, not a drift. ${verdict.reason}${verdict.values ? html` ${verdict.values.slice(0, 5).map((value, index) => html`${index === 0 ? "" : ", "}<code>${value}</code>`)}` : null}</p>`;
}

/** What a window says that was never stored: one of the length of `like` that ends at `to`. */
async function measureNow(
  { measure }: PageDependencies,
  model: ModelSettings,
  like: Measurement,
  to: Millis,
): Promise<readonly Measurement[]> {
  if (to % model.bucket !== 0 || like.baseline === null) return [];
  const measured = await measure({
    model: model.name,
    window: { from: to - (like.to - like.from), to },
    baselines: [like.baseline],
    families: ["drift", "quality"],
  });
  return measured.filter((m) => m.version === like.version && m.subject === like.subject && m.feature === like.feature);
}

async function preferredBaseline(
  { store }: PageDependencies,
  model: ModelSettings,
  measurements: readonly Measurement[],
): Promise<string | null> {
  const kinds = await readMeasuredKinds(store, model.name);
  const measured = new Set(measurements.filter((m) => metricFamily(m.metric) === "drift").map((m) => m.baseline));
  const file = model.baselines.find((baseline) => baseline.kind === "file" && measured.has(baseline.name));
  return file?.name ?? kinds.map((kind) => kind.baseline).find((one) => one !== null && measured.has(one)) ?? null;
}

function unmeasured(name: string, crumbs: Shown["crumbs"], isKnown: boolean): Shown | null {
  if (!isKnown)
    return {
      title: name,
      crumbs,
      body: html`<h1>${name}</h1><div class="card"><p class="empty">Nothing of this name was measured. A feature is measured once it stands in a baseline (or among a model’s first 1,000 rows), a window has passed, and a rule asks for it.</p></div>`,
    };
  return {
    title: name,
    crumbs,
    body: html`<h1>${name}</h1><div class="card"><p class="empty">It was measured, but not for this version and baseline.</p></div>`,
  };
}

function neighbours(trend: readonly Measurement[], to: Millis, href: (to: Millis) => string): Markup {
  const at = trend.findIndex((m) => m.to === to);
  const [before, after] = [trend[at - 1], trend[at + 1]];
  return html`<p class="pair">${before ? html`<a href="${href(before.to)}" rel="prev">← ${span(before)}</a>` : null}${after ? html`<a href="${href(after.to)}" rel="next">${span(after)} →</a>` : null}</p>`;
}

function verdict(m: Measurement): string {
  if (m.status !== "ok" || m.value === null)
    return `Nothing can be said of this window: ${STATUS_WORDS[m.status]}.${m.detail.note === undefined ? "" : ` ${m.detail.note}`}`;
  const cell = driftCell(m);
  if (cell.significant && (cell.effect ?? 0) > 0)
    return `It has moved: ${number(m.value)}, where ${number(m.expected)} is to be expected without a change.`;
  return `It is as expected: ${number(m.value)}, where ${number(m.expected)} is usual.`;
}

function sides({ reference, current, provisional }: NonNullable<Awaited<ReturnType<typeof readDistribution>>>): Markup {
  const side = (words: string, one: typeof reference) =>
    html`<div><dt>${words}</dt><dd>${count(one.rows)}<small>rows, ${percent(one.rows > 0 ? one.missing / one.rows : null)} missing${one.low === null || one.high === null ? "" : `; ${number(one.low)} to ${number(one.high)}`}</small></dd></div>`;
  return html`<dl class="figures">${side("Reference", reference)}${side("Window", current)}</dl>${provisional ? html`<p class="note">The bins were made from the model’s first rows, for want of a baseline file: they are provisional.</p>` : null}`;
}

export function statistics(measurements: readonly Measurement[]): Markup {
  return html`<div class="scroll"><table><thead><tr><th>Statistic</th><th class="n">Value</th><th class="n">Expected</th><th class="n">p-value</th><th class="n">Rows then</th><th class="n">Rows now</th><th>Evidence</th><th>Status</th></tr></thead><tbody>${measurements.map(
    (m) => {
      const text = metricFamily(m.metric) === "quality" ? percent : number;
      return html`<tr><td>${metricName(m.metric)}${m.detail.note === undefined ? null : html`<br><span class="note">${m.detail.note}</span>`}</td><td class="n">${text(m.value)}</td><td class="n">${text(m.expected)}</td><td class="n">${chance(m.pValue)}</td><td class="n">${count(m.rows.reference)}</td><td class="n">${count(m.rows.current)}</td><td>${evidence(m)}</td><td>${m.status === "ok" ? STATUS_WORDS.ok : badge(m.status)}</td></tr>`;
    },
  )}</tbody></table></div>`;
}
