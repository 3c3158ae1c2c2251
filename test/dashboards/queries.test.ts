import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DRIFT_STEPS } from "../../dashboards/words.ts";
import { openStore } from "../../src/store/open.ts";
import { TABLES } from "../../src/store/store.ts";
import { readViews } from "../../src/store/views.ts";
import { ask, askAll, choose, type Answered } from "../support/grafana/ask.ts";
import {
  choiceOf,
  fixedOptions,
  questionsOf,
  readDashboards,
  variableSql,
  type Dashboard,
  type Question,
} from "../support/grafana/dashboard.ts";
import { stateKey } from "../support/grafana/charts.ts";
import { frameOf, milliseconds, shownFields } from "../support/grafana/fields.ts";
import type { Span } from "../support/grafana/macros.ts";
import { openAsGrafana, type Answer, type Reader } from "../support/grafana/read-only.ts";
import { renderDashboard } from "../support/grafana/render.ts";
import { problemsOf } from "../support/grafana/shape.ts";
import type { Choices } from "../support/grafana/variables.ts";
import { HOSTILE, playYear, TOY, TOY_FROM, TOY_TO, TWIN } from "../support/grafana/year.ts";
import { scratchDirectory } from "../support/scratch.ts";

const dashboards = readDashboards();
const dashboard = (name: string): Dashboard => {
  const found = dashboards.get(name);
  if (!found) throw new Error(`There is no dashboard ${name}.`);
  return found;
};
const DAY = 86_400_000;
const YEAR: Span = { from: Date.UTC(2013, 3, 1), to: Date.UTC(2014, 0, 2), interval: 0 };
const TOYS: Span = { from: TOY_FROM - DAY, to: TOY_TO + DAY, interval: 0 };
/** Pictures for the documents are drawn without the model that nobody has. */
const isForDocuments = process.env["DRIFTWATCH_PICTURES"] === "1";
/** Passes, deliveries and dead letters happen by the clock on the wall. */
let run: Span;
let reader: Reader;

type Wishes = Readonly<Record<string, string | readonly string[]>>;
type Scenario = { readonly title: string; readonly name: string; readonly span: () => Span; readonly wishes: Wishes };
const SCENARIOS: readonly Scenario[] = [
  { title: "fleet, the whole year", name: "fleet", span: () => YEAR, wishes: {} },
  { title: "model, as it opens", name: "model", span: () => YEAR, wishes: {} },
  { title: "model, both versions of the flights", name: "model", span: () => YEAR, wishes: { model: "flight-delay", version: "$__all" } },
  { title: "model, requests that fail and take their time", name: "model", span: () => TOYS, wishes: { model: TOY, version: "$__all" } },
  { title: "pipeline, while the year was played", name: "pipeline", span: () => run, wishes: {} },
];

/** Panels that hold nothing in a scenario, and why that is right. All others must have rows. */
const EMPTY: Readonly<Record<string, string>> = {
  "pipeline, while the year was played: Failed passes": "no pass fails",
  "model, as it opens: Latency by version": "the flights carry no latency",
  "model, both versions of the flights: Latency by version": "the flights carry no latency",
  "model, both versions of the flights: Broken data of 2013-q1, in the newest window":
    "its newest windows have no rows: the next version took over",
  "model, requests that fail and take their time: Broken data of 7, in the newest window":
    "only amount's values move, none is missing or never seen",
  "model, requests that fail and take their time: Broken data of 8, in the newest window":
    "only amount's values move, none is missing or never seen",
  "model, requests that fail and take their time: Broken data of 7, over time": "as before: nothing is missing or never seen",
  "model, requests that fail and take their time: Broken data of 8, over time": "as before: nothing is missing or never seen",
};

beforeAll(async () => {
  const scratch = scratchDirectory();
  const year = await playYear(scratch, { hasTwin: !isForDocuments });
  run = { from: year.startedAt - 60_000, to: year.endedAt + 1000, interval: 0 };
  reader = await openAsGrafana(year.store, scratch);
}, 600_000);
afterAll(() => reader?.close());

describe("Grafana's user", () => {
  it("reads every view of counts and measurements", async () => {
    const views = readViews().filter(({ name }) => name.startsWith("v_"));
    expect(views.length).toBeGreaterThan(10);
    for (const { name } of views) expect([name, (await reader.query(`SELECT count() > 0 FROM ${name}`)).rows]).toEqual([name, [[1]]]);
  });

  it("reads no table, and no view of single events", async () => {
    for (const table of [...TABLES, "training_rows"])
      await expect(reader.query(`SELECT * FROM ${table} LIMIT 1`), table).rejects.toThrow(/Not enough privileges/);
  });

  it.each([
    "INSERT INTO predictions (model, id) VALUES ('a', 'b')",
    "CREATE VIEW v_mine AS SELECT * FROM v_volume",
    "DROP VIEW v_volume",
    "ALTER TABLE v_volume MODIFY SQL SECURITY NONE",
    "GRANT SELECT ON default.* TO default",
    "SET readonly = 0",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
    "SELECT * FROM view(SELECT * FROM predictions)",
    "SELECT * FROM merge('default', '^pred')",
  ])("may not %s", async (sql) => {
    await expect(reader.query(sql)).rejects.toThrow(/Not enough privileges|in readonly mode|There are no tables satisfied/);
  });
});

describe.each(SCENARIOS)("$title", ({ title, name, span, wishes }) => {
  let choices: Choices;
  let answers: { answered: Answered[]; errors: string[] };
  beforeAll(async () => {
    choices = await choose(reader, name, dashboard(name), span(), wishes);
    answers = await askAll(reader, name, dashboard(name), choices, span());
  }, 120_000);

  it("asks nothing that is refused", () => {
    expect(answers.errors).toEqual([]);
    expect(answers.answered).toHaveLength(questionsOf(name, dashboard(name), choices).length);
  });

  it("gets what its panels, variables and annotations can show", () => {
    expect(answers.answered.flatMap(({ question, answer }) => problemsOf(question, answer))).toEqual([]);
  });

  it("has rows wherever there is something", () => {
    const empty = answers.answered.filter(({ answer }) => answer.rows.length === 0).map(({ question }) => `${title}: ${titleOf(question)}`);
    expect(empty.toSorted()).toEqual(
      Object.keys(EMPTY)
        .filter((key) => key.startsWith(`${title}: `))
        .toSorted(),
    );
  });
});

/** The title of a panel as it stands there, or what else asks. */
function titleOf({ placed, where, choices }: Question): string {
  if (placed === null) return where;
  return (placed.panel.title ?? "").replace(/\$\{(\w+)(?::text)?\}/g, (_, variable: string) =>
    [choices[variable]?.text ?? choices[variable]?.value ?? ""].flat().join(" + "),
  );
}

describe("a version that another replaced", () => {
  it("is retired, and nothing fires on it any more", async () => {
    const fleet = dashboard("fleet");
    const { answered } = await askAll(reader, "fleet", fleet, await choose(reader, "fleet", fleet, YEAR), YEAR);
    const rowsOf = (title: string) => {
      const { columns, rows } = answered.find(({ question }) => titleOf(question) === title)?.answer ?? { columns: [], rows: [] };
      return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])));
    };
    const versions = rowsOf("Models and versions");
    const state = (version: string) => versions.find((row) => row["version"] === version)?.["state"];
    expect(["2013-q1", "2013-h1", "7", "8"].map(state)).toEqual(["retired", "firing", "retired", "firing"]);

    const firing = (isRetired: boolean) =>
      versions.filter((row) => (row["state"] === "retired") === isRetired).reduce((sum, row) => sum + Number(row["firing"]), 0);
    const [now] = rowsOf("Now");
    expect(firing(false)).toBeGreaterThan(0);
    expect([Number(now?.["firing"]), Number(now?.["firing_retired"])]).toEqual([firing(false), 0]);
    expect(firing(true)).toBe(0);
    expect(rowsOf("Firing alerts").map((row) => row["state"] === "retired")).toEqual(Array.from({ length: firing(false) }, () => false));
  });
});

describe("the heat map", () => {
  it("has all states in its key, in their order, and none of them in its range that was not measured", async () => {
    const model = dashboard("model");
    const { answered } = await askAll(reader, "model", model, await choose(reader, "model", model, TOYS, { model: TOY }), TOYS);
    const found = answered.find(({ question }) => question.placed?.panel.type === "state-timeline");
    const { placed, target } = found?.question ?? {};
    if (!found || !placed || !target) throw new Error("The model has no heat map.");
    const shown = shownFields(placed.panel, frameOf(target, found.answer), String);
    expect(stateKey(placed.panel, shown).map(([text]) => text)).toEqual([
      "as expected",
      ...DRIFT_STEPS.map(([, , text]) => text),
      "too few rows to tell",
    ]);
    const measured = found.answer.rows.filter(([time]) => milliseconds(time) > DAY);
    expect(milliseconds(measured[0]?.[0])).toBeGreaterThanOrEqual(TOY_FROM);
    expect(measured.map(([, , , , effect]) => effect)).not.toContain(-1);
  });
});

describe("variables", () => {
  it("work with each of their values", async () => {
    const model = dashboard("model");
    const opened = await choose(reader, "model", model, TOYS, { model: TOY });
    const seen: string[] = [];
    for (const variable of model.templating.list) {
      if (variable.type === "datasource" || variable.type === "textbox") continue;
      const sql = variableSql(variable);
      const asks: Question = { where: variable.name, kind: "variable", sql: sql ?? "", choices: opened, placed: null, target: null };
      const options =
        sql === null
          ? fixedOptions(variable)
          : (await ask(reader, asks, TOYS)).rows.map(([value, text]) => ({ value: String(value), text: String(text ?? value) }));
      for (const { text } of options) {
        const choices = { ...opened, [variable.name]: choiceOf(variable, options, text) };
        const concerned = questionsOf("model", model, choices).filter(
          ({ sql: asked, kind }) => kind !== "variable" && asked.includes(`{${variable.name}:`),
        );
        for (const question of concerned) expect(problemsOf(question, await ask(reader, question, TOYS))).toEqual([]);
        seen.push(`${variable.name}=${text}`);
      }
    }
    // Three models, two versions, the ways to judge, and every subject: an empty list would prove nothing.
    expect(seen.length).toBeGreaterThan(15);
  }, 240_000);
});

/** The twin's names by the toy's, however they are written: an answer may hold them in links and in markup. */
function asToy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asToy);
  if (typeof value !== "string") return value;
  const writings = [
    (text: string) => text,
    (text: string) => text.replaceAll("\\", "\\\\"),
    encodeURIComponent,
    (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`),
    (text: string) =>
      text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&apos;"),
  ];
  const known = [...TWIN]
    .flatMap(([name, twin]) => writings.map((write) => [write(twin), name] as const))
    .toSorted(([a], [b]) => b.length - a.length);
  const named = known.reduce((text, [twin, name]) => text.replaceAll(twin, name), value);
  // Sentences put unusual names in quotes; identities are hashes of the names among others.
  return [...TWIN.keys()].reduce((text, name) => text.replaceAll(`“${name}”`, name), named).replace(/[0-9a-f]{32,64}/g, "…");
}

const contentOf = ({ columns, rows }: Answer) => ({ columns, rows: rows.map((row) => JSON.stringify(row.map(asToy))).toSorted() });

describe("a model with names that try to leave their literals", () => {
  it("is shown like its twin with plain names, on every dashboard", async () => {
    const model = dashboard("model");
    const askFor = async (name: string, version: readonly string[]) =>
      askAll(reader, "model", model, await choose(reader, "model", model, TOYS, { model: name, version }), TOYS);
    const plain = await askFor(TOY, ["8", "7"]);
    const twin = await askFor(HOSTILE, [TWIN.get("8") ?? "", TWIN.get("7") ?? ""]);
    expect(twin.errors).toEqual([]);
    expect(plain.errors).toEqual([]);
    for (const [index, { question, answer }] of twin.answered.entries()) {
      expect(problemsOf(question, answer)).toEqual([]);
      const other = plain.answered[index];
      expect({ where: question.where, ...contentOf(answer) }).toEqual({
        where: other?.question.where,
        ...contentOf(other?.answer ?? { columns: [], rows: [] }),
      });
    }
  }, 240_000);

  it("stands beside the others in the fleet", async () => {
    const { answered } = await askAll(reader, "fleet", dashboard("fleet"), await choose(reader, "fleet", dashboard("fleet"), TOYS), TOYS);
    const all = answered.flatMap(({ answer }) => answer.rows.flat());
    const [twins, both] = [all.filter((value) => value === HOSTILE).length, all.filter((value) => asToy(value) === TOY).length];
    expect(twins).toBeGreaterThan(3);
    expect(all.filter((value) => value === TOY).length * 2).toBe(both);
  });
});

describe("the checks themselves", () => {
  const span = () => YEAR;
  const broken = async (change: (sql: string) => string): Promise<string[]> => {
    const name = "fleet";
    const choices = await choose(reader, name, dashboard(name), span());
    const series = questionsOf(name, dashboard(name), choices).find(({ target }) => target?.format === 0);
    if (!series) throw new Error("The fleet has no series to break.");
    const question = { ...series, sql: change(series.sql) };
    if (question.sql === series.sql) throw new Error("The change changes nothing.");
    try {
      return problemsOf(question, await ask(reader, question, span()));
    } catch (error) {
      return [(error as Error).message];
    }
  };

  it.each([
    ["a column that is misspelt", (sql: string) => sql.replace("requests)", "requets)"), /fleet › .*requets/],
    ["a view that is gone", (sql: string) => sql.replace("v_volume", "v_volumes"), /fleet › .*v_volumes/],
    [
      "a table instead of a view",
      (sql: string) => sql.replace("v_volume", "service_counts").replaceAll("v.time", "v.bucket"),
      /Not enough privileges/,
    ],
    ["times that descend", (sql: string) => sql.replace("ORDER BY time", "ORDER BY time DESC"), /the times do not ascend/],
    ["a value that is no number", (sql: string) => sql.replace(/sum\(v\.requests\)/, "toString(sum(v.requests))"), /is a number/],
    [
      "a first column that is no time",
      (sql: string) =>
        sql
          .replace(/SELECT .* AS time,/, (part) => part.replace("SELECT ", "SELECT v.model AS first, "))
          .replace("GROUP BY", "GROUP BY first,"),
      /the first column is first/,
    ],
    [
      "two rows for one point",
      (sql: string) =>
        sql
          .replace("GROUP BY time, series", "GROUP BY time, series, v.version")
          .replace("$__timeInterval(v.time)", "toStartOfYear(v.time)"),
      /two rows have the same time and labels/,
    ],
    ["a macro that is misspelt", (sql: string) => sql.replace("$__timeFilter", "$__timeFilters"), /no macro \$__timeFilters/],
    ["a variable that is gone", (sql: string) => `${sql} LIMIT \${limit}`, /No variable is named limit/],
    ["a comment", (sql: string) => `${sql} -- note`, /without comments/],
  ])("notice %s", async (_what, change, message) => {
    expect((await broken(change)).join("\n")).toMatch(message);
  });

  it("notice a column that a table's settings name in vain", async () => {
    const fleet = dashboard("fleet");
    const question = questionsOf("fleet", fleet, {}).find(({ placed }) => placed?.panel.type === "table");
    if (!question) throw new Error("The fleet has no table to break.");
    const answer: Answer = { columns: [{ name: "other", type: "String" }], rows: [["x"]] };
    expect(problemsOf(question, answer).join("\n")).toMatch(/speaks of a column \w+, and the answer has other/);
  });

  it("notice annotations and variables that cannot be shown", () => {
    const of = (kind: Question["kind"], columns: Answer["columns"], rows: Answer["rows"]) =>
      problemsOf({ where: "w", kind, sql: "", choices: {}, placed: null, target: null }, { columns, rows }).join("\n");
    const time = { name: "time", type: "DateTime64(3, 'UTC')" };
    const end = { name: "timeEnd", type: "DateTime64(3, 'UTC')" };
    const text = { name: "text", type: "String" };
    expect(of("annotation", [time, end, text], [["2013-01-02 00:00:00", "2013-01-01 00:00:00", "x"]])).toMatch(/end before they begin/);
    expect(of("annotation", [time, { name: "text", type: "UInt8" }], [])).toMatch(/needs a text/);
    expect(of("annotation", [time, end, text], [["2013-01-01 00:00:00", "2013-01-02 00:00:00", "x"]])).toBe("");
    expect(of("variable", [{ name: "n", type: "UInt64" }], [])).toMatch(/values are texts/);
    expect(of("variable", [text, text, text], [])).toMatch(/has 3 columns/);
    expect(of("variable", [text, { name: "label", type: "LowCardinality(String)" }], [])).toBe("");
  });
});

/** What the pictures in the documents show: the change of unit in September, and the toys beside it. */
const PICTURES: readonly { readonly name: string; readonly span: () => Span; readonly wishes: Wishes }[] = [
  { name: "fleet", span: () => ({ from: Date.UTC(2013, 8, 10), to: Date.UTC(2013, 9, 31), interval: 0 }), wishes: {} },
  {
    name: "model",
    span: () => ({ from: Date.UTC(2013, 6, 15), to: Date.UTC(2013, 9, 15), interval: 0 }),
    wishes: { model: "flight-delay", version: ["2013-h1"], subject: "visib" },
  },
  { name: "pipeline", span: () => run, wishes: {} },
];
const CHROMIUM = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

describe("pictures", () => {
  it("every panel is drawn from its answers", async () => {
    const images = isForDocuments ? fileURLToPath(new URL("../../docs/images/", import.meta.url)) : scratchDirectory();
    const hostile = { name: "model", span: () => TOYS, wishes: { model: HOSTILE, version: "$__all" } };
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: CHROMIUM });
    try {
      for (const { name, span, wishes } of isForDocuments ? PICTURES : [...PICTURES, hostile]) {
        const choices = await choose(reader, name, dashboard(name), span(), wishes);
        const { answered, errors } = await askAll(reader, name, dashboard(name), choices, span());
        expect(errors).toEqual([]);
        const page = await browser.newPage({ viewport: { width: 1424, height: 900 } });
        const trouble: string[] = [];
        page.on("console", (message) => trouble.push(message.text()));
        page.on("request", (request) => trouble.push(`requested ${request.url()}`));
        await page.setContent(renderDashboard({ dashboard: dashboard(name), choices, span: span(), answered }));
        const panels = await page.locator("section.panel").evaluateAll((all) =>
          all.map((panel) => ({
            title: panel.getAttribute("data-title"),
            state: panel.getAttribute("data-state"),
            marks: panel.querySelectorAll(".mark").length,
            error: panel.querySelector(".error")?.textContent ?? null,
          })),
        );
        expect(panels.length).toBeGreaterThanOrEqual(dashboard(name).panels.length);
        expect(panels.filter(({ error }) => error !== null)).toEqual([]);
        expect(panels.filter(({ state, marks }) => state === "drawn" && marks === 0)).toEqual([]);
        expect(panels.filter(({ state }) => state === "drawn").length).toBeGreaterThan(5);
        expect(trouble).toEqual([]);
        expect(await page.locator("script, img, b b, [onload], [onerror]").count()).toBe(0);
        const picture = await page.screenshot({ fullPage: true });
        if (wishes !== hostile.wishes) writeFileSync(join(images, `grafana-${name}.png`), picture);
        expect(picture.length).toBeLessThan(400_000);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  }, 240_000);
});

describe("a store that nobody has sent anything to", () => {
  it("is shown without errors: each panel says why it is empty", async () => {
    const scratch = scratchDirectory();
    const store = await openStore({ kind: "embedded", path: join(scratch, "store") });
    await store.close();
    const empty = await openAsGrafana(join(scratch, "store"), scratch);
    try {
      for (const [name, one] of dashboards) {
        const choices = await choose(empty, name, one, YEAR);
        const { answered, errors } = await askAll(empty, name, one, choices, YEAR);
        expect(errors).toEqual([]);
        expect(answered.flatMap(({ question, answer }) => problemsOf(question, answer))).toEqual([]);
        for (const { panel } of answered.flatMap(({ question, answer }) =>
          question.placed && answer.rows.length === 0 ? [question.placed] : [],
        ))
          expect(panel.fieldConfig?.defaults.noValue, panel.title).toMatch(/\S/);
      }
    } finally {
      await empty.close();
    }
  }, 120_000);
});
