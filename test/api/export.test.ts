import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp, type App } from "../../src/app.ts";
import { createSite } from "../../src/cli/serve.ts";
import { openBaselineFile } from "../../src/ingest/baseline-file.ts";
import { silentLog } from "../../src/log.ts";
import { HOUR, MINUTE } from "../../src/model/time.ts";
import { readTrainingRows } from "../../src/store/training-rows.ts";
import { load, loaded } from "../config/workplace.ts";
import { messagesOf } from "../support/messages.ts";
import { scratchDirectory } from "../support/scratch.ts";

const START = Date.parse("2026-06-01T00:00:00Z");
const HOSTILE = "a \"quoted\", 'name'\n</script>";
const ROWS = 13_000;

const RANKED = [
  ["q1", ["a", "b"], { b: 3, c: 0.5 }],
  ["q2", "[a", ["a"]],
  ["q3", "a", '{"a":1}'],
] as const;

let app: App;
/** Every prediction that holds, by id. */
const sent = new Map<string, Record<string, unknown>>();
const labels = new Map<string, string>();

beforeAll(async () => {
  const config = loaded(
    load(
      `store: {path: ./data}\nmodels:\n  toy: {task: binary, positive: "yes"}\n  other: {task: regression}\n  search: {task: ranking}\n`,
    ),
  );
  app = await createApp(config, { log: silentLog, tickEvery: null, sources: [], clock: () => START + 30 * HOUR });
  await app.start();
  const events: object[] = [];
  for (let n = 0; n < ROWS; n += 1) {
    // An hour of nearly all of them, and a day of a few.
    const time = new Date(n < 12_000 ? START + n * 300 : START + HOUR + (n - 12_000) * MINUTE).toISOString();
    const row = {
      type: "prediction",
      id: `id-${(n * 7919) % ROWS}`,
      model: "toy",
      version: n % 3 === 0 ? "2" : "1",
      time,
      features: {
        amount: n / 8,
        ...(n % 5 === 0 ? {} : { colour: n % 2 === 0 ? "red" : 'a "b",c' }),
        ...(n === 7 ? { [HOSTILE]: 1, label: 2 } : {}),
      },
      score: (n % 100) / 100,
    };
    sent.set(row.id, row);
    events.push(row);
    if (n % 4 === 0) {
      labels.set(row.id, n % 8 === 0 ? "yes" : "no");
      events.push({ type: "label", id: row.id, model: "toy", time, label: labels.get(row.id) });
    }
  }
  // What loses its id to another row, failed, or is another model's.
  events.push({ ...sent.get("id-0"), time: new Date(START + 20 * HOUR).toISOString() });
  events.push({
    type: "prediction",
    id: "failed",
    model: "toy",
    version: "1",
    time: new Date(START).toISOString(),
    features: {},
    status: "error",
  });
  events.push({
    type: "prediction",
    id: "n1",
    model: "other",
    version: "1",
    time: new Date(START).toISOString(),
    features: { x: [0.5, 2] },
    prediction: 3,
  });
  events.push({ type: "label", id: "n1", model: "other", time: new Date(START).toISOString(), label: 4.5 });
  const time = new Date(START).toISOString();
  for (const [id, prediction, label] of RANKED) {
    events.push({ type: "prediction", id, model: "search", version: "1", time, prediction });
    events.push({ type: "label", id, model: "search", time, label });
  }
  for (let at = 0; at < events.length; at += 4_000) await app.pipeline.ingest(messagesOf(events.slice(at, at + 4_000)));
  await app.tick();
}, 120_000);
afterAll(() => app.stop());

async function exported(query = "", model = "toy"): Promise<string> {
  const answer = await createSite(app, { log: silentLog }).request(`http://localhost/v1/models/${model}/export${query}`, {
    headers: { authorization: `Bearer ${app.localToken}` },
  });
  return `${answer.status === 200 ? "" : `${answer.status} `}${await answer.text()}`;
}
const rowsOf = async (query: string) =>
  (await exported(query))
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown> & { id: string });

describe("rows to learn from", () => {
  it("are all there, each once, with their labels, as they were sent", async () => {
    const rows = await rowsOf("");
    expect(rows).toHaveLength(ROWS);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(ROWS);
    const expected = rows.map(({ id }) => {
      const { time, ...row } = sent.get(id) as { time: string };
      const label = labels.get(id);
      return { ...row, time: Date.parse(time), ...(label === undefined ? {} : { label }) };
    });
    expect(rows.map((row) => ({ ...row, time: Date.parse(String(row.time)) }))).toEqual(expected);
  });

  it("are chosen by time, version and label", async () => {
    const hour = await rowsOf("?from=2026-06-01T01:00:00Z&to=2026-06-01T02:00:00Z");
    expect(hour).toHaveLength(60);
    expect((await rowsOf("?version=2")).map(({ version }) => version)).toEqual(Array.from({ length: Math.ceil(ROWS / 3) }, () => "2"));
    expect((await rowsOf("?labelled=true")).map(({ id }) => id).sort()).toEqual([...labels.keys()].sort());
    expect(await rowsOf("?from=2030-01-01&to=2031-01-01")).toEqual([]);
  });

  it("are held a few thousand at a time", async () => {
    const query = { model: "toy", window: { from: 0, to: START + 1_000 * HOUR }, version: null, labelled: false };
    const sizes = [];
    for await (const page of readTrainingRows(app.store, query)) sizes.push(page.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(ROWS);
    expect(Math.max(...sizes)).toBe(5_000);
  });

  it("are a table as well, whatever features are called", async () => {
    const table: Record<string, string>[] = parse(await exported("?format=csv&to=2026-06-01T02:00:00Z"), { columns: true });
    expect(table).toHaveLength(12_060);
    const fixed = "id model version time prediction score entity weight label";
    expect(Object.keys(table[0] ?? {})).toEqual(fixed.split(" ").concat(HOSTILE, "amount", "colour", "feature:label"));
    const seventh = table.find((row) => row[HOSTILE] !== "");
    expect(seventh).toMatchObject({ [HOSTILE]: "1", "feature:label": "2", amount: "0.875", colour: 'a "b",c', label: "", version: "1" });
  });

  it("hold numbers where numbers are predicted, and embeddings", async () => {
    expect(JSON.parse(await exported("", "other"))).toMatchObject({ features: { x: [0.5, 2] }, prediction: 3, label: 4.5 });
    expect(await exported("?format=csv", "other")).toMatch(/\r\nn1,other,1,2026-06-01T00:00:00Z,3,,,1,4\.5,"\[0\.5,2\]"\r\n$/);
  });

  it("hold ranked lists and gains as they were sent, so that a baseline of them is what they were", async () => {
    const lines = (await exported("", "search")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { id: "q1", prediction: ["a", "b"], label: { b: 3, c: 0.5 } },
      // One item that looks like JSON is a list of one.
      { id: "q2", prediction: ["[a"], label: ["a"] },
      { id: "q3", prediction: "a", label: ['{"a":1}'] },
    ]);
    const stored = await app.store.query("SELECT prediction, label FROM training_rows WHERE model = 'search' ORDER BY id");
    const file = join(scratchDirectory(), "lists.ndjson");
    writeFileSync(file, lines.join("\n"));
    const settings = app.config.models.get("search");
    if (!settings) throw new Error("there is no such model");
    const again: object[] = [];
    for await (const batch of (await openBaselineFile({ file, table: null }, settings, () => START)).rows())
      again.push(...batch.map(({ prediction, label }) => ({ prediction: prediction.predictedClass, label: label?.label })));
    expect(again).toEqual(stored);
  });

  it("are the file of a baseline as they are", async () => {
    const file = join(scratchDirectory(), "training.ndjson");
    writeFileSync(file, await exported("?from=2026-06-01T01:00:00Z&labelled=true"));
    const settings = app.config.models.get("toy");
    if (!settings) throw new Error("there is no such model");
    const opened = await openBaselineFile({ file, table: null }, settings, () => START);
    let rows = 0;
    for await (const batch of opened.rows()) rows += batch.filter(({ label }) => label !== null).length;
    expect(rows).toBe([...labels.keys()].filter((id) => String(sent.get(id)?.time) >= "2026-06-01T01").length);
  });

  it("are the same by the view", async () => {
    const [view] = await app.store.query<{ rows: number; labelled: number; amount: number; red: number }>(
      `SELECT toUInt32(count()) AS rows, toUInt32(countIf(label IS NOT NULL)) AS labelled, sum(numbers['amount']) AS amount, toUInt32(countIf(categories['colour'] = 'red')) AS red
       FROM training_rows WHERE model = 'toy'`,
    );
    const rows = await rowsOf("");
    const features = rows.map((row) => row.features as { amount: number; colour?: string });
    expect(view).toEqual({
      rows: ROWS,
      labelled: labels.size,
      amount: features.reduce((sum, { amount }) => sum + amount, 0),
      red: features.filter(({ colour }) => colour === "red").length,
    });
  });

  it("of no model, or a stretch that ends before it begins, are a mistake", async () => {
    expect(await exported("", "nobody")).toMatch(/^404 /);
    expect(await exported("?from=2026-06-02&to=2026-06-01")).toMatch(/^400 .*Choose a from before to/);
  });
});
