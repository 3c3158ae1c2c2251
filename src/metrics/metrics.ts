import { Registry } from "prom-client";
import type { Delivery, Transition } from "../model/alert.ts";
import type { RetrainRun } from "../model/retraining.ts";
import type { Config } from "../model/settings.ts";
import type { Clock, Millis } from "../model/time.ts";
import type { Store } from "../store/store.ts";
import { registerAlerts, registerNotifications, registerOutbox, type AlertMeters } from "./alerting.ts";
import { registerIngestion, type Ingested } from "./ingestion.ts";
import { registerGauge } from "./kept-elsewhere.ts";
import { registerProcess } from "./process.ts";
import { registerRetraining } from "./retraining.ts";
import { registerSources, registerWatermarks, type Source } from "./sources.ts";
import { registerDiskUse, registerStore } from "./store.ts";
import { registerTicks, type TickMeters } from "./ticks.ts";

/** What the other rooms know of themselves, asked for at every scrape: it must be at hand, without a question to the store. */
export type Readings = {
  readonly store: Store;
  readonly ingested: () => Ingested;
  readonly sources: () => readonly Source[];
  readonly watermark: (model: string) => Millis | null;
  /** What each channel has still to be told of. */
  readonly waiting: () => ReadonlyMap<string, readonly Transition[]>;
  readonly isReady: () => boolean;
};

export type Metrics = {
  /** The same store, counted. */
  readonly observed: (store: Store) => Store;
  readonly ticks: TickMeters;
  readonly alerts: AlertMeters;
  readonly told: (channel: string, outcome: Delivery["outcome"]) => void;
  readonly decided: (run: RetrainRun) => void;
  /** Says where to read what is kept elsewhere. Call once. */
  readFrom(readings: Readings): void;
  /** Everything, in the text format of Prometheus. */
  scrape(): Promise<Scrape>;
  /** Resolves once nothing is asked of the store any more; nothing is shown from then on. */
  close(): Promise<void>;
};

export type Scrape = { readonly contentType: string; readonly text: string };

/**
 * What this process has done and how it is, for Prometheus. Counters count effects: what is stored, sent, decided.
 * Labels come from the configuration and from what the program itself names, never from events.
 */
export function createMetrics({
  config,
  version,
  clock,
}: {
  config: Pick<Config, "models" | "rules" | "channels" | "retraining">;
  version: string;
  clock: Clock;
}): Metrics {
  const registry = new Registry();
  const models = [...config.models.keys()];
  const channels = [...config.channels.keys()];
  registerProcess(registry, version);
  let settled = () => Promise.resolve();

  return {
    observed: registerStore(registry),
    ticks: registerTicks(registry),
    alerts: registerAlerts(registry, models, config.rules),
    told: registerNotifications(registry, channels),
    decided: registerRetraining(registry, [...config.retraining.keys()]),
    readFrom({ store, ingested, sources, watermark, waiting, isReady }) {
      registerGauge(
        registry,
        { name: "driftwatch_ready", help: "Whether baselines are loaded and all sources are read without an error: 1 or 0." },
        () => [{ value: isReady() ? 1 : 0 }],
      );
      registerIngestion(registry, ingested);
      registerSources(registry, sources);
      registerWatermarks(registry, models, watermark);
      registerOutbox(registry, channels, waiting);
      settled = registerDiskUse(registry, store, clock).settled;
    },
    scrape: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    async close() {
      registry.clear();
      await settled();
    },
  };
}
