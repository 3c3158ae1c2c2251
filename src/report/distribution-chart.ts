import type { Distribution } from "./distribution.ts";
import { html, type Markup } from "./markup.ts";
import { percent } from "./words.ts";
import { round, scale, shorten, ticks, WIDTH } from "./axes.ts";

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
    const column = (name: string, share: number, inset: number) =>
      html`<rect class="${name}" x="${round(from + width * inset)}" y="${y(share)}" width="${round(width * (1 - 2 * inset))}" height="${round(bottom - y(share))}" rx="2"/>`;
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
  return html`<div class="scroll"><svg class="chart wide" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Shares of rows by category, reference and window">${bars.map(
    (bar, index) => {
      const top = index * lane + 5;
      return html`<g><text class="name" x="${left - 12}" y="${top + 17}" text-anchor="end">${shorten(bar.label, 26)}<title>${bar.label}</title></text><rect class="then" x="${left}" y="${top}" width="${Math.max(1, x(bar.reference))}" height="11" rx="2"/><rect class="now" x="${left}" y="${top + 13}" width="${Math.max(1, x(bar.current))}" height="11" rx="2"/><text class="axis" x="${left + Math.max(x(bar.reference), x(bar.current)) + 10}" y="${top + 17}">${percent(bar.reference)} → ${percent(bar.current)}</text></g>`;
    },
  )}</svg></div>`;
}
