import type { Millis } from "../model/time.ts";
import type { DriftCell, SubjectDrift, VersionDrift } from "./drift.ts";
import { html, type Markup } from "./markup.ts";
import { chance, count, number, shortDay, span, STATUS_WORDS } from "./words.ts";
import { round, scale, shorten, ticks, timeAxis, WIDTH } from "./axes.ts";

/** Effects at which a cell takes the next colour. */
const HEAT_STEPS = [0, 0.1, 0.2, 0.4, 0.8] as const;

function heat(cell: DriftCell | undefined): string {
  if (!cell || cell.status === "no_data") return "h-none";
  if (cell.status !== "ok") return "h-few";
  if (!cell.significant || (cell.effect ?? 0) <= 0) return "h-quiet";
  return `h-${HEAT_STEPS.filter((step) => (cell.effect ?? 0) > step).length}`;
}

const LABEL = 150;
const ROW = 26;

/** Subjects by windows; colour says how far beyond the expected, where that is no chance. */
export function heatMap(
  drift: VersionDrift,
  subjects: readonly SubjectDrift[],
  link: ((subject: SubjectDrift, to: Millis) => string) | null,
): Markup {
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
  const axis = windows.map((window, column) =>
    column % each === 0 && LABEL + column * cellWidth + 44 < width
      ? html`<text class="axis" x="${LABEL + column * cellWidth}" y="${height - 6}">${shortDay(window.from)}</text>`
      : null,
  );
  return html`<div class="scroll"><svg class="chart" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Drift of ${subjects.length} subjects over ${windows.length} windows">${rows}${axis}</svg></div>`;
}

function cellWords(cell: DriftCell | undefined): string {
  if (!cell) return "not measured";
  if (cell.value === null || cell.status !== "ok") return `${STATUS_WORDS[cell.status]}, ${count(cell.rows)} rows`;
  return `${number(cell.value)}, expected ${number(cell.expected)}; p = ${chance(cell.pValue)}; ${count(cell.rows)} rows`;
}

export function heatLegend(): Markup {
  const step = (name: string, words: string) =>
    html`<span class="key"><svg width="14" height="14" aria-hidden="true"><rect class="${name}" width="14" height="14" rx="3"/></svg>${words}</span>`;
  return html`<p class="legend">${step("h-quiet", "as expected")}${HEAT_STEPS.map((from, index) => step(`h-${index + 1}`, index === 0 ? "more than expected" : `> ${from}`))}${step("h-few", "too few rows")}${step("h-none", "no data")}</p>`;
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
