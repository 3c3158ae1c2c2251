import type { Volume } from "../store/versions.ts";
import { html, type Markup } from "./markup.ts";
import { count, shortDay } from "./words.ts";
import { round, scale } from "./axes.ts";

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
