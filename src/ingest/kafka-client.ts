import { createRequire } from "node:module";
import { setImmediate as nextTurn } from "node:timers/promises";
import kafkajs from "kafkajs";
import type { Kafka, LogEntry } from "kafkajs";
import type { Log } from "../log.ts";
import type { KafkaSettings } from "../model/settings.ts";
import { MINUTE, SECOND } from "../model/time.ts";
import type { Clock, Millis } from "../model/time.ts";
import { decompressLz4, decompressSnappy, decompressZstd, refuseCodec } from "./kafka-codecs.ts";
import type { Decompress } from "./kafka-codecs.ts";
import { securityOf } from "./kafka-security.ts";

/** What it takes to reach the brokers. */
export type KafkaConnection = Pick<KafkaSettings, "brokers" | "clientId" | "ssl" | "sasl">;

type ClientOptions = {
  /** How often one request is tried again before it fails. */
  readonly retries: number;
  /** Whether a consumer that crashed for a passing reason is to come back. */
  readonly restart: () => boolean;
  readonly log: Log;
  readonly now: Clock;
};

/** A kafkajs client that reads every compression, logs through `log` and lets an idle process sleep. */
export function createKafkaClient(settings: KafkaConnection, { retries, restart, log, now }: ClientOptions): Kafka {
  prepareKafkajs();
  return new kafkajs.Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    ...securityOf(settings),
    connectionTimeout: 3 * SECOND,
    // All spelled out: kafkajs has other defaults where NODE_ENV is "test".
    retry: {
      initialRetryTime: 300,
      factor: 0.2,
      multiplier: 2,
      maxRetryTime: 5 * SECOND,
      retries,
      restartOnFailure: async () => restart(),
    },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => relayLog(log, now),
  });
}

/** What kafkajs says, as our lines: one a minute for each message, for a lost broker makes it talk without end. */
function relayLog(log: Log, now: Clock): (entry: LogEntry) => void {
  const heard = new Map<string, { at: Millis; suppressed: number }>();
  return ({ level, namespace, log: entry }) => {
    const facts: Record<string, string | number> = {};
    for (const name of ["error", "broker", "groupId", "topic", "partition", "retryCount"]) {
      const value: unknown = entry[name];
      if (typeof value === "string" || typeof value === "number") facts[name] = value;
    }
    const id = `${namespace} ${entry.message} ${facts["error"] ?? ""}`;
    const last = heard.get(id);
    if (last && now() - last.at < MINUTE) {
      last.suppressed += 1;
      return;
    }
    if (heard.size >= 100) heard.clear();
    heard.set(id, { at: now(), suppressed: 0 });
    if (last && last.suppressed > 0) facts["suppressed"] = last.suppressed;
    // To kafkajs every rebalance is an error; to a group it is daily life.
    const harmless = /rebalanc/i.test(id);
    log[harmless ? "info" : level === kafkajs.logLevel.ERROR ? "error" : "warn"](`kafka: ${entry.message}`, { ...facts, from: namespace });
  };
}

let prepared = false;

function prepareKafkajs(): void {
  if (prepared) return;
  prepared = true;
  const readOnly = (decompress: Decompress) => () => ({
    // One batch of records a turn of the event loop: kafkajs itself never gives way.
    decompress: async (compressed: Buffer) => {
      await nextTurn();
      return decompress(compressed);
    },
    compress: () => Promise.reject(new Error("driftwatch reads this compression and does not write it")),
  });
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = readOnly(decompressSnappy);
  CompressionCodecs[CompressionTypes.LZ4] = readOnly(decompressLz4);
  CompressionCodecs[CompressionTypes.ZSTD] = readOnly(decompressZstd);
  // There are four. Of any other kafkajs would take the compressed bytes for messages.
  for (const codec of [5, 6, 7]) CompressionCodecs[codec as 1] = () => refuseCodec(`the compression number ${codec} of Kafka`);

  // An idle connection of kafkajs 2.2.4 wakes up every millisecond, for ever (kafkajs issues 1751 and 1768).
  type Queue = { pending: unknown[]; throttledUntil: number; scheduleCheckPendingRequests(): void };
  const { prototype } = createRequire(import.meta.url)("kafkajs/src/network/requestQueue") as { prototype: Queue };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: Queue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
