import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { constraintSchema } from "../../src/config/constraints-schema.ts";
import { loadConfig } from "../../src/config/load.ts";
import { DAY } from "../../src/model/time.ts";
import { findingsOf, heldByCounts } from "../../src/monitor/check-constraints.ts";
import { modelState } from "../../src/monitor/model-state.ts";
import { loadBaselineInputs, rowsOfFile } from "../../src/monitor/pinned-rows.ts";
import { readBaselines } from "../../src/store/baselines.ts";
import { readNewestGrid } from "../../src/store/grids.ts";
import { cli, type Outcome } from "../cli/terminal.ts";
import { load, loaded, workplace } from "../config/workplace.ts";
import { connectionWithin } from "../support/connections.ts";
import { FLIGHTS, storeOfFlights } from "../support/flight-app.ts";
import { FLIGHT_MODEL, ingestFlights, NO_RULES, openFlights } from "../support/flights.ts";

const page = readFileSync(new URL("../../docs/constraints.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  [...page.matchAll(new RegExp("```" + language + "\\n([\\s\\S]*?)```", "g"))].map((match) => match[1] ?? "");
const [begin = "", model = "", rule = ""] = blocks("yaml");
const [suggest = "", check = "", drift = ""] = blocks("sh").map((block) => block.trim().replace(/^npx driftwatch /, ""));

const directory = workplace({});
const [config, constraints] = [join(directory, "driftwatch.yaml"), join(directory, "constraints.yaml")];
let app: App | undefined;
let store = "";
let suggested = "";
let written: Outcome | undefined;

const run = (command: string) => cli([...command.split(" "), "-c", config], { connect: async () => connectionWithin(app as App) });

beforeAll(async () => {
  const demo = readFileSync(join(FLIGHTS, "driftwatch.yaml"), "utf8").replaceAll(/file: reference/g, `file: ${FLIGHTS}reference`);
  writeFileSync(config, demo.replace("../../alerts", fileURLToPath(new URL("../../alerts", import.meta.url))));
  store = await storeOfFlights();
  app = await openFlights(store, NO_RULES);
  written = await run(suggest.replace("constraints.yaml", constraints));
  suggested = readFileSync(constraints, "utf8");
  // As the page says: the file is named below the model.
  writeFileSync(
    config,
    readFileSync(config, "utf8").replace("    positive: late\n", `    positive: late\n    constraints: constraints.yaml\n`),
  );
}, 120_000);

afterAll(() => app?.stop());

describe("docs/constraints.md", () => {
  test("shows what is suggested of the flights, which is the same each time", async () => {
    expect(written).toMatchObject({ code: 0, out: "", err: expect.stringContaining(`constraints: ${constraints}`) });
    expect(suggested).toContain(begin);
    expect((await run("baseline suggest --baseline training")).out).toBe(suggested);
    expect(await run(suggest.replace("constraints.yaml", constraints))).toMatchObject({
      code: 2,
      err: expect.stringContaining("exists already"),
    });
    expect(readFileSync(constraints, "utf8")).toBe(suggested);
  });

  test("names every key there is, and its rule and its configuration load", () => {
    for (const key of [...Object.keys(constraintSchema.shape), "at_most", "among", "min", "max", "is"])
      expect(page, key).toMatch(new RegExp(`\`.*\\b${key}\\b.*\``));
    const read = loaded(
      load(`${model}    baselines: {training: {window: 7d}}\nalerts: [rules.yaml]\n`, { "rules.yaml": rule, "constraints.yaml": begin }),
    );
    expect(read.models.get(FLIGHT_MODEL)?.constraints).toMatchObject([{ feature: "carrier" }, { feature: "dep_delay" }]);
    expect(read.rules).toMatchObject([{ measure: { metric: "constraint_violations", of: ["amount"] } }]);
  });

  test("what is suggested is read by check, and its schema is printed", async () => {
    expect(await run(check)).toMatchObject({ code: 0, err: "" });
    const schema = JSON.parse((await run("schema --constraints")).out) as { properties: object };
    expect(Object.keys(schema.properties)).toEqual(["constraints"]);
  });

  test("what a baseline suggests holds on all of it and on each of its days", async () => {
    const settings = loaded(loadConfig({ file: config, env: {} })).models.get(FLIGHT_MODEL);
    const found = await readNewestGrid((app as App).store, FLIGHT_MODEL);
    if (!settings?.constraints || !found) throw new Error("There is nothing to hold against each other.");
    const baselines = await readBaselines((app as App).store, FLIGHT_MODEL);
    const state = modelState(settings, baselines, found.grid);
    expect(baselines).toHaveLength(2);
    let checked = 0;
    for (const stored of baselines) {
      const { whole, windows } = await loadBaselineInputs((app as App).store, state, rowsOfFile(stored), DAY);
      for (const { counts } of [{ counts: whole }, ...windows]) {
        for (const constraint of settings.constraints) {
          const subject = state.grids.get(`feature:${constraint.feature}`);
          const own = counts.get(`feature:${constraint.feature}`);
          if (!subject || !own) throw new Error(`${constraint.feature} was not counted.`);
          const held = heldByCounts(constraint, subject.grid, own);
          if (held === null) throw new Error(`${constraint.feature} cannot be told by its counts.`);
          for (const { constraint: kind, broken, rows, limit } of findingsOf(constraint, held)) {
            checked += 1;
            // One carrier of one day may be all that the share of new ones allows.
            if (kind !== "values" || own === whole.get(`feature:${constraint.feature}`))
              expect(broken / rows, `${constraint.feature} ${kind}`).toBeLessThanOrEqual(limit);
            else expect(broken, constraint.feature).toBe(0);
          }
        }
      }
    }
    expect(checked).toBeGreaterThan(5_000);
  });

  test("its last command shows the day without weather", async () => {
    await app?.stop();
    const { models } = loaded(loadConfig({ file: config, env: {} }));
    expect(models.get(FLIGHT_MODEL)?.constraints?.length).toBe(12);
    app = await openFlights(store, { ...NO_RULES, models });
    await ingestFlights(app, { from: Date.UTC(2013, 11, 30), to: Date.UTC(2014, 0, 1) });
    app.watermarks.finish();
    await app.tick();
    const { code, out } = await run(`${drift} --version 2013-h1`);
    expect(code).toBe(0);
    expect(out).toMatch(/^humid +constraint_violations .*missing: 91\.9% of rows/m);
    expect(out).toMatch(/^hour +constraint_violations +0 .* –$/m);
  });
});
