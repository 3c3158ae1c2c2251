import { html, type Markup } from "../../../src/report/markup.ts";
import { round, scale, shorten, ticks } from "../../../src/report/axes.ts";
import { colourOf, PALETTE } from "./colours.ts";
import type { FieldSettings, Panel } from "./dashboard.ts";
import { display, formatted, type Shown } from "./fields.ts";

export type Area = { readonly width: number; readonly height: number };
export type Mark = { readonly time: number; readonly timeEnd: number | null; readonly text: string; readonly colour: string };
type Range = { readonly from: number; readonly to: number };

const number = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isHidden = ({ custom }: Shown) => custom["hidden"] === true || (custom["hideFrom"] as { viz?: boolean } | undefined)?.viz === true;

const isInLegend = ({ custom }: Shown) => (custom["hideFrom"] as { legend?: boolean } | undefined)?.legend !== true;

export function lineColour(field: Shown, index: number): string {
  const { color } = field.settings;
  return colourOf(color?.mode === "fixed" && color.fixedColor ? color.fixedColor : (PALETTE[index % PALETTE.length] ?? "blue"));
}

/** Lines, bars or points over time, with thresholds and what happened meanwhile. */
export function timeSeries(panel: Panel, shown: readonly Shown[], span: Range, marks: readonly Mark[], area: Area): Markup {
  const times = (shown.find(({ kind }) => kind === "time")?.values ?? []) as readonly number[];
  const fields = shown.filter((field) => field.kind === "number" && !isHidden(field));
  const stacked = fields.some(({ custom }) => (custom["stacking"] as { mode?: string } | undefined)?.mode === "normal");
  const legendHeight = panelLegend(panel)
    ? 22 *
      Math.min(
        3,
        Math.ceil(fields.filter(isInLegend).reduce((sum, { title }) => sum + Math.min(28, title.length) * 6.4 + 26, 0) / area.width),
      )
    : 0;
  const left = 62;
  const plot = { left, right: area.width - 12, top: 8, bottom: area.height - 22 - legendHeight };
  const sums = new Map<number, number>();
  const tops = fields.map(({ values }) =>
    values.map((value, index) => {
      if (!number(value)) return null;
      if (!stacked) return value;
      const sum = (sums.get(index) ?? 0) + value;
      sums.set(index, sum);
      return sum;
    }),
  );
  const drawn = tops.flat().filter(number);
  const settings: FieldSettings = fields[0]?.settings ?? {};
  const thresholds = (panel.fieldConfig?.defaults.thresholds?.steps ?? []).filter((step) => number(step.value));
  const thresholdStyle = (fields[0]?.custom["thresholdsStyle"] as { mode?: string } | undefined)?.mode ?? "off";
  const lowest = settings.min ?? Math.min(...drawn, stacked || fields.some(({ custom }) => custom["drawStyle"] === "bars") ? 0 : Infinity);
  const highest = settings.max ?? Math.max(...drawn);
  const spread = highest > lowest ? (highest - lowest) * 0.04 : Math.abs(highest || 1) * 0.1;
  const [low, high] = [settings.min ?? (highest > lowest ? lowest : lowest - spread), settings.max ?? highest + spread];
  const x = scale(span.from, span.to, plot.left, plot.right);
  const y = scale(low, high, plot.bottom, plot.top);
  const grid = ticks(low, high).map(
    (tick) =>
      html`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y(tick)}" y2="${y(tick)}"/><text class="axis" text-anchor="end" x="${plot.left - 6}" y="${y(tick) + 4}">${formatted(tick, settings)}</text>`,
  );
  const levels =
    thresholdStyle === "off"
      ? []
      : thresholds
          .filter(({ value }) => (value ?? 0) >= low && (value ?? 0) <= high)
          .map(
            ({ value, color }) =>
              html`<line class="threshold" stroke="${colourOf(color)}" x1="${plot.left}" x2="${plot.right}" y1="${y(value ?? 0)}" y2="${y(value ?? 0)}"/>`,
          );
  const step = Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? 0)), (span.to - span.from) / 10);
  const barWidth = Math.max(1, round((x(span.from + step) - plot.left) * 0.8 || 1));
  const filledTo = (field: Shown) => {
    const name = field.custom["fillBelowTo"];
    return typeof name === "string" ? fields.findIndex(({ title, name: own }) => title === name || own === name) : -1;
  };
  const bodies = fields.map((field, index) => {
    const points = times.map((time, at) => [time, tops[index]?.[at] ?? null] as const);
    const colour = lineColour(field, index);
    const style = String(field.custom["drawStyle"] ?? "line");
    const dashed = (field.custom["lineStyle"] as { fill?: string } | undefined)?.fill === "dash";
    if (style === "bars")
      return points.map(([time, top], at) => {
        const value = field.values[at];
        if (top === null || !number(value)) return null;
        return html`<rect class="mark" fill="${colour}" fill-opacity=".8" x="${round(x(time) - barWidth * (0.5 - Number(field.custom["barAlignment"] ?? 0) / 2))}" width="${barWidth}" y="${y(top)}" height="${round(Math.max(0, y(top - value) - y(top)))}"/>`;
      });
    const band =
      filledTo(field) >= 0
        ? bandBetween(
            points,
            times.map((time, at) => [time, tops[filledTo(field)]?.[at] ?? null] as const),
            x,
            y,
          )
        : "";
    const opacity = Number(field.custom["fillOpacity"] ?? 0) / 100;
    const width = Number(field.custom["lineWidth"] ?? 1);
    const runs = runsOf(points, field.custom["spanNulls"] === true);
    return [
      band === "" ? null : html`<path class="mark" fill="${colour}" fill-opacity="${opacity || 0.15}" d="${band}"/>`,
      width > 0 && style === "line"
        ? html`<path class="mark line" fill="none" stroke="${colour}" stroke-width="${width}" stroke-dasharray="${dashed ? "6 4" : "none"}" d="${runs.map((run) => `M${run.map(([time, value]) => `${x(time)},${y(value)}`).join("L")}`).join("")}"/>`
        : null,
      ...runs
        .flatMap((run) => (run.length === 1 || style === "points" || field.custom["showPoints"] === "always" ? run : []))
        .map(
          ([time, value]) =>
            html`<circle class="mark" fill="${colour}" r="${style === "points" ? 3 : 2.5}" cx="${x(time)}" cy="${y(value)}"/>`,
        ),
    ];
  });
  return html`<svg width="${area.width}" height="${area.height}">${grid}${timeTicks(span, plot, x)}${marks.map((mark) => markOf(mark, x, plot))}<svg x="${plot.left}" y="${plot.top}" width="${plot.right - plot.left}" height="${plot.bottom - plot.top}" viewBox="${plot.left} ${plot.top} ${plot.right - plot.left} ${plot.bottom - plot.top}">${levels}${bodies}</svg>${legend(fields, legendHeight, area)}</svg>`;
}

type Point = readonly [number, number | null];

function runsOf(points: readonly Point[], spanNulls: boolean): (readonly [number, number])[][] {
  const runs: (readonly [number, number])[][] = [[]];
  for (const [time, value] of points) {
    if (value !== null) runs.at(-1)?.push([time, value]);
    else if (!spanNulls) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

function bandBetween(upper: readonly Point[], lower: readonly Point[], x: (value: number) => number, y: (value: number) => number): string {
  const both = upper.map(([time, value], index) => [time, value === null || lower[index]?.[1] === null ? null : index] as const);
  return runsOf(both, false)
    .filter((run) => run.length > 1)
    .map((run) => {
      const corner = (of: readonly Point[], at: number) => `${x(of[at]?.[0] ?? 0)},${y(of[at]?.[1] ?? 0)}`;
      const indexes = run.map(([, at]) => at);
      return `M${indexes.map((at) => corner(upper, at)).join("L")}L${indexes
        .toReversed()
        .map((at) => corner(lower, at))
        .join("L")}Z`;
    })
    .join("");
}

type Plot = { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };

function timeTicks({ from, to }: Range, plot: Plot, x: (value: number) => number): Markup[] {
  const count = Math.max(2, Math.floor((plot.right - plot.left) / 110));
  const isShort = to - from < 3 * 86_400_000;
  const isTiny = to - from < 600_000;
  return Array.from({ length: count }, (_, index) => {
    const time = from + ((index + 0.5) * (to - from)) / count;
    const text = new Date(time).toISOString();
    return html`<text class="axis" text-anchor="middle" x="${x(time)}" y="${plot.bottom + 16}">${isTiny ? text.slice(11, 19) : isShort ? text.slice(5, 16).replace("T", " ") : text.slice(0, 10)}</text>`;
  });
}

function markOf({ time, timeEnd, text, colour }: Mark, x: (value: number) => number, plot: Plot): Markup | null {
  const from = Math.max(plot.left, x(time));
  const to = Math.min(plot.right, x(timeEnd ?? time));
  if (from > plot.right || to < plot.left) return null;
  const region =
    timeEnd !== null && to > from
      ? html`<rect class="annotation-region" fill="${colour}" x="${from}" width="${round(to - from)}" y="${plot.top}" height="${plot.bottom - plot.top}"/>`
      : null;
  return html`<g class="annotation"><title>${text}</title>${region}<line stroke="${colour}" x1="${from}" x2="${from}" y1="${plot.top}" y2="${plot.bottom}"/></g>`;
}

const panelLegend = (panel: Panel): boolean => (panel.options?.["legend"] as { showLegend?: boolean } | undefined)?.showLegend === true;

function legend(fields: readonly Shown[], height: number, area: Area): Markup[] {
  if (height === 0) return [];
  let left = 10;
  let line = 0;
  return fields.flatMap((field, index) => {
    if (!isInLegend(field)) return [];
    const text = shorten(field.title, 28);
    const width = text.length * 6.4 + 26;
    if (left + width > area.width) {
      left = 10;
      line += 1;
    }
    if (line >= height / 22) return [];
    const at = left;
    left += width;
    const y = area.height - height + 14 + line * 20;
    return [
      html`<rect fill="${lineColour(field, index)}" x="${at}" y="${y - 6}" width="14" height="4"/><text class="legend" x="${at + 18}" y="${y}">${text}</text>`,
    ];
  });
}

/** A row of coloured stretches for each series: each lasts until the next one of its row begins. */
export function stateTimeline(panel: Panel, shown: readonly Shown[], span: Range, marks: readonly Mark[], area: Area): Markup {
  const times = (shown.find(({ kind }) => kind === "time")?.values ?? []) as readonly number[];
  const fields = shown.filter(({ kind }) => kind !== "time").filter((field) => !isHidden(field));
  const perPage = Number(panel.options?.["perPage"] ?? 20);
  const rows = fields.slice(0, perPage);
  const left = 130;
  const plot = { left, right: area.width - 12, top: 6, bottom: area.height - 44 };
  const height = (plot.bottom - plot.top) / Math.max(1, rows.length);
  const x = scale(span.from, span.to, plot.left, plot.right);
  const body = rows.map((field, row) => {
    const top = round(plot.top + row * height + height * 0.075);
    const cells = times.map((time, index) => ({ time, value: field.values[index] ?? null }));
    return html`<text class="axis" text-anchor="end" x="${left - 8}" y="${round(top + height / 2)}">${shorten(field.title, 19)}</text>${cells.map(
      ({ time, value }, index) => {
        const { colour } = display(value, field);
        if (value === null) return null;
        const end = cells[index + 1]?.time ?? span.to;
        const from = Math.max(plot.left, x(time));
        const width = round(Math.min(plot.right, x(end)) - from);
        return width <= 0
          ? null
          : html`<rect class="mark" fill="${colourOf(colour ?? lineColour(field, row))}" fill-opacity=".9" x="${from}" width="${Math.max(0.7, width)}" y="${top}" height="${round(height * 0.85)}"/>`;
      },
    )}`;
  });
  let at = left;
  const key = stateKey(panel, fields).map(([text, color]) => {
    const from = at;
    at += text.length * 6.4 + 28;
    return html`<rect fill="${colourOf(color)}" stroke="#8884" x="${from}" y="${area.height - 16}" width="10" height="10"/><text class="legend" x="${from + 15}" y="${area.height - 7}">${text}</text>`;
  });
  const more =
    fields.length > rows.length
      ? html`<text class="axis" text-anchor="end" x="${area.width - 12}" y="${area.height - 7}">${rows.length} of ${fields.length} rows</text>`
      : null;
  return html`<svg width="${area.width}" height="${area.height}">${body}${timeTicks(span, plot, x)}${marks.map((mark) => markOf(mark, x, plot))}${key}${more}</svg>`;
}

/**
 * What Grafana's legend of a state timeline names: where several thresholds colour, these alone, each as its value is
 * written; else every text that a value has, nulls included, in the order in which they occur.
 */
export function stateKey(panel: Panel, fields: readonly Shown[]): (readonly [text: string, colour: string])[] {
  const steps = panel.fieldConfig?.defaults.thresholds?.steps ?? [];
  const written = (value: number | null | undefined) => formatted(value ?? 0, panel.fieldConfig?.defaults ?? {});
  if (steps.length > 1)
    return steps.map(({ value, color }, index) => [value === null ? `< ${written(steps[index + 1]?.value)}` : `${written(value)}+`, color]);
  const texts = fields.filter(({ kind }) => kind !== "time").flatMap((field) => field.values.map((value) => display(value, field)));
  return [...new Map(texts.map(({ text, colour }) => [text, colour ?? steps[0]?.color ?? "gray"]))].filter(([text]) => text !== "");
}

/** Bars side by side for each value of the panel's x field. */
export function barChart(panel: Panel, shown: readonly Shown[], area: Area): Markup {
  const x = panel.options?.["xField"];
  const labels = shown.find(({ title, name }) => title === x || name === x) ?? shown.find(({ kind }) => kind !== "number");
  const fields = shown.filter((field) => field.kind === "number" && field !== labels && !isHidden(field));
  const count = labels?.values.length ?? 0;
  const legendHeight = panelLegend(panel) ? 22 : 0;
  const plot = { left: 62, right: area.width - 12, top: 8, bottom: area.height - 24 - legendHeight };
  const high = Math.max(...fields.flatMap(({ values }) => values.filter(number)), 0) || 1;
  const low = Math.min(...fields.flatMap(({ values }) => values.filter(number)), 0);
  const y = scale(low, high * 1.04, plot.bottom, plot.top);
  const settings: FieldSettings = fields[0]?.settings ?? {};
  const slot = (plot.right - plot.left) / Math.max(1, count);
  const width = (slot * 0.85) / Math.max(1, fields.length);
  const each = Math.max(1, Math.ceil(100 / slot));
  const grid = ticks(low, high).map(
    (tick) =>
      html`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y(tick)}" y2="${y(tick)}"/><text class="axis" text-anchor="end" x="${plot.left - 6}" y="${y(tick) + 4}">${formatted(tick, settings)}</text>`,
  );
  const bars = Array.from({ length: count }, (_, at) => {
    const left = plot.left + at * slot;
    const text = shorten(display(labels?.values[at], labels ?? { settings: {}, kind: "string" }).text, 16);
    return html`${fields.map((field, index) => {
      const value = field.values[at];
      if (!number(value)) return null;
      return html`<rect class="mark" fill="${lineColour(field, index)}" fill-opacity=".75" x="${round(left + slot * 0.075 + index * width)}" width="${round(Math.max(0.5, width - 1))}" y="${Math.min(y(value), y(0))}" height="${round(Math.abs(y(0) - y(value)))}"/>`;
    })}${at % each === 0 ? html`<text class="axis" text-anchor="middle" x="${round(left + slot / 2)}" y="${plot.bottom + 16}">${text}</text>` : null}`;
  });
  return html`<svg width="${area.width}" height="${area.height}">${grid}${bars}${legend(fields, legendHeight, area)}</svg>`;
}

/** The last value of each number or time, as large as it fits, side by side. */
export function stat(panel: Panel, shown: readonly Shown[], area: Area): Markup {
  const fields = shown.filter((field) => field.kind !== "string" && !isHidden(field));
  const isStacked =
    panel.options?.["orientation"] === "horizontal" || (panel.options?.["orientation"] === "auto" && area.height > area.width);
  const width = isStacked ? area.width : area.width / Math.max(1, fields.length);
  return html`<div class="stats ${isStacked ? "stacked" : ""}">${fields.map((field) => {
    const value = field.values.findLast((one) => one !== null && one !== undefined) ?? null;
    const { text, colour } = display(value, field);
    const size = Math.min(30, Math.floor((width - 12) / (text.length * 0.64)));
    return html`<div class="stat"><div class="stat-name">${fields.length > 1 || panel.options?.["textMode"] === "value_and_name" ? field.title : ""}</div><div class="stat-value mark" style="color:${colourOf(colour ?? "text")};font-size:${size}px">${text}</div></div>`;
  })}</div>`;
}

const NARROWEST_COLUMN = 150;

/** Rows, as many as fit; columns without a width share what the others leave, and what is too wide is beyond the edge. */
export function table(shown: readonly Shown[], area: Area): Markup {
  const fields = shown.filter((field) => !isHidden(field));
  const count = fields[0]?.values.length ?? 0;
  const fit = Math.max(1, Math.floor((area.height - 34) / 30));
  const fixed = fields.map(({ custom }) => Number(custom["width"] ?? 0));
  const left = area.width - fixed.reduce((sum, width) => sum + width, 0);
  const share = Math.max(NARROWEST_COLUMN, left / Math.max(1, fixed.filter((width) => width === 0).length));
  const widths = fixed.map((width) => width || share);
  const edges = widths.map((_, index) => widths.slice(0, index + 1).reduce((sum, width) => sum + width, 0));
  const beyond = fields.filter((_, index) => (edges[index] ?? 0) > area.width + 1).map(({ title }) => title);
  const rows = Array.from({ length: Math.min(count, fit) }, (_, row) =>
    fields.map((field) => {
      const { text, colour } = display(field.values[row], field);
      const isLink = (field.settings.links ?? []).length > 0;
      return html`<td class="${field.kind === "number" ? "number" : ""}${isLink ? " link" : ""} mark" style="${colour === null || colour === "transparent" ? "" : `color:${colourOf(colour)}`}">${shorten(text, 160)}</td>`;
    }),
  );
  const notes = [
    ...(count > fit ? [`${fit} of ${count} rows`] : []),
    ...(beyond.length > 0 ? [`beyond the edge: ${beyond.join(", ")}`] : []),
  ];
  return html`<table style="width:${Math.round(edges.at(-1) ?? 0)}px"><colgroup>${widths.map((width) => html`<col style="width:${Math.round(width)}px">`)}</colgroup><thead><tr>${fields.map((field) => html`<th class="${field.kind === "number" ? "number" : ""}">${field.title}</th>`)}</tr></thead><tbody>${rows.map((cells) => html`<tr>${cells}</tr>`)}</tbody></table>${notes.length > 0 ? html`<div class="more">${notes.join("; ")}</div>` : null}`;
}
