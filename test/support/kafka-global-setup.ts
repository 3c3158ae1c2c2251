import { existsSync, watch } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { startKafkaBroker } from "./kafka-broker.ts";
import type { KafkaBroker } from "./kafka-broker.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A test that needs Kafka puts a file `wanted` here and waits for `state.json`. */
    readonly kafkaDirectory: string;
  }
}

export type KafkaState = { readonly brokers: readonly string[] } | { readonly error: string };

/** One broker a run, started when the first test asks for it: a run without Kafka tests starts no Java. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(path.join(tmpdir(), "driftwatch-kafka-run-"));
  let starting: Promise<KafkaBroker | null> | undefined;

  const start = async (): Promise<KafkaBroker | null> => {
    let broker: KafkaBroker | null = null;
    let state: KafkaState;
    try {
      broker = await startKafkaBroker();
      state = { brokers: broker.brokers };
    } catch (cause) {
      state = { error: cause instanceof Error ? cause.message : String(cause) };
    }
    // Renamed into place: nobody reads half of it.
    await writeFile(path.join(directory, "state.part"), JSON.stringify(state));
    await rename(path.join(directory, "state.part"), path.join(directory, "state.json"));
    return broker;
  };

  const watcher = watch(directory, () => {
    if (existsSync(path.join(directory, "wanted"))) starting ??= start();
  });
  project.provide("kafkaDirectory", directory);

  return async () => {
    watcher.close();
    const broker = await starting;
    await broker?.stop();
    await rm(directory, { recursive: true, force: true });
  };
}
