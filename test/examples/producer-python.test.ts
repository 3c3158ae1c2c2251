import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NOW } from "../ingest/examples.ts";
import { pythonSkipReason } from "../support/python.ts";
import { carelessJson, decodeAs, eventCase, jsonWithNaN, refusals, type Case } from "./event-cases.ts";

const skipReason = pythonSkipReason();

type Built =
  | { readonly ok: true; readonly key: string; readonly value: string }
  | { readonly ok: false; readonly reason: string; readonly message: string };

function buildInPython(cases: readonly Case[]): Built[] {
  const script = fileURLToPath(new URL("build_events.py", import.meta.url));
  const input = cases.map(({ builder, task, fields }) => `${jsonWithNaN({ builder, task, fields, now: NOW })}\n`).join("");
  const { stdout, stderr, status } = spawnSync("python3", [script], { input, encoding: "utf8", maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`python3 ended with ${status}: ${stderr}`);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Built);
}

test.skipIf(skipReason !== null)("the Python builders take what the daemon takes, and refuse what it refuses for the same reason", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const cases = fc.sample(eventCase, { numRuns: 1_500, seed });
  const built = buildInPython(cases);
  expect(built).toHaveLength(cases.length);
  for (const [index, given] of cases.entries()) {
    const outcome = built[index] as Built;
    const sent = decodeAs(given.builder, carelessJson(given));
    const told = () => `seed ${seed}, case ${index}: ${carelessJson(given).slice(0, 2_000)}`;
    const agrees = outcome.ok
      ? sent.ok && isDeepStrictEqual(decodeAs(given.builder, outcome.value), sent)
      : !sent.ok && sent.reason === outcome.reason;
    if (!agrees) throw new Error(`Python: ${JSON.stringify(outcome).slice(0, 2_000)}\nthe daemon: ${JSON.stringify(sent)}\n${told()}`);
  }
});

test.skipIf(skipReason !== null)("says what is wrong, as the TypeScript package does", () => {
  for (const [index, outcome] of buildInPython(refusals.map(({ given }) => given)).entries()) {
    const { reason, told } = refusals[index] ?? {};
    expect(outcome).toMatchObject({ ok: false, reason });
    expect(outcome.ok ? "" : outcome.message).toMatch(told as RegExp);
  }
});

test.skipIf(skipReason !== null)("a Kafka message holds the event under its id", () => {
  const fields = { id: "r-é", model: "binary", version: "1", time: NOW, score: 0.5 };
  const [built] = buildInPython([{ builder: "prediction", task: "binary", fields }]);
  if (!built?.ok) throw new Error(JSON.stringify(built));
  expect(built.key).toBe("r-é");
  expect(decodeAs("prediction", built.value)).toMatchObject({ ok: true, event: { id: "r-é", time: NOW, score: 0.5 } });
});
