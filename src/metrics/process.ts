import { collectDefaultMetrics, type Registry } from "prom-client";
import { registerGauge } from "./kept-elsewhere.ts";

/** Gauges of the library whose names end like counters; what they show is of no use to who runs the daemon. */
const MISNAMED = ["nodejs_active_resources_total", "nodejs_active_handles_total", "nodejs_active_requests_total"];

/** The process itself: memory, processor time, garbage collection, how late the event loop runs, and which build it is. */
export function registerProcess(registry: Registry, version: string): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  registerGauge(
    registry,
    { name: "driftwatch_build_info", help: "Always 1. The label says which version runs.", labels: ["version"] },
    () => [{ labels: { version }, value: 1 }],
  );
}
