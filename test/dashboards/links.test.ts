import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DASHBOARDS } from "../../dashboards/all.ts";
import { SUBJECT_PAGE } from "../../dashboards/clickhouse.ts";
import { UIDS } from "../../dashboards/links.ts";
import type { Store } from "../../src/store/store.ts";
import { openTemporaryStore } from "../alerting/examples.ts";
import { apiOver } from "../support/api.ts";
import { expandMacros } from "../support/grafana/macros.ts";
import { seedModel, seedStore, type SeedNames } from "../support/seed.ts";

/** Names with everything that means something in an address. */
const NAMES: SeedNames = {
  model: "a model/with?signs&more=1#x%2F",
  versions: ["1.0 (beta)/é", "2&to=x"],
  numeric: ["a/b?c=d#e%2F%", "..", "it's", "", "score"],
  categorical: ["carrier", "+ &", "."],
  rule: "rule",
};
const PAGES = "http://localhost:8080";

let store: Store;
let remove: () => Promise<void>;
let app: ReturnType<typeof apiOver>["app"];
beforeAll(async () => {
  ({ store, remove } = await openTemporaryStore());
  await seedStore(store, NAMES);
  app = apiOver(store, [seedModel(NAMES)]).app;
});
afterAll(() => remove());

const whole = JSON.stringify(DASHBOARDS);
/** Every link: those of panels and dashboards, and those that an annotation's text holds. */
const urls = [...new Set([...whole.matchAll(/"url":"([^"]+)"/g)].map(([, url = ""]) => url))];
const outward = urls.filter((url) => url.startsWith("${driftwatch_url"));
const inward = urls.filter((url) => !outward.includes(url));

/** The address with its variables and columns filled in, each as its format says. */
function filled(url: string, values: Readonly<Record<string, string>>): string {
  return url.replace(/\$\{([\w.]+):(raw|percentencode|queryparam)\}/g, (match, name: string, format: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The test knows no ${match}.`);
    return format === "raw" ? value : format === "percentencode" ? encodeURIComponent(value) : `var-${name}=${encodeURIComponent(value)}`;
  });
}

describe("links to other dashboards", () => {
  it("name one of ours", () => {
    expect(inward.length).toBeGreaterThan(0);
    for (const url of inward) expect(Object.values(UIDS)).toContain(/^\/d\/([^?]+)/.exec(url)?.[1]);
    expect(new Set(DASHBOARDS.map(({ dashboard }) => dashboard.uid))).toEqual(new Set(Object.values(UIDS)));
  });

  it("set variables that the other has", () => {
    for (const url of inward) {
      const target = DASHBOARDS.find(({ dashboard }) => url.startsWith(`/d/${dashboard.uid}?`));
      const known = target?.dashboard.templating.list?.map(({ name }) => name) ?? [];
      const set = [...url.matchAll(/var-(\w+)=|\$\{(\w+):queryparam\}/g)].map(([, written, whole]) => written ?? whole);
      expect(set.length).toBeGreaterThan(0);
      for (const name of set) expect(known).toContain(name);
    }
  });
});

describe("links to the built-in pages", () => {
  it.each(outward)("%s leads to one, whatever the names are", async (url) => {
    const rows = await store.query<{ model: string; version: string; page: string; name: string }>(
      `SELECT DISTINCT encodeURLComponent(model) AS model, encodeURLComponent(version) AS version, name, ${SUBJECT_PAGE} AS page FROM v_drift`,
    );
    expect(rows.length).toBe(2 * 9);
    for (const { model, version, page, name } of rows) {
      const address = filled(url, {
        driftwatch_url: PAGES,
        model,
        version,
        baseline: "training",
        "__data.fields.alert_id": "a-temp",
        "__data.fields.baseline": "training",
        "__data.fields.window_end": "2013-08-14T00:00:00Z",
        "__data.fields.page": page,
        "__field.labels.page": page,
      });
      const answer = await app.request(address);
      const text = await answer.text();
      expect([address, answer.status]).toEqual([address, 200]);
      if (url.includes(".page:")) {
        expect([address, text]).toEqual([address, expect.stringContaining("Then and now")]);
        expect(text).toContain(`<h1>${escaped(name)}</h1>`);
        expect(text).toContain(`of version ${escaped(decodeURIComponent(version))}`);
      }
    }
  });

  it("in annotations lead to the alerts that changed at that moment", async () => {
    const sql = DASHBOARDS.flatMap(({ dashboard }) => dashboard.annotations.list ?? []).map(
      ({ target }) => (target as unknown as { rawSql: string }).rawSql,
    );
    const answers = await Promise.all(
      sql.map((one) => {
        const asked = one
          .replaceAll("${model:singlequote}", `'${encodeURIComponent(NAMES.model)}'`)
          .replaceAll(
            "${version:singlequote}",
            NAMES.versions.map((version) => `'${encodeURIComponent(version).replaceAll("(", "%28").replaceAll(")", "%29")}'`).join(","),
          )
          .replaceAll("${driftwatch_url:percentencode}", encodeURIComponent(PAGES));
        const span = { from: Date.UTC(2013, 6, 1), to: Date.UTC(2014, 0, 1), interval: 0 };
        return store.query<{ text: string }>(expandMacros(asked, span));
      }),
    );
    const linked = answers.map((rows) => rows.map(({ text }) => [...text.matchAll(/href="([^"]+)"/g)].map(([, address = ""]) => address)));
    // Two fire on one day, accuracy eight days later; one is resolved in the end.
    expect(linked).toEqual([
      [[`${PAGES}/alerts/a-visib`, `${PAGES}/alerts/a-temp`], [`${PAGES}/alerts/a-accuracy`]],
      [[`${PAGES}/alerts/a-visib`]],
    ]);
    for (const address of linked.flat(2)) expect((await app.request(address)).status).toBe(200);
    for (const { text } of answers.flat())
      expect(text.replace(/<a href="[^"]*" target="_blank">[^<]*<\/a>(?:<br>)?/g, "")).not.toMatch(/[<>"']/);
  });
});

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
