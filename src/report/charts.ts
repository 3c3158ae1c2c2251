import type { Millis } from "../model/time.ts";
import type { Volume } from "../store/versions.ts";
import type { DriftCell, SubjectDrift, VersionDrift } from "./drift.ts";
import type { Distribution } from "./distribution.ts";
import { html, type Markup } from "./markup.ts";
import type { PerformancePoint } from "./report.ts";
import { chance, count, number, percent, shortDay, span, STATUS_WORDS } from "./words.ts";

/** Drawings as SVG, coloured by classes alone: they carry no style of their own and no script. */

const round = (value: number): number => Math.round(value * 10) / 10;

/** Effects at which a cell takes the next colour; the shipped rules fire at the third (PSI: second). */
export const HEAT_STEPS = [0, 0.1, 0.2, 0.4, 0.8] as const;

function heat(cell: DriftCell | undefined): string {
  if (!cell || cell.status === "no_data") return "h-none";
  if (cell.status !== "ok") return "h-few";
  if (!cell.significant || (cell.effect ?? 0) <= 0) return "h-quiet";
  return `h-${HEAT_STEPS.filter((step) => (cell.effect ?? 0) > step).length}`;
}

const LABEL = 150;
const ROW = 26;

/** Subjects by windows; colour says how far beyond the expected, where that is no chance. */
export function heatMap(drift: VersionDrift, subjects: readonly SubjectDrift[], link: ((subject: SubjectDrift, to: Millis) => string) | null): Markup {
  const { windows } = drift;
  const cellWidth = Math.max(9, Math.min(22, Math.floor(860 / Math.max(1, windows.length))));
  const width = LABEL + windows.length * cellWidth + 8;
  const height = subjects.length * ROW + 26;
  const each = Math.max(1, Math.ceil(64 / cellWidth));
  const rows = subjects.map((subject, row) => {
    const byEnd = new Map(subject.cells.map((cell) => [cell.to, cell]));
    const name = subject.feature ?? subject.subject;
    const label = html`<text class="${subject.feature === null ? "name output" : "name"}" x="${LABEL - 10}" y="${row * ROW + 17}" text-anchor="end">${shorten(name, 20)}<title>${name}</title></text>`;
    const newest = windows.at(-1)?.to ?? 0;
    const cells = windows.map((window, column) => {
      const cell = byEnd.get(window.to);
      const drawn = html`<rect class="${heat(cell)}" x="${LABEL + column * cellWidth}" y="${row * ROW + 2}" width="${cellWidth - 1.5}" height="${ROW - 4}" rx="2.5"><title>${name}, ${span(window)}
${cellWords(cell)}</title></rect>`;
      return link && cell ? html`<a href="${link(subject, window.to)}">${drawn}</a>` : drawn;
    });
    return html`<g>${link ? html`<a href="${link(subject, newest)}">${label}</a>` : label}${cells}</g>`;
  });
  const axis = windows.map((window, column) => (column % each === 0 && LABEL + column * cellWidth + 44 < width ? html`<text class="axis" x="${LABEL + column * cellWidth}" y="${height - 6}">${shortDay(window.from)}</text>` : null));
  return html`<div class="scroll"><svg class="chart" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Drift of ${subjects.length} subjects over ${windows.length} windows">${rows}${axis}</svg></div>`;
}

function cellWords(cell: DriftCell | undefined): string {
  if (!cell) return "not measured";
  if (cell.value === null || cell.status !== "ok") return `${STATUS_WORDS[cell.status]}, ${count(cell.rows)} rows`;
  return `${number(cell.value)}, expected ${number(cell.expected)}; p = ${chance(cell.pValue)}; ${count(cell.rows)} rows`;
}

export function heatLegend(): Markup {
  const step = (name: string, words: string) => html`<span class="key"><svg width="14" height="14" aria-hidden="true"><rect class="${name}" width="14" height="14" rx="3"/></svg>${words}</span>`;
  return html`<p class="legend">${step("h-quiet", "as expected")}${HEAT_STEPS.map((from, index) => step(`h-${index + 1}`, index === 0 ? "more than expected" : `> ${from}`))}${step("h-few", "too few rows")}${step("h-none", "no data")}</p>`;
}

const WIDTH = 980;

type Scale = (value: number) => number;
const scale = (low: number, high: number, from: number, to: number): Scale => (value) => round(from + ((value - low) / (high - low || 1)) * (to - from));

/** One metric over time: the line, its interval as a band, what the baseline had, and how many labels are known below. */
export function performanceChart(points: readonly PerformancePoint[], isShare: boolean): Markup {
  const known = points.filter((point) => point.value !== null);
  if (known.length === 0) return html`<p class="empty">No window has enough labels yet.</p>`;
  const values = known.flatMap((point) => [point.value ?? 0, ...(point.ci ?? []), ...(point.reference === null ? [] : [point.reference])]);
  const [low, high] = padded(Math.min(...values), Math.max(...values), isShare);
  const [left, right, top, bottom, strip] = [52, 12, 12, 214, 40];
  const x = scale(points[0]?.from ?? 0, points.at(-1)?.to ?? 1, left, WIDTH - right);
  const y = scale(low, high, bottom, top);
  const middle = (point: PerformancePoint) => x((point.from + point.to) / 2);
  const text = (value: number) => (isShare ? percent(value) : number(value));
  const height = bottom + strip + 34;
  const runs = runsOf(points);
  const band = runs.map((run) => {
    const some = run.filter((point) => point.ci !== null);
    return html`<path class="band" d="M${[...some.map((point) => `${middle(point)},${y(point.ci?.[1] ?? 0)}`), ...[...some].reverse().map((point) => `${middle(point)},${y(point.ci?.[0] ?? 0)}`)].join("L")}Z"/>`;
  });
  const line = runs.map((run) => html`<polyline class="line" points="${run.map((point) => `${middle(point)},${y(point.value ?? 0)}`).join(" ")}"/>`);
  const dots = known.map((point) => html`<circle class="${point.status === "ok" ? "dot" : "dot pending"}" cx="${middle(point)}" cy="${y(point.value ?? 0)}" r="3"><title>${span(point)}
${text(point.value ?? 0)}${point.ci ? ` (${text(point.ci[0])} to ${text(point.ci[1])})` : ""}, ${count(point.labelled)} of ${count(point.predictions)} labelled; ${STATUS_WORDS[point.status]}</title></circle>`);
  const reference = known.find((point) => point.reference !== null)?.reference ?? null;
  const barTop = bottom + 14;
  const coverage = points.map((point) => {
    const [from, to] = [x(point.from), x(point.to)];
    const tall = round((point.coverage ?? 0) * (strip - 8));
    return html`<rect class="cover-all" x="${from + 0.5}" y="${barTop}" width="${round(Math.max(1, to - from - 1))}" height="${strip - 8}"><title>${span(point)}
${percent(point.coverage)} of ${count(point.predictions)} predictions have a label</title></rect><rect class="cover" x="${from + 0.5}" y="${round(barTop + strip - 8 - tall)}" width="${round(Math.max(1, to - from - 1))}" height="${tall}"/>`;
  });
  return html`<div class="scroll"><svg class="chart wide" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Over ${points.length} windows, from ${text(known[0]?.value ?? 0)} to ${text(known.at(-1)?.value ?? 0)}">
${ticks(low, high).map((tick) => html`<line class="grid" x1="${left}" x2="${WIDTH - right}" y1="${y(tick)}" y2="${y(tick)}"/><text class="axis" x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${text(tick)}</text>`)}
${reference === null ? null : html`<line class="reference" x1="${left}" x2="${WIDTH - right}" y1="${y(reference)}" y2="${y(reference)}"/><text class="axis on-line" x="${WIDTH - right}" y="${y(reference) - 6}" text-anchor="end">baseline ${text(reference)}</text>`}
${band}${line}${dots}${coverage}<text class="axis" x="${left - 8}" y="${barTop + 20}" text-anchor="end">labels</text>${timeAxis(points, x, height - 6)}</svg></div>`;
}

/** Stretches of points without a gap in what is known. */
function runsOf(points: readonly PerformancePoint[]): PerformancePoint[][] {
  const runs: PerformancePoint[][] = [];
  let before: PerformancePoint | null = null;
  for (const point of points) {
    if (point.value !== null) {
      const run = runs.at(-1);
      if (run && before?.value !== null && before !== null && point.from - before.to < point.to - point.from) run.push(point);
      else runs.push([point]);
    }
    before = point;
  }
  return runs;
}

function padded(low: number, high: number, isShare: boolean): [number, number] {
  const room = (high - low || Math.abs(high) || 1) * 0.12;
  return isShare ? [Math.max(0, low - room), Math.min(1, high + room)] : [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

function ticks(low: number, high: number): number[] {
  const raw = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((one) => one * power >= raw) ?? 10) * power;
  const found: number[] = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found;
}

function timeAxis(points: readonly { from: Millis }[], x: Scale, y: number): Markup[] {
  const each = Math.max(1, Math.ceil(points.length / 10));
  return points.flatMap((point, index) => (index % each === 0 && x(point.from) < WIDTH - 50 ? [html`<text class="axis" x="${x(point.from)}" y="${y}">${shortDay(point.from)}</text>`] : []));
}

/** Drift of one subject over time, with what was to be expected. */
export function trendChart(cells: readonly DriftCell[], shown: Millis, link: ((to: Millis) => string) | null): Markup {
  const known = cells.filter((cell) => cell.value !== null);
  if (known.length === 0) return html`<p class="empty">No window has a value yet.</p>`;
  const [left, right, top, bottom] = [52, 12, 12, 150];
  const high = Math.max(...known.map((cell) => Math.max(cell.value ?? 0, cell.expected ?? 0))) * 1.1 || 1;
  const x = scale(cells[0]?.from ?? 0, cells.at(-1)?.to ?? 1, left, WIDTH - right);
  const y = scale(0, high, bottom, top);
  const bars = known.map((cell) => {
    const [from, to] = [x(cell.from), x(cell.to)];
    const drawn = html`<rect class="${heat(cell)}${cell.to === shown ? " shown" : ""}" x="${from + 0.5}" y="${y(cell.value ?? 0)}" width="${round(Math.max(1.5, to - from - 1.5))}" height="${round(Math.max(1, bottom - y(cell.value ?? 0)))}" rx="1.5"><title>${span(cell)}
${cellWords(cell)}</title></rect><line class="expected" x1="${from}" x2="${to}" y1="${y(cell.expected ?? 0)}" y2="${y(cell.expected ?? 0)}"/>`;
    return link ? html`<a href="${link(cell.to)}">${drawn}</a>` : drawn;
  });
  return html`<div class="scroll"><svg class="chart wide" viewBox="0 0 ${WIDTH} 178" role="img" aria-label="Drift over ${cells.length} windows">${ticks(0, high).map((tick) => html`<line class="grid" x1="${left}" x2="${WIDTH - right}" y1="${y(tick)}" y2="${y(tick)}"/><text class="axis" x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${number(tick)}</text>`)}${bars}${timeAxis(cells, x, 172)}</svg></div>`;
}

/** Then and now side by side: the reference wide and pale, the window narrow before it. */
export function distributionChart({ bars, kind }: Distribution): Markup {
  return kind === "numeric" ? columns(bars) : lanes(bars);
}

function columns(bars: Distribution["bars"]): Markup {
  const [left, right, top, bottom] = [52, 12, 10, 230];
  const high = Math.max(...bars.flatMap((bar) => [bar.reference, bar.current]), 0.01) * 1.06;
  const y = scale(0, high, bottom, top);
  const width = (WIDTH - left - right) / Math.max(1, bars.length);
  const each = Math.max(1, Math.ceil(bars.length / 8));
  const drawn = bars.map((bar, index) => {
    const from = left + index * width;
    const column = (name: string, share: number, inset: number) => html`<rect class="${name}" x="${round(from + width * inset)}" y="${y(share)}" width="${round(width * (1 - 2 * inset))}" height="${round(bottom - y(share))}" rx="2"/>`;
    return html`<g>${column("then", bar.reference, 0.06)}${column("now", bar.current, 0.28)}<rect class="catch" x="${round(from)}" y="${top}" width="${round(width)}" height="${bottom - top}"><title>${bar.label}
reference ${percent(bar.reference)}, window ${percent(bar.current)}</title></rect>${index % each === 0 ? html`<text class="axis" x="${round(from)}" y="${bottom + 20}">${bar.label}</text>` : null}</g>`;
  });
  return html`<div class="scroll"><svg class="chart wide" viewBox="0 0 ${WIDTH} 258" role="img" aria-label="Shares of rows by value, reference and window">${ticks(0, high).map((tick) => html`<line class="grid" x1="${left}" x2="${WIDTH - right}" y1="${y(tick)}" y2="${y(tick)}"/><text class="axis" x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${percent(tick)}</text>`)}${drawn}</svg></div>`;
}

function lanes(bars: Distribution["bars"]): Markup {
  const [left, lane, end] = [200, 34, WIDTH - 150];
  const high = Math.max(...bars.flatMap((bar) => [bar.reference, bar.current]), 0.01);
  const x = scale(0, high, 0, end - left);
  const height = bars.length * lane + 4;
  return html`<div class="scroll"><svg class="chart wide" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Shares of rows by category, reference and window">${bars.map((bar, index) => {
    const top = index * lane + 5;
    return html`<g><text class="name" x="${left - 12}" y="${top + 17}" text-anchor="end">${shorten(bar.label, 26)}<title>${bar.label}</title></text><rect class="then" x="${left}" y="${top}" width="${Math.max(1, x(bar.reference))}" height="11" rx="2"/><rect class="now" x="${left}" y="${top + 13}" width="${Math.max(1, x(bar.current))}" height="11" rx="2"/><text class="axis" x="${left + Math.max(x(bar.reference), x(bar.current)) + 10}" y="${top + 17}">${percent(bar.reference)} → ${percent(bar.current)}</text></g>`;
  })}</svg></div>`;
}

/** Rows a day, versions stacked in the order they appeared. */
export function volumeChart(volume: readonly Volume[], size: { width: number; height: number }): Markup {
  const days = [...new Set(volume.map((one) => one.from))].sort((a, b) => a - b);
  const versions = [...new Set(volume.map((one) => one.version))];
  const [first, last] = [days[0] ?? 0, (days.at(-1) ?? 0) + 86_400_000];
  const x = scale(first, last, 0, size.width);
  const totals = new Map(days.map((day) => [day, volume.filter((one) => one.from === day).reduce((sum, one) => sum + one.rows, 0)]));
  const y = scale(0, Math.max(1, ...totals.values()), 0, size.height);
  const bars = days.map((day) => {
    let base = size.height;
    const width = round(Math.max(1, x(day + 86_400_000) - x(day) - 1));
    const parts = versions.flatMap((version, index) => {
      const rows = volume.find((one) => one.from === day && one.version === version)?.rows ?? 0;
      if (rows === 0) return [];
      const tall = y(rows);
      base -= tall;
      return [html`<rect class="v-${index % 4}" x="${x(day)}" y="${round(base)}" width="${width}" height="${tall}"/>`];
    });
    return html`<g>${parts}<title>${shortDay(day)}: ${count(totals.get(day) ?? 0)} rows</title></g>`;
  });
  return html`<svg class="spark" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="Rows a day over ${days.length} days">${bars}</svg>`;
}

function shorten(text: string, limit: number): string {
  const letters = Array.from(text);
  return letters.length > limit ? `${letters.slice(0, limit - 1).join("")}…` : text;
}
