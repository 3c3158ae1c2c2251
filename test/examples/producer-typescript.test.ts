import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { baselineRow, check, EventError, label, prediction, toKafkaMessage } from "../../examples/producer-typescript/lib/events.js";
import { NOW } from "../ingest/examples.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { carelessJson, decodeAs, eventCase, refusals, type Case } from "./event-cases.ts";

const builders = { prediction, label, baselineRow, check } as unknown as Record<
  Case["builder"],
  (fields: unknown, checks: object) => Record<string, unknown>
>;

function build({ builder, fields, task }: Case, checks: object = { task }) {
  try {
    return { ok: true, event: builders[builder](fields, { ...checks, now: NOW }) } as const;
  } catch (error) {
    if (error instanceof EventError) return { ok: false, reason: error.reason, message: error.message } as const;
    throw error;
  }
}

const home = fileURLToPath(new URL("../../examples/producer-typescript/", import.meta.url));

test("the builders take what the daemon takes, and refuse what it refuses for the same reason", () => {
  fc.assert(
    fc.property(eventCase, (given) => {
      const built = build(given);
      const sent = decodeAs(given.builder, carelessJson(given));
      if (!built.ok) {
        expect(sent).toMatchObject({ ok: false, reason: built.reason });
        return;
      }
      expect(sent).toMatchObject({ ok: true });
      // What was built is what was meant.
      expect(decodeAs(given.builder, JSON.stringify(built.event))).toEqual(sent);
    }),
    { numRuns: 3_000 },
  );
});

test("without the task, nothing is refused that a model of some task would take", () => {
  const tasks = ["binary", "multiclass", "regression", "ranking"] as const;
  fc.assert(
    fc.property(eventCase, (given) => {
      const taken = tasks.some((task) => build({ ...given, task }).ok);
      expect(build(given, {}).ok).toBe(taken);
    }),
    { numRuns: 500 },
  );
});

test.each(refusals)("says what is wrong: $told", ({ given, reason, told }) => {
  const built = build(given);
  expect(built).toMatchObject({ ok: false, reason });
  expect(built.ok ? "" : built.message).toMatch(told);
});

test("a Date is a time, and a Kafka message holds the event under its id", () => {
  const event = prediction({ id: "r-1", model: "binary", version: "1", time: new Date(NOW), score: 0.5 }, { now: NOW });
  expect(event).toEqual({ type: "prediction", id: "r-1", model: "binary", version: "1", time: new Date(NOW).toISOString(), score: 0.5 });
  const { key, value } = toKafkaMessage(event);
  expect(key).toBe("r-1");
  expect(decodeAs("prediction", value.toString())).toMatchObject({ ok: true, event: { id: "r-1", time: NOW, score: 0.5 } });
});

test("lib holds what the source compiles to", () => {
  const fresh = scratchDirectory();
  const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", home, "--outDir", fresh], { encoding: "utf8" });
  expect(status, stdout).toBe(0);
  const committed = join(home, "lib");
  expect(readdirSync(committed).sort()).toEqual(readdirSync(fresh).sort());
  for (const file of readdirSync(fresh)) {
    expect(readFileSync(join(committed, file), "utf8"), `${file}: run npm run build in examples/producer-typescript`).toBe(
      readFileSync(join(fresh, file), "utf8"),
    );
  }
});
