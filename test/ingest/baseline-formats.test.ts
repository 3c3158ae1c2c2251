import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { openBaselineFile } from "../../src/ingest/baseline-file.ts";
import { SourceError } from "../../src/ingest/source.ts";
import { silentLog } from "../../src/log.ts";
import type { BaselineRow } from "../../src/model/event.ts";
import type { Config } from "../../src/model/settings.ts";
import { numbersOf } from "../../src/model/features.ts";
import { readBaselines } from "../../src/store/baselines.ts";
import { loaded, workplace } from "../config/workplace.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/baselines/${name}`, import.meta.url));

const COLUMNS = `columns:
          id: request
          time: AT
          version: {value: 1}
          prediction: predicted
          score: p
          label: truth
          features: {except: [note]}
          types: {zip: text}`;

const TWO_CLASSES = "binary, positive: 1";

function configOf(directory: string, file: string, how: string, task = TWO_CLASSES): Config {
  const yaml = `clock: replay
store: {path: ${join(directory, "data")}}
models:
  shop:
    ${`task: ${task}`.replaceAll(", ", "\n    ")}
    baselines:
      training:
        file: ${file}
        ${how}
`;
  writeFileSync(join(directory, "driftwatch.yaml"), yaml);
  return loaded(loadConfig({ file: join(directory, "driftwatch.yaml"), env: {} }));
}

/** What a baseline amounts to, with everything that is counted of it. */
async function counted(name: string, how: string, bytes?: Buffer) {
  const directory = workplace({});
  const file = join(directory, name);
  if (bytes) writeFileSync(file, bytes);
  else copyFileSync(fixture(name), file);
  const app = await createApp(configOf(directory, name, how), { log: silentLog, tickEvery: null, sources: [] });
  try {
    await app.start();
    const [{ rows, labelled, firstTime, lastTime } = { rows: 0, labelled: 0, firstTime: 0, lastTime: 0 }] = await readBaselines(
      app.store,
      "shop",
    );
    const features = await app.store.query<Record<string, unknown>>(
      `SELECT version, subject, feature, toString(bucket) AS bucket, rows, missing, unparsable, unseen, places, counts, low, high,
              toString(low_sum) AS low_sum, toString(high_sum) AS high_sum
       FROM feature_counts FINAL WHERE baseline != '' ORDER BY version, subject, feature, bucket`,
      {},
    );
    const outcomes = await app.store.query<Record<string, unknown>>(
      "SELECT * EXCEPT (baseline, generation) FROM outcome_counts FINAL WHERE baseline != '' ORDER BY bucket",
      {},
    );
    const grid = await app.store.query<Record<string, unknown>>(
      "SELECT subject, feature, kind, edges, categories FROM grids FINAL ORDER BY subject, feature",
      {},
    );
    return { summary: { rows, labelled, firstTime, lastTime }, features, outcomes, grid };
  } finally {
    await app.stop();
  }
}

describe("one set of rows", () => {
  const aware = COLUMNS.replace("AT", "at");
  const naive = COLUMNS.replace("AT", "{column: at, timezone: UTC}");

  test("gives the same counts, bit by bit, as events, as CSV and as Parquet", async () => {
    const events = await counted("rows.ndjson", "");
    expect(events.summary).toMatchObject({ rows: 400, labelled: expect.any(Number) as number });
    expect(events.summary.labelled).toBeLessThan(400);
    const kinds = new Map(events.grid.map(({ subject, feature, kind }) => [`${String(subject)} ${String(feature)}`, kind]));
    expect(kinds.get("feature items")).toBe("numeric");
    expect(kinds.get("feature zip")).toBe("categorical");
    expect(kinds.get("feature member")).toBe("categorical");
    const missing = (feature: string) =>
      events.features.filter((one) => one["feature"] === feature).reduce((sum, one) => sum + Number(one["missing"]), 0);
    expect(missing("amount")).toBeGreaterThan(5);
    expect(events.features.length).toBeGreaterThan(1_000);

    expect(await counted("rows.csv", naive)).toEqual(events);
    expect(await counted("rows.csv.gz", naive, gzipSync(readFileSync(fixture("rows.csv"))))).toEqual(events);
    expect(await counted("rows.snappy.parquet", aware)).toEqual(events);
    expect(await counted("rows.zstd.parquet", naive)).toEqual(events);
  });
});

/** Rows of a file as the configuration reads them, or what it is refused with. */
async function read(
  files: Readonly<Record<string, string | Buffer>>,
  how: string,
  file = "rows.csv",
  task = TWO_CLASSES,
): Promise<BaselineRow[]> {
  const directory = workplace({});
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  const model = configOf(directory, file, how, task).models.get("shop");
  const [baseline] = model?.baselines ?? [];
  if (!model || baseline?.kind !== "file") throw new Error("there is a file baseline");
  const opened = await openBaselineFile({ file: join(directory, file), table: baseline.tables?.get("") ?? null }, model, Date.now);
  const rows: BaselineRow[] = [];
  for await (const batch of opened.rows()) rows.push(...batch);
  return rows;
}

async function refusal(content: string | Buffer, how: string, file = "rows.csv"): Promise<string> {
  try {
    await read({ [file]: content }, how, file);
  } catch (error) {
    if (error instanceof SourceError) return `${error.message.replace(/\S*\/rows/g, "rows")} ${error.hint}`;
    throw error;
  }
  return "";
}

const SIMPLE = "columns: {id: id, time: at, version: {value: 1}, score: p}";

describe("a column of a CSV file", () => {
  const types = async (values: readonly string[], how = SIMPLE) =>
    (
      await read({ "rows.csv": `id,at,p,x\n${values.map((value, at) => `r${at},2026-01-01T00:00:00Z,0.5,${value}`).join("\n")}\n` }, how)
    ).map(
      ({ prediction: { features } }) =>
        features.categories[0] ?? numbersOf(features).get("x") ?? (features.unparsable[0] === "x" ? "unparsable" : null),
    );

  test.each([
    ["is of numbers when all it holds is numbers", ["1", "", "2.50", "1e3", " 4"], [1, null, 2.5, 1000, 4]],
    [
      "of numbers may say NaN, which is no value, and infinity, which is none either, but was there",
      ["1", "NaN", "inf"],
      [1, null, "unparsable"],
    ],
    ["is of texts when one of them is a text", ["1", "2", "x"], ["1", "2", "x"]],
    ["of codes is of texts", ["01", "02"], ["01", "02"]],
    ["of numbers too long to be exact is of texts", ["12345678901234567890", "1"], ["12345678901234567890", "1"]],
    ["is of booleans, as Python and as JSON write them", ["True", "false", ""], ["true", "false", null]],
  ])("%s", async (_name, values, expected) => {
    expect(await types(values)).toEqual(expected);
  });

  test("is what the configuration says it is", async () => {
    expect(await types(["1", "2"], SIMPLE.replace("}, score", "}, types: {x: text}, score"))).toEqual(["1", "2"]);
    expect(await types(["1", "0"], SIMPLE.replace("}, score", "}, types: {x: boolean}, score"))).toEqual(["true", "false"]);
  });

  test("can hold another text for nothing, and fields can be told apart by another character", async () => {
    const rows = await read(
      { "rows.csv": 'id;at;p;x\nr;2026-01-01T00:00:00Z;0.5;NA\ns;2026-01-01T00:00:00Z;0.5;"a;b"\n' },
      `delimiter: ";"\n        missing: [NA]\n        ${SIMPLE}`,
    );
    expect(rows.map(({ prediction }) => prediction.features.categories)).toEqual([[], ["a;b"]]);
  });

  test("is a feature under its own name or another, and one that is something else is none", async () => {
    const csv = "id,at,late,early,a,b\nr,1767225600,0.25,0.75,1,2\n";
    const names = async (how: string) => {
      const [row] = await read(
        { "rows.csv": csv },
        `columns: {time: {column: at, unit: s}, version: {value: 1}, scores: {1: late, 0: early}, ${how}}`,
      );
      return [row?.prediction.features.names, row?.prediction.score, row?.prediction.id, row?.prediction.time];
    };
    expect(await names("id: id")).toEqual([["a", "b"], 0.25, "r", Date.UTC(2026, 0, 1)]);
    expect(await names("features: [b]")).toEqual([["b"], 0.25, "rows.csv/0/2", Date.UTC(2026, 0, 1)]);
    expect(await names("id: id, features: {only: {x: a}}")).toEqual([["x"], 0.25, "r", Date.UTC(2026, 0, 1)]);
    expect(await names("id: id, features: {except: [b]}")).toEqual([["a"], 0.25, "r", Date.UTC(2026, 0, 1)]);
  });

  test("may hold ranked lists, and what is relevant of them, as JSON", async () => {
    const how = "columns: {id: id, time: {value: 2026-03-01}, version: {value: 1}, prediction: ranked, label: relevant}";
    const ranking = (cells: string) => read({ "rows.csv": `id,ranked,relevant\n${cells}\n` }, how, "rows.csv", "ranking");
    const rows = await ranking(`r,"[""a"",2]","{""a"":3,""b"":0.5}"\ns,a,"[""b""]"\nt,a,\nu,7,7`);
    expect(rows.map(({ prediction, label }) => [prediction.predictedClass, label?.label ?? null])).toEqual([
      ['["a","2"]', '{"a":3,"b":0.5}'],
      ["a", '["b"]'],
      ["a", null],
      ["7", "7"],
    ]);
    await expect(ranking('r,"[a, b]",a')).rejects.toThrow(
      /the column ranked \(2 of 3\) is the text "\[a, b\]"; expected an item, or a list of them as JSON/,
    );
  });

  test("that holds no time can be left out: all rows are of one moment then", async () => {
    const rows = await read({ "rows.csv": "id,p\nr,0.5\n" }, "columns: {id: id, time: {value: 2026-03-01}, version: {value: 1}, score: p}");
    expect(rows.map(({ prediction }) => prediction.time)).toEqual([Date.UTC(2026, 2, 1)]);
  });
});

describe("a row that is wrong is named with its line and column", () => {
  const line = (row: string) => `id,at,p,x\nr-0,2026-01-01T00:00:00Z,0.5,1\n\n${row}\n`;

  test.each([
    [
      "a number that is none",
      line("r-1,2026-01-01T00:00:00Z,high,1"),
      SIMPLE,
      ['rows.csv:4: the column p (3 of 4) is the text "high"; expected a number.', "docs/baselines.md"],
    ],
    [
      "a type that does not fit",
      line("r-1,2026-01-01T00:00:00Z,1,many"),
      SIMPLE.replace("}, score", "}, types: {x: number}, score"),
      ['rows.csv:4: the column x (4 of 4) is the text "many"'],
    ],
    [
      "a probability that is none",
      line("r-1,2026-01-01T00:00:00Z,1.5,1"),
      SIMPLE,
      ["rows.csv:4: score (from the column p) is the number 1.5; expected the probability"],
    ],
    ["a time that is none", line("r-1,yesterday,1,1"), SIMPLE, ['rows.csv:4: time (from at) is the text "yesterday"']],
    [
      "a time without a zone",
      line("r-1,2026-01-01 00:00:00,1,1"),
      SIMPLE,
      ["rows.csv:4: time (from at)", "has no offset; expected one, or a timezone"],
    ],
    ["a field too many", line("r-1,2026-01-01T00:00:00Z,1,1,5"), SIMPLE, ["rows.csv:4: the row has another number of fields", "delimiter"]],
    ["a quote that stays open", line('r-1,2026-01-01T00:00:00Z,1,"1'), SIMPLE, ["a double quote is opened and not closed"]],
    [
      "bytes of another encoding",
      Buffer.from(line("r-1,2026-01-01T00:00:00Z,1,caf\u00e9"), "latin1"),
      SIMPLE,
      ["rows.csv:4: x holds bytes that are no UTF-8", "iconv"],
    ],
    [
      "a row of more than a MiB",
      line(`r-1,2026-01-01T00:00:00Z,1,${"1".repeat(1_100_000)}`),
      SIMPLE,
      ["the row is longer than 1 MiB", "quote"],
    ],
    ["an empty file", "", SIMPLE, ["rows.csv is empty"]],
    ["a first line and no rows", "id,at,p,x\n", SIMPLE, ["rows.csv holds no rows"]],
    ["no events", "", "", ["rows.csv holds no rows"]],
    ["two columns of one name", "id,at,p,id\n", SIMPLE, ["rows.csv:1: two columns are named id"]],
    ["a column that is not there", "id,at,pp,x\n", SIMPLE, ["rows.csv has no column p, which `score` names. Did you mean pp?"]],
    ["JSON", '{"type": "prediction"}\n', SIMPLE, ["rows.csv holds JSON", "Remove `columns`"]],
    ["CSV of which nothing is said", "id,at,p\n", "", ["rows.csv:1: The message is not valid JSON", "for CSV, add `columns`"]],
  ])("%s", async (_name, content, how, expected) => {
    const said = await refusal(content, how);
    for (const part of expected) expect(said).toContain(part);
  });

  test("of Parquet too, and a damaged file is said to be damaged", async () => {
    const parquet = readFileSync(fixture("rows.zstd.parquet"));
    const columns = "columns: {id: request, time: {column: at, timezone: UTC}, version: {value: 1}, score: p}";
    expect(await refusal(parquet, columns.replace("score: p", "score: colour"), "rows.parquet")).toMatch(
      /^rows\.parquet:1: the column colour \(8 of 15\) is the text "dark \\"blue\\""; expected a number\./,
    );
    expect(await refusal(parquet, columns.replace("{column: at, timezone: UTC}", "at"), "rows.parquet")).toContain("has no offset");
    expect(
      await refusal(parquet, columns.replace("time: {column: at, timezone: UTC}", "time: {value: 2026-01-01}"), "rows.parquet"),
    ).toMatch(
      /the column at \(2 of 15\) is the text "2026-01-01T00:00:00\.006"; expected a number, a text or a boolean; leave other columns out/,
    );
    expect(await refusal(parquet.subarray(0, 9_000), columns, "rows.parquet")).toContain("cannot be read");
    expect(await refusal(parquet, "", "rows.parquet")).toContain("nothing says what its columns mean");
  });
});
