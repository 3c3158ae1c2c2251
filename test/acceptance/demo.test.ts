import { expect, onTestFinished, test, vi } from "vitest";
import { runDemo } from "../../src/cli/demo.ts";
import { scratchDirectory } from "../support/scratch.ts";

/** What this process writes to one of its streams while it is watched. */
function watch(stream: NodeJS.WriteStream): () => string {
  let written = "";
  const spy = vi.spyOn(stream, "write").mockImplementation((chunk) => {
    written += String(chunk);
    return true;
  });
  onTestFinished(() => spy.mockRestore());
  return () => written;
}

test("the demo tells its story: alerts with links on stdout, mail and webhooks to its own receiver, and what it makes up", async () => {
  const stdout = watch(process.stdout);
  const stderr = watch(process.stderr);
  expect(await runDemo({ port: 0, keepOpen: false, until: "2013-05-07", json: true, directory: scratchDirectory() })).toBe(0);
  const told = stdout()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(told.map(({ state, rule, at }) => [state, rule, at?.slice(0, 10)])).toEqual([
    ["firing", "accuracy-drop", "2013-04-25"],
    ["resolved", "accuracy-drop", "2013-05-05"],
  ]);
  expect(told[0]?.["link"]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/alerts\/[0-9a-f]+$/);
  expect(stderr()).toMatch(/Watch it at/);
  expect(stderr()).toMatch(/2 mails and 2 webhook calls went out/);
}, 180_000);
