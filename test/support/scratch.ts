import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];
process.on("exit", () => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** A directory that is gone when the process is. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "driftwatch-test-"));
  made.push(directory);
  return directory;
}
