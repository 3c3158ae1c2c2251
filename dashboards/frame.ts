import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  TextBoxVariableBuilder,
  type Dashboard,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PLUGIN } from "./clickhouse.ts";

/** What all dashboards share: where the data is, times as driftwatch tells them, one crosshair. */
export function newDashboard(about: {
  readonly title: string;
  readonly uid: string;
  readonly description: string;
  readonly from: string;
  readonly refresh: string;
}): DashboardBuilder {
  return new DashboardBuilder(about.title)
    .uid(about.uid)
    .description(about.description)
    .tags(["driftwatch"])
    .timezone("utc")
    .time({ from: about.from, to: "now" })
    .refresh(about.refresh)
    .tooltip(DashboardCursorSync.Crosshair)
    .annotations([])
    .withVariable(
      new DatasourceVariableBuilder("datasource")
        .label("Data source")
        .description("The ClickHouse that driftwatch stores in.")
        .type(PLUGIN),
    );
}

/** Where the built-in pages are: every dashboard's last variable. */
export function pagesVariable(): TextBoxVariableBuilder {
  const url = "http://localhost:8080";
  return new TextBoxVariableBuilder("driftwatch_url")
    .label("driftwatch at")
    .description("The address of the driftwatch daemon as your browser reaches it, without a slash at the end. Links lead there.")
    .defaultValue(url)
    .current({ text: url, value: url });
}

/** The dashboard with numbers for its panels: links and alerts name panels by them. */
export function finished(builder: DashboardBuilder): Dashboard {
  const dashboard = builder.build();
  return { ...dashboard, panels: (dashboard.panels ?? []).map((panel, index) => ({ ...panel, id: index + 1 })) };
}
