import { z } from "zod";

/**
 * The part of Grafana's dashboard model (schema version 42) that our dashboards use, and no more: a key that is not here
 * is a mistake, or something to look up before it is added.
 */

const text = z.string().min(1);
const datasource = z.strictObject({ type: z.literal("grafana-clickhouse-datasource"), uid: z.literal("${datasource}") });

const query = <Type extends string>(queryType: Type, format: number) =>
  z.strictObject({
    refId: z.literal("A"),
    datasource,
    pluginVersion: z.literal("4.20.0"),
    editorType: z.literal("sql"),
    queryType: z.literal(queryType),
    format: z.literal(format),
    rawSql: text,
  });
const seriesQuery = query("timeseries", 0);
const tableQuery = query("table", 1);

const colour = z.enum(["green", "yellow", "orange", "red", "dark-red", "blue", "gray", "text", "rgba(115, 191, 105, 0.3)"]);
const thresholds = z.strictObject({
  mode: z.literal("absolute"),
  steps: z
    .array(z.strictObject({ value: z.number().nullable(), color: colour }))
    .nonempty()
    .refine(
      ([first, ...rest]) =>
        first?.value === null && rest.every(({ value }, index) => value !== null && value > (rest[index - 1]?.value ?? -Infinity)),
      {
        error: "steps begin with null and ascend",
      },
    ),
});
const mappings = z.array(
  z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("value"),
      options: z.record(text, z.strictObject({ text: text.optional(), color: colour, index: z.int() })),
    }),
    z.strictObject({
      type: z.literal("range"),
      // Grafana writes null for no end, and compares it as 0.
      options: z.strictObject({ from: z.number(), to: z.number(), result: z.strictObject({ text, color: colour, index: z.int() }) }),
    }),
  ]),
);
const dataLink = z.strictObject({ title: text, url: text, targetBlank: z.boolean() });

const unit = z.enum(["none", "short", "percentunit", "ms", "sci", "dateTimeAsIso", "time:YYYY-MM-DD HH:mm"]);
const property = z.discriminatedUnion("id", [
  z.strictObject({ id: z.literal("displayName"), value: text }),
  z.strictObject({ id: z.literal("unit"), value: unit }),
  z.strictObject({ id: z.literal("decimals"), value: z.int().min(0) }),
  z.strictObject({ id: z.literal("noValue"), value: z.string() }),
  z.strictObject({ id: z.literal("mappings"), value: mappings }),
  z.strictObject({ id: z.literal("thresholds"), value: thresholds }),
  z.strictObject({ id: z.literal("links"), value: z.array(dataLink).nonempty() }),
  z.strictObject({ id: z.literal("color"), value: z.strictObject({ mode: z.literal("fixed"), fixedColor: colour }) }),
  z.strictObject({ id: z.literal("custom.hidden"), value: z.literal(true) }),
  z.strictObject({ id: z.literal("custom.hideFrom.viz"), value: z.literal(true) }),
  z.strictObject({
    id: z.literal("custom.hideFrom"),
    value: z.strictObject({ legend: z.literal(true), tooltip: z.literal(false), viz: z.literal(false) }),
  }),
  z.strictObject({ id: z.literal("custom.width"), value: z.int().positive() }),
  z.strictObject({
    id: z.literal("custom.cellOptions"),
    value: z.union([
      z.strictObject({ type: z.literal("color-text") }),
      z.strictObject({ type: z.literal("auto"), wrapText: z.literal(true) }),
    ]),
  }),
  z.strictObject({ id: z.literal("custom.lineWidth"), value: z.int() }),
  z.strictObject({ id: z.literal("custom.showPoints"), value: z.enum(["never", "auto"]) }),
  z.strictObject({ id: z.literal("custom.fillBelowTo"), value: text }),
  z.strictObject({ id: z.literal("custom.fillOpacity"), value: z.int() }),
  z.strictObject({
    id: z.literal("custom.lineStyle"),
    value: z.strictObject({ fill: z.literal("dash"), dash: z.tuple([z.number(), z.number()]) }),
  }),
]);
const overrides = z.array(
  z.strictObject({
    matcher: z.strictObject({ id: z.enum(["byName", "byRegexp", "byType"]), options: text }),
    properties: z.array(property).nonempty(),
  }),
);

/** What the settings of every panel's fields hold: a unit, and why there may be nothing. */
const fields = {
  unit,
  noValue: text,
  decimals: z.int().min(0).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  displayName: z.literal("${__field.labels.series}").optional(),
  mappings: mappings.optional(),
  thresholds: thresholds.optional(),
};

const panel = <Type extends string, Defaults extends z.ZodRawShape, Options extends z.ZodRawShape>(
  type: Type,
  target: typeof seriesQuery | typeof tableQuery,
  defaults: Defaults,
  options: Options,
) =>
  z.strictObject({
    type: z.literal(type),
    id: z.int().positive(),
    title: text,
    description: text,
    transparent: z.literal(false),
    repeatDirection: z.literal("h"),
    datasource,
    gridPos: gridPosition,
    interval: z.enum(["1h", "1m"]).optional(),
    maxDataPoints: z.int().positive().optional(),
    targets: z.tuple([target]),
    fieldConfig: z.strictObject({ defaults: z.strictObject({ ...fields, ...defaults }), overrides }),
    options: z.strictObject(options),
  });

const gridPosition = z.strictObject({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1).max(24), h: z.int().min(1) });
const legend = z.strictObject({
  displayMode: z.literal("list"),
  placement: z.literal("bottom"),
  showLegend: z.literal(true),
  calcs: z.tuple([]),
});
const tooltip = z.strictObject({ mode: z.enum(["single", "multi"]), sort: z.enum(["none", "desc"]) });

const timeSeries = panel(
  "timeseries",
  seriesQuery,
  {
    color: z.strictObject({ mode: z.literal("palette-classic-by-name") }),
    custom: z.strictObject({
      drawStyle: z.enum(["line", "bars"]),
      barAlignment: z.literal(1).optional(),
      lineWidth: z.int(),
      fillOpacity: z.int(),
      showPoints: z.literal("auto").optional(),
      pointSize: z.int().optional(),
      spanNulls: z.literal(false).optional(),
      stacking: z.strictObject({ mode: z.literal("normal"), group: z.literal("A") }).optional(),
      thresholdsStyle: z.strictObject({ mode: z.literal("dashed") }).optional(),
    }),
  },
  { legend, tooltip },
);

const stateTimeline = panel(
  "state-timeline",
  seriesQuery,
  {
    color: z.strictObject({ mode: z.literal("thresholds") }),
    custom: z.strictObject({ lineWidth: z.int(), fillOpacity: z.int(), spanNulls: z.literal(false) }),
  },
  {
    showValue: z.literal("never"),
    rowHeight: z.number(),
    mergeValues: z.literal(false),
    alignValue: z.literal("left"),
    perPage: z.int().positive(),
    legend,
    tooltip,
  },
);

const table = panel(
  "table",
  tableQuery,
  { custom: z.strictObject({ align: z.literal("auto"), inspect: z.literal(false) }) },
  {
    frameIndex: z.literal(0),
    showHeader: z.literal(true),
    showTypeIcons: z.literal(false),
    cellHeight: z.literal("sm"),
    footer: z.strictObject({ show: z.literal(false), reducer: z.tuple([]), countRows: z.literal(false) }),
  },
);

const stat = panel(
  "stat",
  tableQuery,
  {},
  {
    graphMode: z.literal("none"),
    colorMode: z.literal("value"),
    justifyMode: z.literal("auto"),
    textMode: z.literal("value_and_name"),
    wideLayout: z.literal(true),
    showPercentChange: z.literal(false),
    percentChangeColorMode: z.literal("standard"),
    orientation: z.enum(["horizontal", "vertical"]),
    reduceOptions: z.strictObject({ calcs: z.tuple([z.literal("lastNotNull")]), fields: z.literal("/.*/"), values: z.literal(false) }),
  },
);

const barChart = panel(
  "barchart",
  tableQuery,
  {
    custom: z.strictObject({
      lineWidth: z.int(),
      fillOpacity: z.int(),
      gradientMode: z.literal("none"),
      axisPlacement: z.literal("auto"),
    }),
  },
  {
    xField: text,
    orientation: z.literal("auto"),
    barRadius: z.literal(0),
    barWidth: z.number(),
    groupWidth: z.number(),
    xTickLabelRotation: z.literal(0),
    xTickLabelMaxLength: z.int(),
    xTickLabelSpacing: z.int(),
    stacking: z.literal("none"),
    showValue: z.literal("never"),
    fullHighlight: z.literal(false),
    legend,
    tooltip,
  },
);

const row = z.strictObject({
  type: z.literal("row"),
  id: z.int().positive(),
  title: text,
  collapsed: z.literal(false),
  panels: z.tuple([]),
  repeat: text.optional(),
  gridPos: gridPosition,
});

/** What the SDK writes for any variable, whatever its kind. */
const variable = {
  name: z.string().regex(/^[a-z_]+$/),
  label: text,
  description: text,
  skipUrlSync: z.literal(false),
  allowCustomValue: z.literal(true),
  multi: z.boolean(),
  includeAll: z.boolean(),
  auto: z.literal(false),
  auto_min: z.literal("10s"),
  auto_count: z.literal(30),
};
const option = z.strictObject({ text, value: text, selected: z.boolean().optional() });
const variables = z.discriminatedUnion("type", [
  z.strictObject({ ...variable, type: z.literal("datasource"), query: z.literal("grafana-clickhouse-datasource") }),
  z.strictObject({ ...variable, type: z.literal("textbox"), query: text, current: option }),
  z.strictObject({ ...variable, type: z.literal("custom"), query: text, options: z.array(option).nonempty(), current: option }),
  z.strictObject({
    ...variable,
    type: z.literal("query"),
    datasource,
    query: z.strictObject({ refId: z.literal("var"), queryType: z.literal("sql"), rawSql: text }),
    definition: text,
    refresh: z.union([z.literal(1), z.literal(2)]),
  }),
]);

const annotation = z.strictObject({
  name: text,
  enable: z.literal(true),
  hide: z.literal(false),
  builtIn: z.literal(0),
  iconColor: colour,
  datasource,
  target: tableQuery,
});

const dashboardLink = z.strictObject({
  title: text,
  type: z.literal("link"),
  icon: z.enum(["dashboard", "external link"]),
  tooltip: text,
  url: text,
  tags: z.tuple([]),
  asDropdown: z.literal(false),
  includeVars: z.literal(false),
  keepTime: z.boolean(),
  targetBlank: z.boolean(),
});

export const dashboardShape = z.strictObject({
  uid: z.string().regex(/^[a-z-]{8,40}$/),
  title: text,
  description: text,
  tags: z.tuple([z.literal("driftwatch")]),
  timezone: z.literal("utc"),
  editable: z.literal(true),
  // One crosshair over all panels.
  graphTooltip: z.literal(1),
  fiscalYearStartMonth: z.literal(0),
  schemaVersion: z.literal(42),
  refresh: z.enum(["1m", "5m"]),
  time: z.strictObject({ from: z.enum(["now-30d", "now-6h"]), to: z.literal("now") }),
  templating: z.strictObject({ list: z.array(variables).nonempty() }),
  annotations: z.strictObject({ list: z.array(annotation) }),
  links: z.array(dashboardLink).nonempty(),
  panels: z.array(z.discriminatedUnion("type", [timeSeries, stateTimeline, table, stat, barChart, row])).nonempty(),
});

export type ShippedDashboard = z.infer<typeof dashboardShape>;
