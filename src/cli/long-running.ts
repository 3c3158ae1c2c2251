import { Option } from "commander";
import { action, jsonOption, newCommand, portNumber, type Cli, type Global } from "./command.ts";
import { configFile } from "./settings.ts";

type RunOptions = { readonly host?: string; readonly port?: number };
type DemoOptions = { readonly port?: number; readonly keepOpen: boolean; readonly until?: string; readonly json?: boolean };

export function runCommand(cli: Cli) {
  return newCommand("run", "start the daemon: take events in, measure, alert, and serve API and pages", [
    "run --config production.yaml",
    "run --port 9090",
  ])
    .option("--host <host>", "listen here instead of where the configuration says")
    .addOption(new Option("--port <port>", "listen on this port instead").argParser(portNumber))
    .action(
      action(cli, async ({ config, host, port }: RunOptions & Global) => {
        const { env } = cli.io;
        return exitCodeOf(
          await cli.io.runDaemon({
            configFile: configFile(config),
            env,
            ...(host === undefined ? {} : { host }),
            ...(port === undefined ? {} : { port }),
          }),
        );
      }),
    );
}

export function demoCommand(cli: Cli) {
  return newCommand("demo", "play a year of flights through the whole program: drift, alerts, a retraining", [
    "demo",
    "demo --until 2013-10-01 --no-keep-open --json",
  ])
    .addOption(new Option("--port <port>", "serve its pages on this port (default: 8080)").argParser(portNumber))
    .option("--until <date>", "stop the story on this day")
    .option("--no-keep-open", "end when the story is told, instead of serving its pages until interrupted")
    .addOption(jsonOption("what happened as JSON lines"))
    .action(
      action(cli, async ({ port, keepOpen, until, json = false }: DemoOptions & Global) =>
        exitCodeOf(
          await cli.io.runDemo({ keepOpen, json, ...(port === undefined ? {} : { port }), ...(until === undefined ? {} : { until }) }),
        ),
      ),
    );
}

function exitCodeOf(result: unknown): number {
  return typeof result === "number" ? result : 0;
}
