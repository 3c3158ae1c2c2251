import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { DRIFT_METRICS, QUALITY_METRICS } from "../../src/model/metric.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { readViews, replaceViews } from "../../src/store/views.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { seedStore } from "../support/seed.ts";

// What people build on: a view or column that is renamed, retyped or dropped breaks their dashboards.

const page = readFileSync(new URL("../../docs/sql.md", import.meta.url), "utf8");

type Column = { readonly name: string; readonly type: string };

function documented(): Map<string, Column[]> {
  return new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const columns = [...section.matchAll(/^\| (\w+) \| (\S.*?) \| .*\|$/gm)].filter((match) => match[1] !== "column");
        return [section.split("\n", 1)[0] ?? "", columns.map((match) => ({ name: match[1] ?? "", type: match[2] ?? "" }))];
      }),
  );
}

let store: Store;
beforeAll(async () => {
  store = await openStore({ kind: "embedded", path: scratchDirectory() });
  await seedStore(store);
});
afterAll(() => store.close());

/** Without what only says how a column is stored. */
const plain = (type: string) => type.replace(/LowCardinality\(([^()]+)\)/g, "$1");

describe("the views", () => {
  it.each([
    ["v_drift", DRIFT_METRICS],
    ["v_quality", QUALITY_METRICS],
  ] as const)("%s has every metric of its kind", (name, metrics) => {
    const sql = readViews().find((view) => view.name === name)?.sql ?? "";
    expect(metrics.filter((metric) => !sql.includes(`'${metric}'`))).toEqual([]);
  });

  it("are those of the page, no more and no fewer", () => {
    expect([...documented().keys()].sort()).toEqual(
      readViews()
        .map((view) => view.name)
        .sort(),
    );
  });

  test.each(readViews().map((view) => view.name))("%s has the columns of the page, in order and of its types", async (view) => {
    const columns = await store.query<Column>(
      `SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {view:String} ORDER BY position`,
      {
        view,
      },
    );
    expect(columns.map(({ name, type }) => ({ name, type: plain(type) }))).toEqual(documented().get(view));
  });

  it("are made again only where they differ", async () => {
    expect(await replaceViews(store)).toBe(0);
    await store.execute("CREATE OR REPLACE VIEW v_ticks AS SELECT 1 AS one");
    expect(await replaceViews(store)).toBe(1);
    expect(await store.query("SELECT count() AS rows FROM v_ticks WHERE error = ''")).toEqual([{ rows: 0 }]);
  });

  it("hold no value of a single event", () => {
    // Rows to train on are single events: whoever is to see them is granted that by name.
    expect(readViews().flatMap(({ name }) => (name.startsWith("v_") ? [] : [name]))).toEqual(["training_rows"]);
    for (const { name, sql } of readViews().filter((view) => view.name.startsWith("v_")))
      expect(sql, name).not.toMatch(/\b(?:FROM|JOIN) (?:predictions|labels|baseline_rows)\b|\bpayload\b/);
  });
});

describe("the examples of the page", () => {
  const examples = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

  it("run, and answer", async () => {
    expect(examples).toHaveLength(3);
    const [moved, , distribution] = examples;
    expect(await store.query<{ name: string }>(moved ?? "")).toMatchObject([
      { name: expect.any(String), value: expect.any(Number) },
      {},
      {},
      {},
      {},
    ]);
    await store.query(examples[1] ?? "");
    const rows = await store.query<{ baseline: string; share: number }>(
      (distribution ?? "").replaceAll("2013-09", "2013-08").replaceAll("2013-10", "2013-09"),
    );
    for (const baseline of ["", "training"]) {
      const shares = rows.filter((row) => row.baseline === baseline).map((row) => row.share);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    }
  });
});
