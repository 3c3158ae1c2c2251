import { Counter, Histogram, type Registry } from "prom-client";
import { SECOND, type Millis } from "../model/time.ts";
import { registerGauge } from "./kept-elsewhere.ts";

export type TickMeters = {
  /** Told of every pass, when it has ended. `at` is then. */
  ended(pass: { readonly duration: Millis; readonly ok: boolean; readonly at: Millis }): void;
  /** Told of every part of a pass that is done and stored, whatever becomes of the rest. */
  done(part: { readonly bucketsCounted: number; readonly windowsMeasured: number; readonly measurements: number }): void;
};

export function registerTicks(registry: Registry): TickMeters {
  const counter = (name: string, help: string, labelNames: string[] = []) => new Counter({ name, help, labelNames, registers: [registry] });
  const ticks = counter("driftwatch_ticks_total", "Monitoring passes over all models, by outcome: ok or failed.", ["outcome"]);
  for (const outcome of ["ok", "failed"]) ticks.inc({ outcome }, 0);
  const duration = new Histogram({
    name: "driftwatch_tick_duration_seconds",
    help: "How long monitoring passes took, failed ones included.",
    buckets: [0.01, 0.05, 0.25, 1, 5, 15, 60, 300],
    registers: [registry],
  });
  const buckets = counter(
    "driftwatch_buckets_counted_total",
    "Buckets whose counts were brought up to date. Features and outcomes of a bucket count separately.",
  );
  const windows = counter("driftwatch_windows_measured_total", "Windows that were measured, revisions included.");
  const measurements = counter("driftwatch_measurements_written_total", "Measurements that were stored, because they are new or changed.");
  let lastSuccess: Millis | null = null;
  registerGauge(
    registry,
    {
      name: "driftwatch_last_successful_tick_timestamp_seconds",
      help: "When the last monitoring pass without a failure ended. Absent before the first.",
    },
    () => (lastSuccess === null ? [] : [{ value: lastSuccess / SECOND }]),
  );

  return {
    ended(pass) {
      ticks.inc({ outcome: pass.ok ? "ok" : "failed" });
      duration.observe(pass.duration / SECOND);
      if (pass.ok) lastSuccess = pass.at;
    },
    done(part) {
      buckets.inc(part.bucketsCounted);
      windows.inc(part.windowsMeasured);
      measurements.inc(part.measurements);
    },
  };
}
