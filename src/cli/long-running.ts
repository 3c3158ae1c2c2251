import { InvalidArgumentError, Option } from "commander";
import { BROKER } from "../config/schema.ts";
import { action, jsonOption, newCommand, portNumber, type Cli, type Global } from "./command.ts";
import { configFile } from "./settings.ts";

type RunOptions = { readonly host?: string; readonly port?: number };
type DemoOptions = {
  readonly port?: number;
  readonly keepOpen: boolean;
  readonly until?: string;
  readonly json?: boolean;
  readonly kafka?: readonly string[];
};

/** Where a daemon reads that is not told otherwise. */
const TOPICS = { predictions: "driftwatch.predictions", labels: "driftwatch.labels" };

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
    "demo --kafka localhost:9092",
  ])
    .addOption(new Option("--port <port>", "serve its pages on this port (default: 8080)").argParser(portNumber))
    .option("--until <date>", "stop the story on this day")
    .addOption(
      new Option(
        "--kafka <host:port,...>",
        `play it into Kafka instead, for a daemon that reads ${TOPICS.predictions} and ${TOPICS.labels}`,
      )
        .argParser(brokers)
        .conflicts("port"),
    )
    .option("--no-keep-open", "end when the story is told, instead of serving its pages until interrupted")
    .addOption(jsonOption("what happened as JSON lines"))
    .action(
      action(cli, async ({ port, keepOpen, until, json = false, kafka }: DemoOptions & Global) => {
        const story = { json, ...(until === undefined ? {} : { until }) };
        return exitCodeOf(
          kafka === undefined
            ? await cli.io.runDemo({ ...story, keepOpen, ...(port === undefined ? {} : { port }) })
            : await cli.io.playToKafka({ ...story, brokers: kafka, topics: TOPICS }),
        );
      }),
    );
}

function brokers(text: string): string[] {
  const list = text.split(",");
  if (!list.every((broker) => BROKER.test(broker)))
    throw new InvalidArgumentError("Expected host:port, or several with commas between: localhost:9092");
  return list;
}

function exitCodeOf(result: unknown): number {
  return typeof result === "number" ? result : 0;
}
