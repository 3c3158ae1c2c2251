import type { Measurement, MeasurementDetail } from "../model/measurement.ts";
import type { ServiceMetric } from "../model/metric.ts";
import { formatDuration } from "../model/time.ts";
import { latencyOfBin, type Traffic } from "../model/traffic.ts";
import { binnedQuantile } from "../stats/binned-quantile.ts";
import { countEvidence } from "../stats/count-evidence.ts";
import { levelEvidence } from "../stats/level-evidence.ts";
import { LEAST_WINDOWS } from "../stats/window-evidence.ts";
import { LEAST_ROWS } from "./enough-rows.ts";
import type { Compared, TrafficWindow } from "./measure-traffic.ts";
import { measurement } from "./subject-window.ts";

const QUANTILES = [
  ["latency_p50", 0.5],
  ["latency_p95", 0.95],
  ["latency_p99", 0.99],
] as const;
const MICROSECONDS = 1_000;

/**
 * How one version serves: the share of requests that failed, and how long answers took, beside the windows of a stretch of live
 * events that are like this one. Failures and slowness come in bursts, so the windows say what is usual, never single rows.
 */
export function measureService(
  subject: TrafficWindow,
  windows: Compared,
  like: NonNullable<MeasurementDetail["usual"]>["like"],
): Measurement[] {
  const { current } = subject;
  const enough = windows.filter(({ traffic }) => traffic.rows >= LEAST_ROWS);
  const answer = (metric: ServiceMetric, rows: Measurement["rows"], found: Parameters<typeof measurement>[4] | null): Measurement => {
    const few = rows.current < LEAST_ROWS;
    const note = few
      ? { detail: {} }
      : {
          detail: {
            note: `There are fewer than ${LEAST_WINDOWS} windows of ${formatDuration(subject.window.to - subject.window.from)} to compare with.`,
          },
        };
    const status = rows.current === 0 ? "no_data" : found === null || few ? "insufficient" : "ok";
    return measurement(
      { ...subject, segment: null, key: { subject: "traffic" } },
      metric,
      rows,
      status,
      status === "ok" && found ? found : note,
    );
  };
  const requests = { reference: enough.reduce((sum, { traffic }) => sum + traffic.rows, 0), current: current.rows };
  // As if every window had as many requests as this one: what is compared is the number that failed.
  const failures = countEvidence(
    current.errors,
    enough.map(({ traffic }) => (traffic.errors / traffic.rows) * current.rows),
  );
  const usual = (level: number, count: number) => ({ nullWindows: count, usual: { level, windows: count, like } });
  const failed = failures && {
    value: current.errors / current.rows,
    expected: enough.reduce((sum, { traffic }) => sum + traffic.errors / traffic.rows, 0) / enough.length,
    pValue: failures.pHigher,
    evidence: "baseline_windows" as const,
    detail: { hits: current.errors, ...usual(failures.usual / current.rows, enough.length) },
  };
  return [answer("error_rate", requests, failed), ...measureLatency(current, windows, usual, answer)];
}

function measureLatency(
  current: Traffic,
  windows: Compared,
  usual: (level: number, count: number) => MeasurementDetail,
  answer: (metric: ServiceMetric, rows: Measurement["rows"], found: Parameters<typeof measurement>[4] | null) => Measurement,
): Measurement[] {
  const timed = ({ latencies }: Traffic) => [...latencies.values()].reduce((sum, count) => sum + count, 0);
  const rows = timed(current);
  // A service that says nothing of its latencies has none to be judged.
  if (rows === 0) return [];
  const enough = windows.filter(({ traffic }) => timed(traffic) >= LEAST_ROWS);
  const counts = { reference: enough.reduce((sum, { traffic }) => sum + timed(traffic), 0), current: rows };
  const found = QUANTILES.map(([metric, share]) => {
    const now = binnedQuantile(current.latencies, share, 0.95);
    const levels = enough.map(({ traffic }) => latencyOfBin(binnedQuantile(traffic.latencies, share, 0.95)?.bin ?? 0));
    const value = latencyOfBin(now?.bin ?? 0);
    // In microseconds, as they are counted: the half that is added to a level is nothing beside it.
    const evidence = levelEvidence(
      value * MICROSECONDS,
      levels.map((level) => level * MICROSECONDS),
    );
    if (now === null || evidence === null) return { metric, answer: null, ratio: null };
    const level = evidence.usual / MICROSECONDS;
    const shared = { pValue: evidence.pHigher, evidence: "baseline_windows" as const, detail: usual(level, enough.length) };
    const expected = levels.reduce((sum, one) => sum + one, 0) / levels.length;
    const ci = [latencyOfBin(now.low), latencyOfBin(now.high)] as const;
    const mean = levels.reduce((sum, one) => sum + Math.max(0, one / level - 1), 0) / levels.length;
    return {
      metric,
      answer: { value, expected, ci, ...shared },
      ratio: { value: Math.max(0, value / level - 1), expected: mean, ...shared },
    };
  });
  const slower = found.find(({ metric }) => metric === "latency_p95")?.ratio ?? null;
  return [
    ...found.map((one) => {
      const { ci = null, ...rest } = one.answer ?? {};
      return { ...answer(one.metric, counts, one.answer && rest), ci: one.answer === null ? null : ci };
    }),
    answer("latency_rise", counts, slower),
  ];
}
