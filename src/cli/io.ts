import type { Environment } from "../config/substitute-env.ts";
import type { Log } from "../log.ts";
import type { Config, NativeTopics } from "../model/settings.ts";
import type { Clock } from "../model/time.ts";
import type { Connection } from "./connection.ts";

/** Where text goes, and how wide it may be; `columns` is null where nobody reads along. */
export type Sink = {
  write(text: string): void;
  /** Resolves when what was written has gone out, so that much can be written in little memory. */
  readonly drained?: () => Promise<void>;
  readonly columns: number | null;
};

/** Everything a command touches beside files: handed in, so that a test can run the whole command line. */
export type Io = {
  readonly stdout: Sink;
  readonly stderr: Sink & { /** For a progress bar; null when it is no terminal. */ readonly terminal: NodeJS.WritableStream | null };
  readonly env: Environment;
  readonly now: Clock;
  connect(config: Config, options: { log: Log }): Promise<Connection>;
  runDaemon(options: DaemonOptions): Promise<unknown>;
  runDemo(options: DemoOptions): Promise<unknown>;
  playToKafka(options: KafkaDemoOptions): Promise<unknown>;
};

type DaemonOptions = { configFile: string; env: Environment; host?: string; port?: number };
type KafkaDemoOptions = { brokers: readonly string[]; topics: NativeTopics; until?: string; json: boolean };
type DemoOptions = { port?: number; keepOpen: boolean; until?: string; json: boolean };
