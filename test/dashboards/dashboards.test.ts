import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DASHBOARDS } from "../../dashboards/all.ts";
import { COLOURS, DRIFT_STATES, DRIFT_STEPS, FIRES_AT } from "../../dashboards/words.ts";
import { readViews } from "../../src/store/views.ts";
import { stateKey } from "../support/grafana/charts.ts";
import { readDashboards } from "../support/grafana/dashboard.ts";
import { display, shownFields } from "../support/grafana/fields.ts";
import { dashboardShape, type ShippedDashboard } from "./shape.ts";

const root = new URL("../../", import.meta.url);
const committed = new URL("dashboards/json/", root);

/** As Grafana reads them: what is committed. */
const dashboards = readdirSync(committed).map((file) => ({ file, text: readFileSync(new URL(file, committed), "utf8") }));
const shipped = dashboards.map(({ file, text }) => [file, dashboardShape.parse(JSON.parse(text))] as const);

/** Everything a dashboard asks the store. */
function queriesOf(dashboard: ShippedDashboard): string[] {
  return [
    ...dashboard.panels.flatMap((panel) => (panel.type === "row" ? [] : panel.targets.map(({ rawSql }) => rawSql))),
    ...dashboard.templating.list.flatMap((variable) => (variable.type === "query" ? [variable.query.rawSql] : [])),
    ...dashboard.annotations.list.map(({ target }) => target.rawSql),
  ];
}

describe("the committed JSON", () => {
  it("is what the builders make, byte for byte: `npm run dashboards` writes it", () => {
    const built = DASHBOARDS.map(({ file, dashboard }) => ({ file, text: `${JSON.stringify(dashboard, null, 2)}\n` }));
    expect(dashboards).toEqual(built);
  });

  it("has uids and titles of its own", () => {
    for (const key of ["uid", "title"] as const) expect(new Set(shipped.map(([, dashboard]) => dashboard[key])).size).toBe(shipped.length);
  });
});

describe.each(shipped)("%s", (_, dashboard) => {
  const panels = dashboard.panels.filter((panel) => panel.type !== "row");

  it("numbers its panels, and names each differently", () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(new Set(dashboard.panels.map(({ title }) => title)).size).toBe(dashboard.panels.length);
  });

  it("lays them out without overlap, within 24 columns", () => {
    const taken = new Map<string, number>();
    for (const { id, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([id, taken.get(`${x},${y}`)]).toEqual([id, undefined]);
          taken.set(`${x},${y}`, id);
        }
    }
  });

  it("uses no variable that it lacks, and has none that it does not use", () => {
    const whole = JSON.stringify(dashboard);
    const used = new Set([...whole.matchAll(/\$\{(\w+)/g)].map(([, name = ""]) => name).filter((name) => !/^__(?:field|data)$/.test(name)));
    for (const panel of dashboard.panels) if (panel.type === "row" && panel.repeat !== undefined) used.add(panel.repeat);
    expect([...used].sort()).toEqual(dashboard.templating.list.map(({ name }) => name).sort());
  });

  it("asks with variables in the order in which they depend on each other", () => {
    const known = new Set<string>();
    for (const variable of dashboard.templating.list) {
      const needed = variable.type === "query" ? [...variable.query.rawSql.matchAll(/\$\{(\w+)/g)].map(([, name = ""]) => name) : [];
      for (const name of needed) expect(known).toContain(name);
      if (variable.type === "query") expect(variable.definition).toBe(variable.query.rawSql);
      known.add(variable.name);
    }
  });

  it("puts the values of variables into SQL as quoted or encoded text only", () => {
    for (const sql of queriesOf(dashboard))
      for (const [, format, before = ""] of [...sql.matchAll(/\$\{\w+(?::(\w+))?\}/g)].map(
        (found) => [found[0], found[1], sql[found.index - 1]] as const,
      )) {
        expect(["singlequote", "percentencode"]).toContain(format);
        expect(before === "'").toBe(format === "percentencode");
      }
  });

  it("reads views only, all of them there", () => {
    const views = new Set(readViews().map(({ name }) => name));
    for (const sql of queriesOf(dashboard)) {
      const named = new Set([...sql.matchAll(/\b(\w+) AS \(/g)].map(([, name = ""]) => name));
      const read = [...sql.matchAll(/(?:\bFROM|(?<!\bARRAY )\bJOIN)\s+([^\s(,)]+)/gi)]
        .map(([, name = ""]) => name)
        .filter((name) => !named.has(name));
      expect(read.length).toBeGreaterThan(0);
      for (const name of read) expect(views).toContain(name);
      // Lists of tables and table functions would go by unseen.
      expect(sql).not.toMatch(/\bFROM\s+\w+\s*[,(]/i);
    }
  });

  it("writes SQL that version 4.20 of the plugin expands", () => {
    const macros = /\$__(?!timeFilter\(|timeInterval\(|fromTime\b|toTime\b)/;
    for (const sql of queriesOf(dashboard)) {
      expect(sql).not.toMatch(macros);
      // The plugin loses macros behind these.
      expect(sql).not.toMatch(/--|\/\*|`|#|;/);
    }
  });

  it("asks for a time range in everything that grows, unless it says that it does not", () => {
    const small = new Set(["v_versions", "v_alerts", "v_retrains"]);
    for (const panel of panels) {
      const [{ rawSql }] = panel.targets;
      const read = [...rawSql.matchAll(/\b(?:FROM|JOIN)\s+(v_\w+)/g)].map(([, name = ""]) => name);
      if (read.some((name) => !small.has(name)))
        expect([panel.title, rawSql]).toEqual([panel.title, expect.stringContaining("$__timeFilter(")]);
      else if (!rawSql.includes("$__fromTime")) expect(panel.description).toContain("whatever the time range");
    }
  });

  it("orders what it draws over time by time, the first column", () => {
    for (const panel of panels) {
      const [target] = panel.targets;
      if (target.queryType !== "timeseries") continue;
      expect(target.rawSql).toMatch(
        /^(?:WITH[^]*?\n\))?\s*SELECT (?:[^,]*? AS )?time,|^(?:WITH[^]*?\n\))?\s*SELECT \$__timeInterval\(\w+\.time\) AS time,/,
      );
      expect(target.rawSql).toMatch(/ORDER BY time(?:, \w+)?$/);
    }
  });

  it("names the series of a query with several, and only those", () => {
    for (const panel of panels) {
      const [target] = panel.targets;
      if (target.queryType !== "timeseries") continue;
      expect([panel.title, panel.fieldConfig.defaults.displayName !== undefined]).toEqual([panel.title, /\bseries\b/.test(target.rawSql)]);
    }
  });
});

describe("the colours of effects", () => {
  it("change where the shipped rules fire", () => {
    type Rules = { rules: { measure: { metric: string }; fire: { above: number | Record<string, number> } }[] };
    const rules = ["drift", "quality"].flatMap(
      (file) => (parse(readFileSync(new URL(`alerts/${file}.yaml`, root), "utf8")) as Rules).rules,
    );
    const fires = rules.map(({ measure, fire }) => (typeof fire.above === "number" ? { [measure.metric]: fire.above } : fire.above));
    expect(fires.length).toBeGreaterThan(0);
    for (const one of fires) expect(FIRES_AT).toMatchObject(one);
    expect(Object.assign({}, ...fires)).toEqual(FIRES_AT);
    expect(DRIFT_STEPS.map(([from]) => from)).toEqual(expect.arrayContaining([FIRES_AT.psi, FIRES_AT.wasserstein]));
  });

  it("have words in the heat map, for whatever its query answers", () => {
    const said = (effect: number) => display(effect, { settings: { mappings: [...DRIFT_STATES] }, kind: "number" });
    expect([said(-1), said(0)]).toEqual([
      { text: "too few rows to tell", colour: "blue" },
      { text: "as expected", colour: COLOURS.quiet },
    ]);
    for (const [index, [from, colour, text]] of DRIFT_STEPS.entries()) {
      const next = DRIFT_STEPS[index + 1]?.[0] ?? 1e12;
      for (const effect of [from, (from + next) / 2, next * (1 - 1e-9)]) expect([effect, said(effect)]).toEqual([effect, { text, colour }]);
      expect(text).toContain(String(index === 0 ? next : from));
    }
  });

  it("stand in the heat map's key, each that occurs, and nothing else", () => {
    const heat = readDashboards()
      .get("model")
      ?.panels.find(({ type }) => type === "state-timeline");
    if (!heat) throw new Error("There is no heat map.");
    const frame = {
      fields: [
        {
          name: "effect",
          kind: "number" as const,
          labels: { series: "a" },
          values: [0, null, (FIRES_AT.psi + FIRES_AT.wasserstein) / 2, -1, 3],
        },
      ],
      length: 5,
    };
    const key = stateKey(heat, shownFields(heat, frame, String));
    expect(key.map(([, colour]) => colour)).toEqual([COLOURS.quiet, "orange", "blue", "dark-red"]);
    for (const [text] of key) expect(text).toMatch(/[a-z]{2}/);
  });
});
