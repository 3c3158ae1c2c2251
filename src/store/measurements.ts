import type { Measurement, MeasurementDetail } from "../model/measurement.ts";
import type { MetricFamily } from "../model/metric.ts";
import { DRIFT_METRICS, METRICS_AT_CUTOFFS, METRICS_AT_THRESHOLDS, PERFORMANCE_METRICS, QUALITY_METRICS } from "../model/metric.ts";
import type { Millis } from "../model/time.ts";
import { dateTimeValue } from "./values.ts";
import type { Store } from "./store.ts";

export async function insertMeasurements(store: Store, measurements: readonly Measurement[], computedAt: Millis): Promise<void> {
  if (measurements.length === 0) return;
  await store.insert(
    "measurements",
    measurements.map((m) => ({
      model: m.model,
      version: m.version,
      segment: m.segment ?? "",
      subject: m.subject,
      feature: m.feature ?? "",
      baseline: m.baseline ?? "",
      metric: m.metric,
      from: dateTimeValue(m.from),
      to: dateTimeValue(m.to),
      value: m.value,
      expected: m.expected,
      p_value: m.pValue,
      ci_low: m.ci?.[0] ?? null,
      ci_high: m.ci?.[1] ?? null,
      rows_reference: m.rows.reference,
      rows_current: m.rows.current,
      labelled: m.labelled,
      status: m.status,
      evidence: m.evidence ?? "",
      revision: m.revision,
      detail: JSON.stringify(m.detail),
      computed_at: dateTimeValue(computedAt),
    })),
  );
}

export type MeasurementFilter = {
  readonly model: string;
  readonly family?: MetricFamily;
  /** What is known by labels alone: performance, and drift of the labels. */
  readonly ofLabels?: true;
  readonly version?: string;
  /** A feature's name, `prediction`, `score`, `label` or `performance`. */
  readonly subject?: string;
  readonly metric?: string;
  readonly baseline?: string;
  /** Of segments as well. Absent: of all rows together. */
  readonly segments?: "each";
  /** Windows that end after `after` and not after `upTo`. */
  readonly after?: Millis;
  readonly upTo?: Millis;
  /** Windows that end at one of these. */
  readonly endsAt?: readonly Millis[];
  readonly windowMs?: Millis;
  readonly limit?: number;
  readonly newestFirst?: boolean;
};

export type MeasurementRow = {
  model: string;
  version: string;
  segment: string;
  subject: Measurement["subject"];
  feature: string;
  baseline: string;
  metric: Measurement["metric"];
  from_ms: number;
  to_ms: number;
  value: number | null;
  expected: number | null;
  p_value: number | null;
  ci_low: number | null;
  ci_high: number | null;
  rows_reference: number;
  rows_current: number;
  labelled: number | null;
  status: Measurement["status"];
  evidence: "" | NonNullable<Measurement["evidence"]>;
  revision: number;
  detail: string;
};

export const MEASUREMENT_COLUMNS = `m.model AS model, m.version AS version, m.segment AS segment, m.subject AS subject, m.feature AS feature, m.baseline AS baseline, m.metric AS metric,
  toUnixTimestamp64Milli(m.from) AS from_ms, toUnixTimestamp64Milli(m.to) AS to_ms, m.value AS value, m.expected AS expected, m.p_value AS p_value,
  m.ci_low AS ci_low, m.ci_high AS ci_high, m.rows_reference AS rows_reference, m.rows_current AS rows_current, m.labelled AS labelled,
  m.status AS status, m.evidence AS evidence, m.revision AS revision, m.detail AS detail`;

export const FAMILIES: Readonly<Record<MetricFamily, readonly string[]>> = {
  drift: DRIFT_METRICS,
  quality: QUALITY_METRICS,
  performance: [...PERFORMANCE_METRICS, ...METRICS_AT_THRESHOLDS, ...METRICS_AT_CUTOFFS],
};

/** Whether a metric, whatever its threshold or number of items, is of the family. */
export const OF_FAMILY = "substringIndex(m.metric, '@', 1) IN {metrics:Array(String)}";

/** Stored measurements, the newest revision of each; by window, oldest first unless asked otherwise. */
export async function readMeasurements(store: Store, filter: MeasurementFilter): Promise<Measurement[]> {
  const conditions = ["m.model = {model:String}"];
  if (filter.segments === undefined) conditions.push("m.segment = ''");
  if (filter.family) conditions.push(OF_FAMILY);
  if (filter.ofLabels) conditions.push("m.subject IN ('performance', 'label')");
  if (filter.version !== undefined) conditions.push("m.version = {version:String}");
  if (filter.subject !== undefined) conditions.push("if(m.subject = 'feature', m.feature, m.subject) = {subject:String}");
  if (filter.metric !== undefined) conditions.push("m.metric = {metric:String}");
  if (filter.baseline !== undefined) conditions.push("m.baseline = {baseline:String}");
  if (filter.after !== undefined) conditions.push("m.to > fromUnixTimestamp64Milli({after:Int64})");
  if (filter.upTo !== undefined) conditions.push("m.to <= fromUnixTimestamp64Milli({upTo:Int64})");
  if (filter.endsAt !== undefined) conditions.push("toUnixTimestamp64Milli(m.to) IN {endsAt:Array(Int64)}");
  if (filter.windowMs !== undefined) conditions.push("toUnixTimestamp64Milli(m.to) - toUnixTimestamp64Milli(m.from) = {windowMs:Int64}");
  const direction = filter.newestFirst ? "DESC" : "ASC";
  const rows = await store.query<MeasurementRow>(
    `SELECT ${MEASUREMENT_COLUMNS}
     FROM measurements AS m FINAL
     WHERE ${conditions.join(" AND ")}
     ORDER BY m.to ${direction}, m.from ${direction}, m.metric, m.baseline, m.version, m.subject, m.feature
     LIMIT {limit:UInt32}`,
    {
      model: filter.model,
      metrics: filter.family ? FAMILIES[filter.family] : [],
      version: filter.version ?? "",
      subject: filter.subject ?? "",
      metric: filter.metric ?? "",
      baseline: filter.baseline ?? "",
      after: filter.after ?? 0,
      upTo: filter.upTo ?? 0,
      endsAt: filter.endsAt ?? [],
      windowMs: filter.windowMs ?? 0,
      limit: filter.limit ?? 100_000,
    },
  );
  return rows.map(measurementOf);
}

export function measurementOf(row: MeasurementRow): Measurement {
  return {
    model: row.model,
    version: row.version,
    segment: row.segment || null,
    subject: row.subject,
    feature: row.feature || null,
    baseline: row.baseline || null,
    metric: row.metric,
    from: row.from_ms,
    to: row.to_ms,
    value: row.value,
    expected: row.expected,
    pValue: row.p_value,
    ci: row.ci_low === null || row.ci_high === null ? null : [row.ci_low, row.ci_high],
    rows: { reference: row.rows_reference, current: row.rows_current },
    labelled: row.labelled,
    status: row.status,
    evidence: row.evidence || null,
    revision: row.revision,
    detail: JSON.parse(row.detail) as MeasurementDetail,
  };
}
