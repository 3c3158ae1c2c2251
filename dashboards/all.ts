import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { fleetDashboard } from "./fleet.ts";
import { modelDashboard } from "./model.ts";
import { pipelineDashboard } from "./pipeline.ts";

/** Every dashboard that ships, by the name of its file. */
export const DASHBOARDS: readonly { readonly file: string; readonly dashboard: Dashboard }[] = [
  { file: "fleet.json", dashboard: fleetDashboard() },
  { file: "model.json", dashboard: modelDashboard() },
  { file: "pipeline.json", dashboard: pipelineDashboard() },
];
