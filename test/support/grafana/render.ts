import { html, type Markup } from "../../../src/report/markup.ts";
import type { Answered } from "./ask.ts";
import { barChart, stat, stateTimeline, table, timeSeries, type Area, type Mark } from "./charts.ts";
import { colourOf } from "./colours.ts";
import { layOut, type Dashboard, type Placed } from "./dashboard.ts";
import { frameOf, milliseconds, shownFields, type Frame } from "./fields.ts";
import type { Span } from "./macros.ts";
import { interpolate, type Choices } from "./variables.ts";

/** A dashboard with what it asked and was answered. */
export type Drawn = {
  readonly dashboard: Dashboard;
  readonly choices: Choices;
  readonly span: Span;
  readonly answered: readonly Answered[];
};

const COLUMN = 58;
const ROW = 34;
const GAP = 8;

/** A page with one dashboard on it, laid out as Grafana would. Without script; every value is escaped. */
export function renderDashboard(drawn: Drawn): string {
  const { dashboard, choices, span } = drawn;
  const placed = layOut(dashboard, choices);
  const height = Math.max(...placed.map(({ gridPos }) => gridPos.y + gridPos.h)) * ROW;
  const asked = dashboard.templating.list.filter(({ type }) => type !== "datasource");
  const day = (time: number) => new Date(time).toISOString().slice(0, 16).replace("T", " ");
  const page = html`<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${dashboard.title}</title>${STYLE}</head>
<body><header><h1>${dashboard.title}</h1><span class="range">${day(span.from)} to ${day(span.to)} UTC</span></header>
<div class="variables">${asked.map(({ name, label }) => html`<span><b>${label ?? name}</b> ${[choices[name]?.isAll ? "All" : (choices[name]?.text ?? choices[name]?.value ?? "")].flat().join(" + ")}</span>`)}</div>
<main style="height:${height}px">${placed.map((one) => renderPanel(one, drawn))}</main>
<footer>Drawn by driftwatch's own test renderer from the real queries; Grafana's look differs.</footer></body></html>`;
  return `<!doctype html>\n${page.text}`;
}

function renderPanel(placed: Placed, drawn: Drawn): Markup {
  const { panel, choices } = placed;
  const { x, y, w, h } = placed.gridPos;
  const area = { width: w * COLUMN - GAP - 16, height: h * ROW - GAP - 42 };
  const title = interpolate(panel.title ?? "", choices, drawn.span, "text");
  const body = panel.type === "row" ? { state: "row", content: html`` } : drawing(placed, drawn, area);
  return html`<section class="panel ${panel.type === "row" ? "row" : ""}" data-panel="${panel.id}" data-title="${title}" data-state="${body.state}" style="left:${x * COLUMN}px;top:${y * ROW}px;width:${w * COLUMN - GAP}px;height:${h * ROW - GAP}px"><h2>${title}</h2><div class="body">${body.content}</div></section>`;
}

/** What stands in a panel: something drawn, why there is nothing, or what went wrong. */
function drawing({ panel, gridPos, choices }: Placed, drawn: Drawn, area: Area): { state: "drawn" | "empty" | "error"; content: Markup } {
  try {
    if (panel.type === "text") {
      const content = interpolate(String(panel.options?.["content"] ?? ""), choices, drawn.span, "text");
      return { state: "drawn", content: html`<p class="mark text">${content.replace(/[*_#>]+|\[([^\]]*)\]\([^)]*\)/g, "$1")}</p>` };
    }
    const own = drawn.answered.filter(({ question }) => question.placed?.panel === panel && question.placed.gridPos.y === gridPos.y);
    if (own.length < (panel.targets ?? []).length) throw new Error("One of its queries has no answer.");
    const frames = own.flatMap(({ question, answer }) => (question.target === null ? [] : [frameOf(question.target, answer)]));
    const isNothing = (frame: Frame) =>
      frame.fields.every(({ kind, values }) => kind === "time" || values.every((value) => value === null));
    if (frames.every(isNothing))
      return { state: "empty", content: html`<p class="empty">${panel.fieldConfig?.defaults.noValue ?? "No data"}</p>` };
    const [frame] = frames;
    if (!frame || frames.length > 1) throw new Error("This renderer draws panels with one query.");
    const shown = shownFields(panel, frame, (text) => interpolate(text, choices, drawn.span, "text"));
    const marks = marksOf(drawn);
    switch (panel.type) {
      case "timeseries":
        return { state: "drawn", content: timeSeries(panel, shown, drawn.span, marks, area) };
      case "state-timeline":
        return { state: "drawn", content: stateTimeline(panel, shown, drawn.span, marks, area) };
      case "barchart":
        return { state: "drawn", content: barChart(panel, shown, area) };
      case "stat":
        return { state: "drawn", content: stat(panel, shown, area) };
      case "table":
        return { state: "drawn", content: table(shown, area) };
      default:
        throw new Error(`This renderer draws no ${panel.type}.`);
    }
  } catch (error) {
    return { state: "error", content: html`<p class="error">${error instanceof Error ? error.message : String(error)}</p>` };
  }
}

function marksOf({ answered, dashboard }: Drawn): Mark[] {
  return answered
    .filter(({ question }) => question.kind === "annotation")
    .flatMap(({ question, answer }) => {
      const colour = colourOf(
        dashboard.annotations.list?.find(({ name }) => question.where.endsWith(` annotation ${name}`))?.iconColor ?? "red",
      );
      const at = (name: string) => answer.columns.findIndex((column) => column.name === name);
      const moment = (row: readonly unknown[], name: string) =>
        row[at(name)] === null || row[at(name)] === undefined ? null : milliseconds(row[at(name)]);
      return answer.rows.map((row) => ({
        time: moment(row, "time") ?? 0,
        timeEnd: moment(row, "timeEnd"),
        text: String(row[at("text")]),
        colour,
      }));
    });
}

const STYLE = html`<style>
  * { box-sizing: border-box; }
  body { margin: 0; padding: 16px 20px; width: ${24 * COLUMN + 32}px; background: #eef0f3; color: #24292e; font: 13px "DejaVu Sans", Arial, sans-serif; }
  header { display: flex; align-items: baseline; justify-content: space-between; }
  h1 { font-size: 19px; margin: 0 0 8px; }
  .range { color: #57606a; }
  .variables { margin: 0 0 12px; color: #57606a; display: flex; gap: 8px; flex-wrap: wrap; white-space: nowrap; }
  .variables span { background: #fff; border: 1px solid #d5d9df; border-radius: 3px; padding: 4px 8px; }
  .variables b { color: #2f6fdb; font-weight: normal; margin-right: 6px; }
  main { position: relative; }
  .panel { position: absolute; background: #fff; border: 1px solid #d5d9df; border-radius: 3px; padding: 6px 8px; overflow: hidden; }
  .panel.row { background: none; border: 0; }
  .panel.row h2 { font-size: 15px; }
  h2 { font-size: 13px; font-weight: 600; margin: 0 0 6px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  .body { height: calc(100% - 24px); position: relative; }
  svg { display: block; }
  .grid { stroke: #e4e7eb; }
  .axis, .legend { font-size: 11px; fill: #57606a; }
  .threshold { stroke-dasharray: 8 5; stroke-width: 1.5; }
  .annotation line { stroke-dasharray: 3 3; }
  .annotation-region { fill-opacity: .05; }
  .stats { display: flex; height: 100%; gap: 8px; }
  .stats.stacked { flex-direction: column; }
  .stat { flex: 1; display: flex; flex-direction: column; justify-content: center; align-items: center; border-radius: 3px; }
  .stat-name { color: #57606a; }
  .stat-value { font-weight: 600; white-space: nowrap; }
  table { border-collapse: collapse; table-layout: fixed; }
  th, td { text-align: left; padding: 4px 8px; height: 30px; border-bottom: 1px solid #e9ecf0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  th { color: #2f6fdb; font-weight: 600; }
  .number { text-align: right; }
  .link { text-decoration: underline; text-underline-offset: 3px; text-decoration-color: #9db7e6; }
  .more { position: absolute; right: 4px; bottom: -2px; color: #57606a; background: #fff; padding: 0 4px; }
  .empty { text-align: center; color: #57606a; padding-top: 24px; }
  .error { color: #b3142b; }
  .text { white-space: pre-wrap; margin: 0; }
  footer { color: #57606a; margin-top: 12px; }
</style>`;
