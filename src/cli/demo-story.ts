import { statSync } from "node:fs";
import { parseTime, type Millis } from "../model/time.ts";
import { CliFailure } from "./failure.ts";
import { FLIGHT_FILES } from "./paths.ts";

/** What both ways of playing the year share. */

/** When to stop the story; null for the end of the year. */
export function demoEnd(until: string | undefined): Millis | null {
  if (until === undefined) return null;
  const time = parseTime(until);
  if (time === null) throw new CliFailure(`--until ${until} is no time.`, "Write a date such as 2013-09-10.", 2);
  return time;
}

/** How much there is to read. */
export function feedBytes(): number {
  return FLIGHT_FILES.reduce((sum, file) => sum + statSync(file).size, 0);
}

/** Resolves when the process is told to stop. */
export function whenStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}
