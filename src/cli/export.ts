import { Option } from "commander";
import { formatTime, type Millis } from "../model/time.ts";
import { action, modelOption, newCommand, time, withConnection, type Cli, type Global } from "./command.ts";
import type { Io } from "./io.ts";
import { modelPath } from "./measurements.ts";
import { ask, pathWith } from "./request.ts";
import { chooseModel, loadSettings } from "./settings.ts";

type ExportOptions = Global & {
  readonly model?: string;
  readonly from?: Millis;
  readonly to?: Millis;
  readonly version?: string;
  readonly labelled?: boolean;
  readonly format: string;
};

export function exportCommand(cli: Cli) {
  return newCommand("export", "predictions joined with their labels: to train on, or as the file of a baseline", [
    "export --model flight-delay --from 2013-04-01 --to 2013-07-01 --labelled > q2.ndjson",
    "export --model flight-delay --version 2013-q1 --format csv > q1.csv",
  ])
    .addOption(modelOption())
    .addOption(new Option("--from <time>", "only predictions from then on").argParser(time))
    .addOption(new Option("--to <time>", "only predictions before then").argParser(time))
    .option("--version <version>", "of one version only")
    .option("--labelled", "only rows with a label")
    .addOption(new Option("--format <format>", "an event a line, or a column a feature").choices(["ndjson", "csv"]).default("ndjson"))
    .action(action(cli, (options: ExportOptions) => exportRows(cli.io, options)));
}

async function exportRows(io: Io, options: ExportOptions): Promise<number> {
  const { config } = loadSettings(io, options.config);
  const path = pathWith(`${modelPath(chooseModel(config, options.model))}/export`, {
    from: options.from === undefined ? undefined : formatTime(options.from),
    to: options.to === undefined ? undefined : formatTime(options.to),
    version: options.version,
    labelled: options.labelled === true ? "true" : undefined,
    format: options.format,
  });
  return withConnection(io, config, async (connection) => {
    const answer = await ask(connection, path);
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      io.stdout.write(decoder.decode(chunk as Uint8Array, { stream: true }));
      await io.stdout.drained?.();
    }
    return 0;
  });
}
