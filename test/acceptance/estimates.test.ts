import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblems } from "../../src/config/problem.ts";
import { silentLog } from "../../src/log.ts";
import { DAY, MINUTE } from "../../src/model/time.ts";
import { readAlerts } from "../../src/store/alerts.ts";
import { scratchDirectory } from "../support/scratch.ts";

type Row = { readonly prediction: number; readonly label: number | null };
const { rows } = (
  JSON.parse(readFileSync(new URL("../oracle/tasks-oracle.json", import.meta.url), "utf8")) as {
    readonly regression: {
      readonly rows: { readonly reference: readonly Row[]; readonly current: readonly Row[]; readonly far: readonly Row[] };
    };
  }
).regression;

const START = Date.UTC(2026, 5, 1);
const event = ({ prediction }: Row, index: number, start: number) => ({
  type: "prediction",
  id: `${start}-${index}`,
  model: "price",
  version: "1",
  time: new Date(start + index * MINUTE).toISOString(),
  features: {},
  prediction,
});

test("a rule on an estimate fires when its window closes, a month before any label is due; one on labels waits for them", async () => {
  const directory = scratchDirectory();
  writeFileSync(
    join(directory, "reference.ndjson"),
    rows.reference
      .map((row, index) => JSON.stringify({ ...event(row, index, START - 30 * DAY), label: row.label ?? undefined }))
      .join("\n"),
  );
  mkdirSync(join(directory, "alerts"));
  const rule = (name: string, metric: string) => `
  - name: ${name}
    measure: {metric: ${metric}, baseline: training, window: 1d}
    fire: {drop: 10, confidence: 0.95}`;
  writeFileSync(join(directory, "alerts", "rules.yaml"), `rules:${rule("estimate", "estimated_mae")}${rule("labels", "mae")}\n`);
  writeFileSync(
    join(directory, "driftwatch.yaml"),
    `store: {path: ./data}
clock: replay
models: {price: {task: regression, labels: {expected_within: 30d}, baselines: {training: {file: reference.ndjson}}}}
`,
  );
  const loaded = loadConfig({ file: join(directory, "driftwatch.yaml"), env: {} });
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  const app = await createApp(loaded.config, { log: silentLog, tickEvery: null });
  onTestFinished(() => app.stop());
  await app.start();
  const day = async (start: number, list: readonly Row[]) => {
    const messages = list.map((row, index) => ({
      origin: { source: "http" as const, topic: "", partition: 0, offset: String(index) },
      bytes: Buffer.from(JSON.stringify(event(row, index, start))),
      timestamp: null,
    }));
    expect((await app.pipeline.ingest(messages)).rejected).toEqual([]);
    await app.tick();
    return (await readAlerts(app.store)).map(({ key, state }) => `${key.rule} ${state}`);
  };
  // Rows like the reference's, then such as are predicted worse. A day is over with the first row after it.
  expect(await day(START, rows.current)).toEqual([]);
  expect(await day(START + DAY, rows.far)).toEqual([]);
  expect(await day(START + 2 * DAY, rows.current)).toEqual(["estimate firing"]);
}, 60_000);
