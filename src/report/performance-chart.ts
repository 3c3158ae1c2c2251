import { html, type Markup } from "./markup.ts";
import type { PerformancePoint } from "./report.ts";
import { count, number, percent, span, STATUS_WORDS } from "./words.ts";
import { round, scale, ticks, timeAxis, WIDTH } from "./axes.ts";

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
  const line = runs.map(
    (run) => html`<polyline class="line" points="${run.map((point) => `${middle(point)},${y(point.value ?? 0)}`).join(" ")}"/>`,
  );
  const dots = known.map(
    (
      point,
    ) => html`<circle class="${point.status === "ok" ? "dot" : "dot pending"}" cx="${middle(point)}" cy="${y(point.value ?? 0)}" r="3"><title>${span(point)}
${text(point.value ?? 0)}${point.ci ? ` (${text(point.ci[0])} to ${text(point.ci[1])})` : ""}, ${count(point.labelled)} of ${count(point.predictions)} labelled; ${STATUS_WORDS[point.status]}</title></circle>`,
  );
  const reference = known.find((point) => point.reference !== null)?.reference ?? null;
  const barTop = bottom + 14;
  const coverage = points.map((point) => {
    const [from, to] = [x(point.from), x(point.to)];
    const tall = round((point.coverage ?? 0) * (strip - 8));
    return html`<rect class="cover-all" x="${from + 0.5}" y="${barTop}" width="${round(Math.max(1, to - from - 1))}" height="${strip - 8}"><title>${span(point)}
${percent(point.coverage)} of ${count(point.predictions)} predictions have a label${point.status === "ok" || point.finalCoverage === null ? "" : `; ${percent(point.finalCoverage)} will`}</title></rect><rect class="cover" x="${from + 0.5}" y="${round(barTop + strip - 8 - tall)}" width="${round(Math.max(1, to - from - 1))}" height="${tall}"/>`;
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
