import { PanelBuilder as BarChartBuilder } from "@grafana/grafana-foundation-sdk/barchart";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  AxisPlacement,
  BarAlignment,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizOrientation,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  FieldColorBuilder,
  FieldColorModeId,
  type DynamicConfigValue,
  type FieldConfigSource,
  type Panel,
  type ThresholdsConfig,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as StateTimelineBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { DATASOURCE, seriesQuery, tableQuery } from "./clickhouse.ts";
import type { DataLink } from "./links.ts";
import { COLOURS, steps } from "./words.ts";

/** What every panel has: `description` says what it shows, what is normal and what to do, `empty` why nothing may be there. */
export type PanelText = {
  readonly title: string;
  readonly description: string;
  readonly empty: string;
  /** In columns of 24 and rows of the grid. */
  readonly size: readonly [width: number, height: number];
};

type Override = FieldConfigSource["overrides"][number];

/** Times of windows, which are whole minutes. */
export const MINUTES = "time:YYYY-MM-DD HH:mm";

/** How many steps a chart of counts and rates has at most: days from four weeks on, since half days would draw every night. */
export const FEW_STEPS = 28;

/** A field of a query, by name. */
export function field(name: string, properties: Readonly<Record<string, unknown>>): Override {
  return {
    matcher: { id: "byName", options: name },
    properties: Object.entries(properties).map(([id, value]): DynamicConfigValue => ({ id, value })),
  };
}

/** Series whose names end so, in one colour. */
export function seriesEndingIn(end: string, colour: string): Override {
  return { matcher: { id: "byRegexp", options: `/${end}$/` }, properties: [{ id: "color", value: { mode: "fixed", fixedColor: colour } }] };
}

/** A column of a table, under its own title. */
export function column(
  name: string,
  looks: {
    readonly title?: string;
    readonly unit?: string;
    readonly decimals?: number;
    readonly width?: number;
    readonly wraps?: boolean;
    readonly mappings?: readonly ValueMapping[];
    readonly thresholds?: Builder<ThresholdsConfig>;
    readonly link?: DataLink;
  },
): Override {
  const isColoured = looks.mappings !== undefined || looks.thresholds !== undefined;
  return field(name, {
    ...(looks.title === undefined ? {} : { displayName: looks.title }),
    ...(looks.unit === undefined ? {} : { unit: looks.unit }),
    ...(looks.decimals === undefined ? {} : { decimals: looks.decimals }),
    ...(looks.mappings === undefined ? {} : { mappings: looks.mappings }),
    ...(looks.thresholds === undefined ? {} : { thresholds: looks.thresholds.build() }),
    ...(isColoured ? { "custom.cellOptions": { type: "color-text" } } : {}),
    ...(looks.wraps ? { "custom.cellOptions": { type: "auto", wrapText: true } } : {}),
    ...(looks.width === undefined ? {} : { "custom.width": looks.width }),
    ...(looks.link === undefined ? {} : { links: [looks.link] }),
  });
}

/** Columns that only links read. Grafana 12.2 renamed the setting; what it does not know it leaves alone. */
export function hidden(...names: readonly string[]): Override[] {
  return names.map((name) => field(name, { "custom.hidden": true, "custom.hideFrom.viz": true }));
}

/** What the builders of all kinds of panels have. */
interface AnyPanel extends Builder<Panel> {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: typeof DATASOURCE): this;
  span(width: number): this;
  height(height: number): this;
  withTarget(query: ReturnType<typeof tableQuery>): this;
  unit(unit: string): this;
  noValue(text: string): this;
}

/** A panel with its texts, its size and its query. */
function framed<Kind extends AnyPanel>(panel: Kind, text: PanelText, query: ReturnType<typeof tableQuery>, unit = "none"): Kind {
  return panel
    .title(text.title)
    .description(text.description)
    .datasource(DATASOURCE)
    .span(text.size[0])
    .height(text.size[1])
    .withTarget(query)
    .unit(unit)
    .noValue(text.empty);
}

/** Rows; empty cells hold a dash, an empty table says why. */
export function tablePanel(
  text: PanelText & { readonly sql: string; readonly columns: readonly Override[]; readonly unit?: string },
): Builder<Panel> {
  return framed(new TableBuilder(), text, tableQuery(text.sql), text.unit).overrides([
    { matcher: { id: "byRegexp", options: "/.*/" }, properties: [{ id: "noValue", value: "–" }] },
    ...text.columns,
  ]);
}

/** A number or a few, large: side by side, or one below the other. */
export function statPanel(
  text: PanelText & { readonly sql: string; readonly unit: string; readonly isList?: boolean; readonly fields: readonly Override[] },
): Builder<Panel> {
  return framed(new StatBuilder(), text, tableQuery(text.sql), text.unit)
    .thresholds(steps(COLOURS.plain))
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .textMode(BigValueTextMode.ValueAndName)
    .orientation(text.isList ? VizOrientation.Horizontal : VizOrientation.Vertical)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields("/.*/").values(false))
    .overrides([...text.fields]);
}

/** What series are called: by the one label that all queries of series here have. */
const SERIES_NAME = "${__field.labels.series}";

/** Something over time, one for each `series` of the query, or one for each number where there is none. */
type OverTime = PanelText & {
  readonly sql: string;
  readonly unit: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** The least stretch one point stands for, such as `1h` where the data has one row an hour. */
  readonly interval?: string;
  /** The most points there are. */
  readonly points?: number;
  readonly isNamed: boolean;
  readonly fields?: readonly Override[];
};

/** Lines over time. */
export function linesPanel(text: OverTime & { readonly thresholds?: Builder<ThresholdsConfig> }): TimeSeriesBuilder {
  const panel = overTime(text)
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(2)
    .fillOpacity(0)
    .showPoints(VisibilityMode.Auto)
    .pointSize(5)
    .spanNulls(false);
  if (text.thresholds !== undefined) panel.thresholds(text.thresholds);
  return panel;
}

/** Bars over time, on top of each other. */
export function barsPanel(text: Omit<OverTime, "decimals" | "min" | "max" | "points">): Builder<Panel> {
  return overTime({ ...text, min: 0, points: FEW_STEPS })
    .drawStyle(GraphDrawStyle.Bars)
    .barAlignment(BarAlignment.After)
    .lineWidth(0)
    .fillOpacity(80)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"));
}

function overTime(text: OverTime): TimeSeriesBuilder {
  const panel = framed(new TimeSeriesBuilder(), text, seriesQuery(text.sql), text.unit)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .overrides([...(text.fields ?? [])]);
  if (text.decimals !== undefined) panel.decimals(text.decimals);
  if (text.min !== undefined) panel.min(text.min);
  if (text.max !== undefined) panel.max(text.max);
  if (text.interval !== undefined) panel.interval(text.interval);
  if (text.points !== undefined) panel.maxDataPoints(text.points);
  if (text.isNamed) panel.displayName(SERIES_NAME);
  return panel;
}

/**
 * A row of coloured cells for each `series`, in order of its `place` (rows are sorted by their labels, the first one
 * first). The query ends each cell with a null where the next does not begin. `states` say what a number means; those
 * that occur are the key.
 */
export function heatPanel(
  text: PanelText & {
    readonly sql: string;
    readonly states: readonly ValueMapping[];
    readonly link: DataLink;
    readonly rowsShown: number;
  },
): Builder<Panel> {
  return (
    framed(new StateTimelineBuilder(), text, seriesQuery(text.sql))
      .displayName(SERIES_NAME)
      .mappings([...text.states])
      // With more than one step the key would be of steps, not of states.
      .thresholds(steps(COLOURS.plain))
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
      .overrides([
        {
          matcher: { id: "byType", options: "number" },
          properties: [
            { id: "links", value: [text.link] },
            // The key would name the nulls after the reason for an empty panel.
            { id: "noValue", value: "" },
          ],
        },
      ])
      .mergeValues(false)
      .showValue(VisibilityMode.Never)
      .rowHeight(0.85)
      .perPage(text.rowsShown)
      .lineWidth(0)
      .fillOpacity(90)
      .spanNulls(false)
      .legend(legend())
      .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single).sort(SortOrder.None))
  );
}

/** Bars side by side for each value of the text column `x`. */
export function comparisonPanel(
  text: PanelText & { readonly sql: string; readonly unit: string; readonly x: string; readonly fields: readonly Override[] },
): Builder<Panel> {
  return framed(new BarChartBuilder(), text, tableQuery(text.sql), text.unit)
    .xField(text.x)
    .xTickLabelSpacing(100)
    .xTickLabelMaxLength(16)
    .showValue(VisibilityMode.Never)
    .stacking(StackingMode.None)
    .groupWidth(0.85)
    .barWidth(1)
    .lineWidth(0)
    .fillOpacity(75)
    .axisPlacement(AxisPlacement.Auto)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.None))
    .overrides([...text.fields]);
}

function legend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder().showLegend(true).displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom);
}
