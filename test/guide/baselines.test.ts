import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { baselineSchemas } from "../../src/config/schema.ts";
import { load, loaded } from "../config/workplace.ts";

const page = readFileSync(new URL("../../docs/baselines.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
const FILES = { "training.csv.gz": "", "training-1.parquet": "", "training-2.csv": "", "training.ndjson.gz": "" };

describe("docs/baselines.md", () => {
  const baselines = blocks.map((text) => [...loaded(load(text, FILES)).models.values()].flatMap((model) => model.baselines));

  test("has examples that are what they say", () => {
    expect(baselines.length).toBe(5);
    expect(baselines.flat().map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "file training",
      "file training",
      "trailing recent",
      "trailing same_hours",
      "trailing last_week",
      "file training",
      "period after_release",
      "period of_champion",
      "version champion",
    ]);
    const [csv, versions] = baselines.flat();
    expect(csv?.kind === "file" && csv.tables?.get("")).toMatchObject({
      version: "2026.3",
      time: { written: "scored_at", timezone: "Europe/Zagreb" },
      except: ["comment"],
      types: new Map([["zip_code", "text"]]),
    });
    const tables = versions?.kind === "file" ? versions.tables : undefined;
    expect(tables?.get("1")).toMatchObject({ version: "1", delimiter: ",", missing: [] });
    expect(tables?.get("2")).toMatchObject({ version: "2", delimiter: ";", missing: ["NA"] });
    expect(tables?.get("2")?.scores).toEqual(tables?.get("1")?.scores);
  });

  test("names every key there is", () => {
    const keys = new Set(Object.values(baselineSchemas).flatMap((schema) => Object.keys(schema.shape)));
    const columns = Object.keys(baselineSchemas.file.shape.columns.unwrap().shape);
    for (const key of [...keys, ...columns]) expect(page, key).toMatch(new RegExp(`\\b${key}\\b`));
  });
});
