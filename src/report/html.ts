import { readFileSync } from "node:fs";
import { traitOf } from "../model/performance.ts";
import { formatDuration, formatTime } from "../model/time.ts";
import { heatLegend, heatMap } from "./heat-map.ts";
import { performanceChart } from "./performance-chart.ts";
import { volumeChart } from "./volume-chart.ts";
import { html, Markup } from "./markup.ts";
import { alertTable, missingList, moverTable, retrainTable, versionTable } from "./parts.ts";
import type { ModelReport } from "./report.ts";
import { metricName, span } from "./words.ts";

/** Colours, type and charts; the pages use it too. */
export const THEME = readFileSync(new URL("./theme.css", import.meta.url), "utf8");

const MOST_SUBJECTS = 60;

/** A report as one file: no script, nothing loaded, so it can be mailed and kept. */
export function reportHtml(report: ModelReport): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${report.model} · driftwatch report</title><style>${new Markup(`${THEME}main{padding-top:2.5rem}`)}</style></head>
<body><main><h1>${report.model}</h1><p class="lead">${report.versions.length === 0 ? "Nothing counted yet" : span(report.window)}${report.version === null ? null : html`, version ${report.version}`}. All times UTC.</p>
${missingList(report.missing)}
${report.alerts.length === 0 ? null : html`<h2>Alerts</h2><div class="card">${alertTable(report.alerts, null)}</div>`}
${report.movers.length === 0 ? null : html`<h2>What moved most</h2><p class="note">In the newest window of each version, against ${report.drift?.baseline ?? "the baseline"}; the effect is what exceeds the value to be expected without a change.</p><div class="card">${moverTable(report.movers, null)}</div>`}
${report.drift?.versions.map((drift) => html`<h2>Drift of ${drift.version}</h2><p class="note">Windows of ${formatDuration(report.drift?.windowMs ?? 0)} against ${report.drift?.baseline ?? "the baseline"}.</p><div class="card">${heatMap(drift, drift.subjects.slice(0, MOST_SUBJECTS), null)}${heatLegend()}${drift.subjects.length > MOST_SUBJECTS ? html`<p class="note">${drift.subjects.length - MOST_SUBJECTS} more moved less and are left out.</p>` : null}</div>`)}
${report.performance?.series.filter((one) => one.metric === report.lead || one.metric === "roc_auc").map((one) => html`<h2>${metricName(one.metric)} of ${one.version}</h2><div class="card">${performanceChart(one.points, traitOf(one.metric)?.share === true)}</div>`)}
${report.versions.length === 0 ? null : html`<h2>Versions and volume</h2><div class="card">${versionTable(report.versions)}${volumeChart(report.volume, { width: 960, height: 70 })}</div>`}
${report.retrains.length === 0 ? null : html`<h2>Retraining</h2><div class="card">${retrainTable(report.retrains)}</div>`}
<p class="note">driftwatch, ${formatTime(report.window.from)} to ${formatTime(report.window.to)}</p></main></body></html>`.text;
}

/** A report as JSON: times in RFC 3339, keys in snake case. */
export function reportJson(report: ModelReport): unknown {
  return plain(report);
}

const TIMES = new Set([
  "from",
  "to",
  "firstSeen",
  "lastSeen",
  "since",
  "updatedAt",
  "at",
  "attemptedAt",
  "leaseUntil",
  "changedAt",
  "seenAt",
]);

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === "windowMs" && typeof inner === "number") return ["window_length", formatDuration(inner)];
      const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return [name, TIMES.has(key) && typeof inner === "number" ? formatTime(inner) : plain(inner)];
    }),
  );
}
