import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";

export const PLUGIN = "grafana-clickhouse-datasource";

/** What this version of the plugin expands and reads is what the queries are written for. */
const PLUGIN_VERSION = "4.20.0";

/** Whatever ClickHouse the person chose at the top of the dashboard. */
export const DATASOURCE: DataSourceRef = { type: PLUGIN, uid: "${datasource}" };

/** As the plugin saves a query that was written by hand; its numbers for formats are its own. */
export type ClickhouseQuery = Dataquery & {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly pluginVersion: string;
  readonly editorType: "sql";
  readonly queryType: "timeseries" | "table";
  readonly format: 0 | 1;
  readonly rawSql: string;
};

/** Points over time: a time first, then names of series if there are several, then numbers; in ascending order of time. */
export function seriesQuery(sql: string): Builder<ClickhouseQuery> {
  return query("timeseries", sql);
}

/** Rows as they come. */
export function tableQuery(sql: string): Builder<ClickhouseQuery> {
  return query("table", sql);
}

function query(queryType: ClickhouseQuery["queryType"], sql: string): Builder<ClickhouseQuery> {
  return {
    build: () => ({
      refId: "A",
      datasource: DATASOURCE,
      pluginVersion: PLUGIN_VERSION,
      editorType: "sql",
      queryType,
      format: queryType === "timeseries" ? 0 : 1,
      rawSql: dedent(sql),
      // How the SDK tells its queries apart; JSON leaves it out.
      _implementsDataqueryVariant() {},
    }),
  };
}

/** What the plugin saves for the query of a variable. */
export function variableQuery(sql: string): { refId: string; queryType: string; rawSql: string } {
  return { refId: "var", queryType: "sql", rawSql: dedent(sql) };
}

/**
 * A name as the value of a variable, percent-encoded: whatever an event called its version, it leaves no literal it is
 * put into and looks like no macro. Ordinary names stay as they are.
 */
export const asValue = (column: string): string => `encodeURLComponent(${column})`;

/** The name that a variable holds. */
export const chosenName = (variable: string): string => `decodeURLComponent(${chosen(variable)})`;

/** Whether a column is among the names that a variable holds. */
export const isChosen = (column: string, variable: string): string => `${asValue(column)} IN (${chosen(variable)})`;

/** The value of a variable that holds no names, as text in SQL. */
export const chosen = (variable: string): string => `\${${variable}:singlequote}`;

/** Where on the built-in pages a subject is shown: what stands between the model's address and the parameters. */
export const SUBJECT_PAGE = `multiIf(subject != 'feature', concat('outputs/', subject, '?'), feature IN ('', '.', '..'), concat('features?name=', encodeURLComponent(feature), '&'), concat('features/', encodeURLComponent(feature), '?'))`;

/** A time as a link of Grafana wants it: milliseconds, as text, so that no format is put on them. */
export const linkTime = (time: string): string => `toString(toUnixTimestamp64Milli(toDateTime64(${time}, 3)))`;

/** Versions, each with whether another took over: a week without an event, in which the model's newest version had some. */
export const VERSIONS = `(SELECT *, last_seen < max(last_seen) OVER (PARTITION BY model) - INTERVAL 7 DAY AS is_retired FROM v_versions)`;

export const firstSentence = (column: string): string => `replaceRegexpOne(${column}, '[.] [[:upper:]].*', '.')`;

function dedent(text: string): string {
  const lines = text.replace(/^\n+|\s+$/g, "").split("\n");
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents);
  return lines.map((line) => line.slice(indent)).join("\n");
}
