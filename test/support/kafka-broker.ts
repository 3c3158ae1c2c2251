import { execFile, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import kafkajs from "kafkajs";

const ROOT = path.resolve(import.meta.dirname, "../..");
const POM = path.join(import.meta.dirname, "kafka/pom.xml");
const KAFKA_VERSION = process.env["KAFKA_VERSION"] ?? "4.3.0";
const LIBS = path.join(ROOT, ".cache/kafka", KAFKA_VERSION, "libs");
const READY_WITHIN_MS = 90_000;

export type KafkaBroker = {
  readonly brokers: readonly string[];
  /** The process that holds the broker; null for one that was there before us. */
  readonly pid: number | null;
  stop(): Promise<void>;
};

/** Why no broker can be had on this machine, or null. With CI set that is an error: there, nothing may be skipped. */
export function kafkaUnavailable(): string | null {
  return process.env["KAFKA_BROKERS"] ? null : ownBrokerUnavailable();
}

/** The same of a broker of our own, where one that is there already does not do. */
export function ownBrokerUnavailable(): string | null {
  const has = (command: string) => !spawnSync(command, ["-version"], { stdio: "ignore" }).error;
  const missing = !has("java") ? "java" : !existsSync(LIBS) && !has("mvn") ? "mvn" : null;
  if (missing === null) return null;
  const reason = `no Kafka to test with: set KAFKA_BROKERS, or install Java 17 and Maven (${missing} was not found)`;
  if (process.env["CI"]) throw new Error(reason);
  return reason;
}

/** The broker of KAFKA_BROKERS, or one of our own on free ports with an empty data directory. */
export async function startKafkaBroker(): Promise<KafkaBroker> {
  const given = process.env["KAFKA_BROKERS"];
  if (given) return { brokers: given.split(","), pid: null, stop: async () => {} };
  const [port, controllerPort] = await freePorts();
  return startBrokerWith([`127.0.0.1:${port}`], (logs) => serverProperties(port, controllerPort, logs));
}

/** A broker of our own, with settings made for the directory of its logs, that is to answer at `brokers`. */
export async function startBrokerWith(
  brokers: readonly string[],
  propertiesFor: (logs: string) => Readonly<Record<string, string>>,
  formatArguments: readonly string[] = [],
): Promise<KafkaBroker> {
  await fetchJars();
  const data = await mkdtemp(path.join(tmpdir(), "driftwatch-kafka-"));
  const properties = Object.entries(propertiesFor(path.join(data, "logs"))).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(path.join(data, "server.properties"), properties.join(""));

  // In a session of its own, so that Ctrl-C does not reach it: only the pipe decides, see KEEPER.
  const keeper = spawn("sh", ["-c", KEEPER, "kafka-keeper", data, `${LIBS}/*`, ...formatArguments], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [keeper.stdout, keeper.stderr])
    stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  const exited = new Promise<void>((resolve) => keeper.once("exit", () => resolve()));
  const broker: KafkaBroker = {
    brokers,
    pid: keeper.pid ?? null,
    stop: async () => {
      keeper.stdin.end();
      await exited;
    },
  };
  try {
    await untilReady(broker.brokers, () => keeper.exitCode === null);
  } catch (cause) {
    await broker.stop();
    throw new Error(`the Kafka broker did not start; it said:\n${output}`, { cause });
  }
  return broker;
}

/**
 * Ends the broker when its standard input ends, which the kernel sees to even if whoever started it is killed.
 * The broker's own end is the keeper's too.
 */
const KEEPER = `
data=$1 libs=$2
shift 2
flags='-XX:+UseSerialGC -XX:TieredStopAtLevel=1'
exec 3<&0
java -Xmx64m $flags -cp "$libs" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qk -c "$data/server.properties" "$@" </dev/null 3<&- || exit 1
java -Xms64m -Xmx256m $flags -cp "$libs" kafka.Kafka "$data/server.properties" </dev/null 3<&- &
broker=$!
(
  while read -r line <&3; do :; done
  kill $broker
  for half in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 0.5; kill -0 $broker || exit; done
  kill -9 $broker
) >/dev/null 2>&1 &
watcher=$!
wait $broker
kill $watcher 2>/dev/null
rm -rf "$data"
`;

/** A single broker on two ports, for tests. */
export function serverProperties(port: number, controllerPort: number, logs: string): Record<string, string> {
  return {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": logs,
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    // The default is 6 s, and a test would wait that long for every member it kills.
    "group.min.session.timeout.ms": "100",
  };
}

/** Once a machine: the jars stay in `.cache/kafka`. */
async function fetchJars(): Promise<void> {
  if (existsSync(LIBS)) return;
  await mkdir(path.dirname(LIBS), { recursive: true });
  const half = await mkdtemp(`${LIBS}-`);
  await promisify(execFile)("mvn", [
    "-q",
    "-B",
    "-f",
    POM,
    "dependency:copy-dependencies",
    `-Dkafka.version=${KAFKA_VERSION}`,
    `-DoutputDirectory=${half}`,
  ]);
  // Whoever comes second finds the directory in place, and its own copy superfluous.
  await rename(half, LIBS).catch(() => rm(half, { recursive: true }));
}

/** Ports that were free a moment ago. */
export async function freePorts(): Promise<[number, number, number]> {
  const servers = [createServer(), createServer(), createServer()] as const;
  const ports = await Promise.all(
    servers.map(
      (server) => new Promise<number>((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [ports[0] ?? 0, ports[1] ?? 0, ports[2] ?? 0];
}

async function untilReady(brokers: readonly string[], alive: () => boolean): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], retry: { retries: 0 }, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  const deadline = Date.now() + READY_WITHIN_MS;
  try {
    for (;;) {
      try {
        await admin.connect();
        const { brokers: known } = await admin.describeCluster();
        if (known.length > 0) return;
      } catch (cause) {
        if (!alive() || Date.now() > deadline) throw cause;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await admin.disconnect();
  }
}
