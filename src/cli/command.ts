import { Command, InvalidArgumentError, Option } from "commander";
import type { Log } from "../log.ts";
import type { Config, ModelSettings } from "../model/settings.ts";
import { parseDuration, parseTime, type Millis } from "../model/time.ts";
import type { Connection } from "./connection.ts";
import type { Io } from "./io.ts";
import { chooseModel, loadSettings } from "./settings.ts";
import { printableLines, safeJson } from "./text.ts";

/** What commands are made with: `finish` notes the exit code of the one that ran. */
export type Cli = { readonly io: Io; readonly finish: (exitCode: number) => void };

/** A command with what all have: the option for the configuration, and an example below its help. */
export function newCommand(name: string, summary: string, examples: readonly string[]): Command {
  return new Command(name)
    .description(summary)
    .option("-c, --config <file>", "the configuration (default: ./driftwatch.yaml)")
    .addHelpText(
      "after",
      `\n${examples.length === 1 ? "Example" : "Examples"}:\n${examples.map((example) => `  $ driftwatch ${example}`).join("\n")}`,
    );
}

export type Global = { readonly config?: string };

/** A handler for `Command.action` of a command without arguments: what it returns is the exit code. */
export function action(cli: Cli, run: (options: never) => Promise<number> | number) {
  return async (_: unknown, command: Command): Promise<void> => cli.finish(await run(command.optsWithGlobals<never>()));
}

/** The same for a command with one argument. */
export function actionOn(cli: Cli, run: (argument: string, options: never) => Promise<number>) {
  return async (argument: string, _: unknown, command: Command): Promise<void> =>
    cli.finish(await run(argument, command.optsWithGlobals<never>()));
}

export function jsonOption(what = "JSON lines instead of a table"): Option {
  return new Option("--json", what);
}

export function modelOption(): Option {
  return new Option("-m, --model <name>", "the model (default: the only one there is)");
}

export function limitOption(limit: number): Option {
  return new Option("--limit <n>", "how many at most").argParser(positiveInteger).default(limit);
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Expected a whole number above 0.");
  return Number(text);
}

export function portNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError("Expected a port, 0 to 65535.");
  return Number(text);
}

export function effectSize(text: string): number {
  const size = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(size) || size < 0) throw new InvalidArgumentError("Expected a number, 0 or more.");
  return size;
}

export function time(text: string): Millis {
  const parsed = parseTime(text);
  if (parsed === null) throw new InvalidArgumentError("Expected a date (2013-09-01) or a time with its offset (2013-09-01T06:00:00Z).");
  return parsed;
}

export function duration(text: string): Millis {
  const parsed = parseDuration(text);
  if (parsed === null || parsed === 0) throw new InvalidArgumentError("Expected a duration such as 1h, 1d or 7d.");
  return parsed;
}

export async function withConnection<Result>(io: Io, config: Config, use: (connection: Connection) => Promise<Result>): Promise<Result> {
  const connection = await io.connect(config, { log: commandLog(io) });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** The same for a command about one model. */
export async function withModel<Result>(
  io: Io,
  { config: file, model }: { readonly config?: string; readonly model?: string },
  use: (connection: Connection, model: ModelSettings) => Promise<Result>,
): Promise<Result> {
  const { config } = loadSettings(io, file);
  const chosen = chooseModel(config, model);
  return withConnection(io, config, (connection) => use(connection, chosen));
}

/** What a person who waits for the command should know; the rest, as a replay brings it by the hundred, on demand. */
export function commandLog(io: Io): Log {
  const line =
    (level: string) =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}) => {
      const told = Object.entries(facts).map(([name, value]) => `${name} ${typeof value === "string" ? value : safeJson(value)}`);
      io.stderr.write(
        `${printableLines(`${level}${message}${told.length > 0 ? ` (${told.join(", ")})` : ""}`.replaceAll(/[\r\n]+/g, " "))}\n`,
      );
    };
  return { info: io.env["DRIFTWATCH_DEBUG"] ? line("") : () => {}, warn: line("warning: "), error: line("error: ") };
}

export function note(io: Io, text: string): void {
  io.stderr.write(`${printableLines(text)}\n`);
}
