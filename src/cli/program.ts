import { Command, CommanderError } from "commander";
import { alertsCommand } from "./alerts.ts";
import { backtestCommand } from "./backtest.ts";
import { baselineCommand } from "./baseline.ts";
import { channelsCommand } from "./channels.ts";
import { changesCommand } from "./changes.ts";
import { checkCommand } from "./check.ts";
import type { Cli } from "./command.ts";
import { compareCommand } from "./compare.ts";
import { dashboardsCommand } from "./dashboards.ts";
import { deadLettersCommand } from "./dead-letters.ts";
import { driftCommand } from "./drift.ts";
import { explainFailure } from "./explain-failure.ts";
import { ingestCommand } from "./ingest.ts";
import type { Io } from "./io.ts";
import { demoCommand, runCommand } from "./long-running.ts";
import { migrateCommand } from "./migrate.ts";
import { performanceCommand } from "./performance.ts";
import { segmentsCommand } from "./segments.ts";
import { reportCommand } from "./report.ts";
import { exportCommand } from "./export.ts";
import { retrainCommand } from "./retrain.ts";
import { schemaCommand } from "./schema.ts";
import { ackCommand, silenceCommand } from "./silence.ts";
import { printableLines } from "./text.ts";
import { verifyCommand } from "./verify.ts";
import { testRulesCommand } from "./test-rules.ts";
import { VERSION } from "./version.ts";

/** 0 done, 1 failed, 2 wrong usage or configuration, 3 what `--fail-on` names was found. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const program = createProgram({ io, finish: (code) => (exitCode = code) });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has said it by now: help and version are no failure, all else is wrong usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { text, exitCode: failed } = explainFailure(error, Boolean(io.env["DRIFTWATCH_DEBUG"]));
    io.stderr.write(text);
    return failed;
  }
}

function createProgram(cli: Cli): Command {
  const { io } = cli;
  const program = new Command("driftwatch")
    .description("Watches machine-learning models: have their inputs drifted, are they still right, who should know?")
    .version(VERSION, "-V, --version", "print the version")
    .option("-c, --config <file>", "the configuration (default: ./driftwatch.yaml)")
    // Else `drift --version 2013-q1` would print the version of the program.
    .enablePositionalOptions()
    .addHelpText(
      "after",
      "\nExamples:\n  $ driftwatch demo\n  $ driftwatch check\n  $ driftwatch drift --help\n\nExit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 found what --fail-on names.",
    );
  const commands = [
    runCommand,
    demoCommand,
    checkCommand,
    schemaCommand,
    migrateCommand,
    ingestCommand,
    baselineCommand,
    driftCommand,
    performanceCommand,
    segmentsCommand,
    compareCommand,
    changesCommand,
    reportCommand,
    alertsCommand,
    testRulesCommand,
    backtestCommand,
    ackCommand,
    silenceCommand,
    channelsCommand,
    retrainCommand,
    exportCommand,
    deadLettersCommand,
    verifyCommand,
    dashboardsCommand,
  ];
  for (const command of commands) program.addCommand(command(cli));
  for (const command of [program, ...descendants(program)]) answerTo(command, io);
  return program;
}

function descendants(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)]);
}

/** Commands that are made apart inherit nothing: each is told where to write, and never to end the process. */
function answerTo(command: Command, io: Io): void {
  const full = fullName(command);
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      outputError: (text, write) => write(printableLines(text)),
    })
    .showHelpAfterError(`  hint: ${full} --help says what it takes.`);
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}
