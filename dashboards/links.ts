import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { DashboardLinkBuilder, DashboardLinkType, type DashboardLink } from "@grafana/grafana-foundation-sdk/dashboard";

export const UIDS = { fleet: "driftwatch-fleet", model: "driftwatch-model", pipeline: "driftwatch-pipeline" } as const;

/** A link in a panel: of a field, a cell or a series. */
export type DataLink = { readonly title: string; readonly url: string; readonly targetBlank: boolean };

/** The column of the row that was clicked, as a part of an address. */
const column = (name: string): string => `\${__data.fields.${name}:percentencode}`;

/** To the model dashboard; the row has `model_value`, `version_value`, and the range as `from_ms` and `to_ms`. */
export const toModel: DataLink = {
  title: "Open this version",
  url: `/d/${UIDS.model}?\${datasource:queryparam}&\${driftwatch_url:queryparam}&var-model=${column("model_value")}&var-version=${column("version_value")}&from=${column("from_ms")}&to=${column("to_ms")}`,
  targetBlank: false,
};

/** To the page that explains an alert; the row has `alert_id`. */
export const toAlert: DataLink = {
  title: "Why it fired",
  url: `\${driftwatch_url:raw}/alerts/${column("alert_id")}`,
  targetBlank: true,
};

/** Names are encoded already where variables hold them. */
const MODEL_PAGE = "${driftwatch_url:raw}/models/${model:raw}";

/** To a subject's two distributions in one window; the row has `page`, `window_end` and `baseline`. Its page is encoded by the query. */
export const toSubject: DataLink = {
  title: "Then and now",
  url: `${MODEL_PAGE}/\${__data.fields.page:raw}version=\${version:raw}&baseline=${column("baseline")}&to=${column("window_end")}`,
  targetBlank: true,
};

/** To a subject's page, from a series that carries `page` as a label. */
export const seriesToSubject: DataLink = {
  title: "Then and now",
  url: `${MODEL_PAGE}/\${__field.labels.page:raw}version=\${version:raw}&baseline=\${baseline:raw}`,
  targetBlank: true,
};

/** At the top of a dashboard, to another of ours. */
export function toDashboard(title: string, uid: string, tooltip: string): Builder<DashboardLink> {
  return topLink(title, `/d/${uid}?\${datasource:queryparam}&\${driftwatch_url:queryparam}`, tooltip, "dashboard", false);
}

/** At the top of a dashboard, to the pages driftwatch serves itself. */
export function toPages(title: string, page: "home" | "model", tooltip: string): Builder<DashboardLink> {
  return topLink(title, page === "home" ? "${driftwatch_url:raw}/" : MODEL_PAGE, tooltip, "external link", true);
}

function topLink(title: string, url: string, tooltip: string, icon: string, isExternal: boolean): Builder<DashboardLink> {
  const link = new DashboardLinkBuilder(title)
    .type(DashboardLinkType.Link)
    .url(url)
    .tooltip(tooltip)
    .icon(icon)
    .targetBlank(isExternal)
    .keepTime(!isExternal);
  return {
    build: () => {
      // The SDK hides links in a menu unless told otherwise, and has no word for otherwise.
      const { placement: _, ...shown } = link.build();
      return shown;
    },
  };
}
