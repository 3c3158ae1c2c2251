import type { ModelSettings } from "../model/settings.ts";
import type { Millis } from "../model/time.ts";
import { html } from "../report/markup.ts";
import { count, span } from "../report/words.ts";
import { readMeasurements } from "../store/measurements.ts";
import type { PageDependencies } from "./dependencies.ts";
import { modelHref } from "./links.ts";
import type { Shown } from "./pages.ts";
import { statistics } from "./subject-page.ts";

/** A model's rows as such in one window: unknown features, ids used twice, how many came. */
export async function trafficPage(
  { store }: PageDependencies,
  model: ModelSettings,
  chosen: { version: string | undefined; to: Millis | null; baseline: string | undefined },
): Promise<Shown | null> {
  const found = (await readMeasurements(store, { model: model.name, subject: "traffic", newestFirst: true, limit: 20_000 })).filter(
    (m) =>
      m.subject === "traffic" &&
      (chosen.version === undefined || m.version === chosen.version) &&
      (chosen.baseline === undefined || m.baseline === chosen.baseline),
  );
  const newest = found.find((m) => chosen.to === null || m.to === chosen.to);
  if (!newest) return null;
  const here = found.filter(
    (m) => m.to === newest.to && m.from === newest.from && m.version === newest.version && m.baseline === newest.baseline,
  );
  const unknown = here.flatMap((m) => m.detail.unknown ?? []);
  const body = html`<h1>Rows of ${model.name}</h1><p class="lead">Version ${newest.version}, ${span(newest)}, against ${newest.baseline}.</p>
<div class="card">${statistics(here)}</div>
${unknown.length === 0 ? null : html`<h2>Features that no baseline knows</h2><div class="card"><ul>${unknown.map((one) => html`<li>${one.feature}, in ${count(one.rows)} rows</li>`)}</ul></div>`}`;
  return { title: `Rows of ${model.name}`, crumbs: [{ href: modelHref(model.name), text: model.name }], body };
}
