import type { Measurement, MeasurementStatus } from "../model/measurement.ts";
import type { MetricFamily } from "../model/metric.ts";
import type { Millis } from "../model/time.ts";
import { FAMILIES, MEASUREMENT_COLUMNS, measurementOf, OF_FAMILY, type MeasurementRow } from "./measurements.ts";
import type { QueryParams, Store } from "./store.ts";

export type MeasurementPageFilter = {
  readonly model: string;
  readonly family: MetricFamily;
  readonly version?: string | undefined;
  readonly subject?: string | undefined;
  readonly feature?: string | undefined;
  readonly metric?: string | undefined;
  readonly baseline?: string | undefined;
  /** One segment, or `each`. Absent: all rows together. */
  readonly segment?: string | undefined;
  readonly status?: MeasurementStatus | undefined;
  /** Windows that begin at `from` or later. */
  readonly from?: Millis | undefined;
  /** Windows that end at `to` or earlier. */
  readonly to?: Millis | undefined;
  readonly windowMs?: Millis | undefined;
};

/** Where a measurement stands among all of its model: what a page begins after. */
export type MeasurementPlace = readonly [
  to: number,
  from: number,
  metric: string,
  baseline: string,
  version: string,
  segment: string,
  subject: string,
  feature: string,
];

export function measurementPlace(m: Measurement): MeasurementPlace {
  return [m.to, m.from, m.metric, m.baseline ?? "", m.version, m.segment ?? "", m.subject, m.feature ?? ""];
}

/** Stored measurements in pages, newest window first; each measurement stands on one page, whatever arrives meanwhile. */
export async function readMeasurementPage(
  store: Store,
  filter: MeasurementPageFilter,
  limit: number,
  after: MeasurementPlace | null,
): Promise<Measurement[]> {
  const conditions = ["m.model = {model:String}", OF_FAMILY];
  const params: Record<string, QueryParams[string]> = { model: filter.model, metrics: FAMILIES[filter.family], limit };
  const where = (condition: string, name: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    params[name] = value;
  };
  where("m.version = {version:String}", "version", filter.version);
  where("m.subject = {subject:String}", "subject", filter.subject);
  where("m.subject = 'feature' AND m.feature = {feature:String}", "feature", filter.feature);
  where("m.metric = {metric:String}", "metric", filter.metric);
  where("m.baseline = {baseline:String}", "baseline", filter.baseline);
  if (filter.segment === "each") conditions.push("m.segment != ''");
  else where("m.segment = {segment:String}", "segment", filter.segment ?? "");
  where("m.status = {status:String}", "status", filter.status);
  where("m.from >= fromUnixTimestamp64Milli({fromMs:Int64})", "fromMs", filter.from);
  where("m.to <= fromUnixTimestamp64Milli({toMs:Int64})", "toMs", filter.to);
  where("toUnixTimestamp64Milli(m.to) - toUnixTimestamp64Milli(m.from) = {windowMs:Int64}", "windowMs", filter.windowMs);
  if (after) {
    const [to, from, metric, baseline, version, segment, subject, feature] = after;
    Object.assign(params, {
      aTo: to,
      aFrom: -from,
      aMetric: metric,
      aBaseline: baseline,
      aVersion: version,
      aSegment: segment,
      aSubject: subject,
      aFeature: feature,
    });
    // The first condition lets the table skip what is newer; the second decides.
    conditions.push(
      "m.to <= fromUnixTimestamp64Milli({aTo:Int64})",
      `(-toUnixTimestamp64Milli(m.to), -toUnixTimestamp64Milli(m.from), toString(m.metric), toString(m.baseline), toString(m.version), toString(m.segment), toString(m.subject), toString(m.feature))
         > (-{aTo:Int64}, {aFrom:Int64}, {aMetric:String}, {aBaseline:String}, {aVersion:String}, {aSegment:String}, {aSubject:String}, {aFeature:String})`,
    );
  }
  const rows = await store.query<MeasurementRow>(
    `SELECT ${MEASUREMENT_COLUMNS} FROM measurements AS m FINAL WHERE ${conditions.join(" AND ")}
     ORDER BY m.to DESC, m.from DESC, m.metric, m.baseline, m.version, m.segment, m.subject, m.feature LIMIT {limit:UInt32}`,
    params,
  );
  return rows.map(measurementOf);
}

/** Which windows and baselines a model was measured with. */
export type MeasuredKind = {
  readonly metric: Measurement["metric"];
  readonly baseline: string | null;
  readonly windowMs: Millis;
  readonly windows: number;
  readonly newest: Millis;
};

export async function readMeasuredKinds(store: Store, model: string): Promise<MeasuredKind[]> {
  const rows = await store.query<{ metric: Measurement["metric"]; baseline: string; length: number; windows: number; newest: number }>(
    `SELECT m.metric AS metric, m.baseline AS baseline, toUnixTimestamp64Milli(m.to) - toUnixTimestamp64Milli(m.from) AS length,
            uniqExact(m.to) AS windows, toUnixTimestamp64Milli(max(m.to)) AS newest
     FROM measurements AS m WHERE m.model = {model:String} GROUP BY metric, baseline, length ORDER BY metric, baseline, length`,
    { model },
  );
  return rows.map((row) => ({
    metric: row.metric,
    baseline: row.baseline || null,
    windowMs: row.length,
    windows: row.windows,
    newest: row.newest,
  }));
}
