import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { jsonSchema, rulesJsonSchema } from "../../src/config/json-schema.ts";
import { loadConfig } from "../../src/config/load.ts";
import { DRIFT_METRICS } from "../../src/model/metric.ts";
import { readViews } from "../../src/store/views.ts";
import { scratchDirectory } from "../support/scratch.ts";

/** Loads a model with `drift` as written, and a rule on one metric. */
function load(drift: string, metric: string, above: string) {
  const directory = scratchDirectory();
  const rules = join(directory, "rules.yaml");
  writeFileSync(
    rules,
    `rules:\n  - name: moved\n    measure: {metric: ${metric}, baseline: before, window: 1d}\n    fire: {above: ${above}}\n`,
  );
  const file = join(directory, "driftwatch.yaml");
  writeFileSync(
    file,
    `models:\n  toy:\n    task: regression\n${drift}    baselines: {before: {window: 7d}}\nalerts: [${JSON.stringify(rules)}]\n`,
  );
  return loadConfig({ file, env: {} });
}

test.each(DRIFT_METRICS)("a rule may judge by %s, and clears at half of it", (metric) => {
  for (const above of ["0.1", `{${metric}: 0.1}`]) {
    const loaded = load("", metric, above);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.config.rules[0]).toMatchObject({
      measure: { metric, of: "features" },
      fire: { above: new Map([[metric, 0.1]]) },
      clear: { below: new Map([[metric, 0.05]]) },
    });
  }
});

test("a model may have fewer of them stored", () => {
  const loaded = load("    drift: {metrics: [jensen_shannon, ks]}\n", "psi", "0.1");
  expect(loaded.ok && loaded.config.models.get("toy")?.driftMetrics).toEqual(["jensen_shannon", "ks"]);
  const all = load("", "psi", "0.1");
  expect(all.ok && all.config.models.get("toy")?.driftMetrics).toBeUndefined();
});

test("a name that is none is told with the one that was meant", () => {
  const loaded = load("    drift: {metrics: [jensen_shanon]}\n", "psi", "0.1");
  expect(loaded.ok).toBe(false);
  expect(loaded.ok ? "" : JSON.stringify(loaded.problems)).toMatch(/jensen_shannon/);
});

test("the JSON Schemas and the view know every name, and so does the documentation", () => {
  const view = readViews().find(({ name }) => name === "v_drift")?.sql;
  const numbers = readFileSync(new URL("../../docs/numbers.md", import.meta.url), "utf8");
  const sql = readFileSync(new URL("../../docs/sql.md", import.meta.url), "utf8");
  for (const metric of DRIFT_METRICS) {
    expect(JSON.stringify(jsonSchema())).toContain(`"${metric}"`);
    expect(JSON.stringify(rulesJsonSchema())).toContain(`"${metric}"`);
    expect(view).toContain(`'${metric}'`);
    expect(numbers).toContain(`| \`${metric}\` |`);
    expect(sql).toContain(`\`${metric}\``);
  }
});
