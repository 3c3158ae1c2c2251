import { writeFile } from "node:fs/promises";
import { Option } from "commander";
import type { ModelSettings } from "../model/settings.ts";
import { action, modelOption, newCommand, note, withModel, type Cli, type Global } from "./command.ts";
import type { Connection } from "./connection.ts";
import { CliFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { modelPath } from "./measurements.ts";
import { ask, pathWith } from "./request.ts";
import { printableLines, safeJson } from "./text.ts";

type ReportOptions = { readonly model?: string; readonly format?: "html" | "json"; readonly output?: string };

export function reportCommand(cli: Cli) {
  return newCommand("report", "one model's story: what drifted, how right it is, what fired", [
    "report --model flight-delay --output flight-delay.html",
    "report --model flight-delay --format json",
  ])
    .addOption(modelOption())
    .addOption(new Option("--format <format>", "what to write (default: by the name of the output, else json)").choices(["html", "json"]))
    .option("-o, --output <file>", "write to this file instead of standard output")
    .action(
      action(cli, (options: ReportOptions & Global) => {
        return withModel(cli.io, options, (connection, model) => writeReport(cli.io, connection, model, options));
      }),
    );
}

async function writeReport(io: Io, connection: Connection, model: ModelSettings, { format, output }: ReportOptions): Promise<number> {
  const path = `${modelPath(model)}/report`;
  const wanted = format ?? (output !== undefined && /\.html?$/i.test(output) ? "html" : "json");
  const response = await ask(connection, pathWith(path, { format: wanted === "html" ? "html" : undefined }));
  const text = wanted === "html" ? await response.text() : `${safeJson(await response.json(), 2)}\n`;
  if (output === undefined) {
    // A page that is shown in a terminal must not steer it; one that goes on to a file or a pipe stays as it is.
    io.stdout.write(wanted === "html" && io.stdout.columns !== null ? printableLines(text) : text);
    return 0;
  }
  try {
    await writeFile(output, text);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new CliFailure(
      `The report cannot be written to ${output} (${code}).`,
      "Name a file in a directory that exists and may be written to.",
    );
  }
  note(io, `Wrote ${output}.`);
  return 0;
}
