import { CliFailure } from "./failure.ts";
import { printableLines } from "./text.ts";

type Explained = { readonly text: string; readonly exitCode: 1 | 2 };

/** Any error as one message for a person, with what to do about it where that is known. */
export function explainFailure(error: unknown, debug: boolean): Explained {
  const { message, hint } = messageOf(error);
  const lines = error instanceof CliFailure && hint === "" ? [message] : [`error: ${message}`];
  if (hint !== "") lines.push(`  hint: ${hint}`);
  if (debug) lines.push(stackOf(error));
  return { text: `${printableLines(lines.join("\n"))}\n`, exitCode: error instanceof CliFailure ? error.exitCode : 1 };
}

function messageOf(error: unknown): { message: string; hint: string } {
  if (!(error instanceof Error)) return { message: String(error), hint: "" };
  if ("hint" in error && typeof error.hint === "string") return { message: error.message, hint: error.hint };
  if (isNoConnection(error)) {
    return {
      message: "The daemon stopped answering.",
      hint: "See whether it still runs; when it does not, the same command opens the store itself.",
    };
  }
  return { message: error.message || error.name, hint: "This was not foreseen. DRIFTWATCH_DEBUG=1 shows where it happened." };
}

/** What fetch throws says nothing itself; its cause does. */
function isNoConnection(error: Error): boolean {
  if (error.name === "TimeoutError") return true;
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  return (
    error instanceof TypeError && (error.message === "fetch failed" || error.message === "terminated" || /^(?:ECONN|UND_ERR_)/.test(code))
  );
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const cause = error.cause === undefined ? "" : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
