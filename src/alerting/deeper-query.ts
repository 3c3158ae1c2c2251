import type { Measurement } from "../model/measurement.ts";
import { metricFamily } from "../model/metric.ts";
import { formatTime } from "../model/time.ts";

const VIEWS = {
  drift: { view: "v_drift", columns: "time, value, expected, p_value, rows_current, status" },
  quality: { view: "v_quality", columns: "time, value, expected, p_value, rows_current, status" },
  performance: { view: "v_performance", columns: "time, value, baseline_value, p_value, predictions, labelled, status" },
} as const;

/** The SQL that shows how a measurement went before, and since: of the public views, for whoever looks deeper. */
export function deeperQuery({ model, version, segment, subject, feature, baseline, metric, from, to }: Measurement): string {
  const family = metricFamily(metric);
  const { view, columns } = VIEWS[family];
  const conditions = [
    `model = ${literal(model)}`,
    `version = ${literal(version)}`,
    `segment = ${literal(segment ?? "")}`,
    ...(family === "performance" ? [] : [`subject = ${literal(subject)}`, `feature = ${literal(feature ?? "")}`]),
    `baseline = ${literal(baseline ?? "")}`,
    `metric = ${literal(metric)}`,
    `window_seconds = ${(to - from) / 1_000}`,
    `time <= parseDateTimeBestEffort('${formatTime(to)}')`,
  ];
  return `SELECT ${columns} FROM ${view} WHERE ${conditions.join(" AND ")} ORDER BY time DESC LIMIT 30`;
}

/** Text as ClickHouse reads it back, whatever it holds; what is no letter stands as its bytes. */
function literal(text: string): string {
  const escaped = text
    .replace(/[\\']/g, (letter) => `\\${letter}`)
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (letter) =>
      [...Buffer.from(letter)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
    );
  return `'${escaped}'`;
}
