import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { until } from "./kafka-until.ts";

/**
 * A directory that is dear to fill, filled by the first file of a run that asks for it; whoever asks meanwhile waits.
 * It is shared: copy from it what you would change.
 */
export async function onceARun(name: string, fill: (directory: string) => Promise<void>): Promise<string> {
  const whole = join(inject("runDirectory"), name);
  const failed = `${whole}.failed`;
  if (isFirst(`${whole}.begun`)) {
    const part = `${whole}.part`;
    mkdirSync(part);
    try {
      await fill(part);
      // Renamed into place: nobody reads half of it.
      renameSync(part, whole);
    } catch (error) {
      writeFileSync(failed, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
  await until(`${name}, which another file of this run makes`, () => existsSync(whole) || existsSync(failed), 600_000);
  if (existsSync(failed)) throw new Error(`${name} could not be made: ${readFileSync(failed, "utf8")}`);
  return whole;
}

/** Whether nobody has made this directory before: of two that try at once, one has. */
function isFirst(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
