import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const made: string[] = [];
// Not when the process ends: it is killed, and has no time for it. Hooks that were set later, such as those that close a store, come first.
afterAll(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

/** A directory that is gone when the tests of the file are over. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "driftwatch-test-"));
  made.push(directory);
  return directory;
}
