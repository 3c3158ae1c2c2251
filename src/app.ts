import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createAlertEngine } from "./alerting/engine.ts";
import { createOutbox, type Outbox } from "./alerting/outbox.ts";
import { ruleHash } from "./alerting/rule-hash.ts";
import { openBaselineFile } from "./ingest/baseline-file.ts";
import { predictionPrecedence } from "./ingest/identity.ts";
import { createKafkaSource } from "./ingest/kafka-source.ts";
import { createPipeline, type Pipeline } from "./ingest/pipeline.ts";
import type { EventSource } from "./ingest/source.ts";
import { createWatermarks, type Watermarks } from "./ingest/watermark.ts";
import type { Log } from "./log.ts";
import type { Transition } from "./model/alert.ts";
import type { Config } from "./model/settings.ts";
import { SECOND, type Clock, type Millis } from "./model/time.ts";
import { createMonitor, type Monitor, type TickResult } from "./monitor/monitor.ts";
import { createNotifiers } from "./notify/notifier.ts";
import { createSignedPost } from "./notify/signed-post.ts";
import { createLaunchers } from "./retrain/launch-webhook.ts";
import { createRetrainer } from "./retrain/retrainer.ts";
import { benjaminiHochberg } from "./stats/benjamini-hochberg.ts";
import { openStore } from "./store/open.ts";
import { newestLabelTime } from "./store/labels.ts";
import { newestPredictionTime } from "./store/predictions.ts";
import type { Store } from "./store/store.ts";
import { createSequence } from "./store/touched-buckets.ts";

export type AppOptions = {
  readonly clock?: Clock;
  readonly log: Log;
  /** Sources of events beside HTTP; those of the configuration when not given. */
  readonly sources?: readonly EventSource[];
  /** How often touched buckets are counted and due windows measured; null when the caller ticks. */
  readonly tickEvery?: Millis | null;
  /** Told of every alert that changed, once it is stored. */
  readonly onTransitions?: (transitions: readonly Transition[]) => void;
  /** Something that cannot heal went wrong: the process should end. */
  readonly onFatal?: (error: Error) => void;
  /** Notify and retrain; false for a command that opens the store for a question: what it finds is told by the daemon. */
  readonly effects?: boolean;
  /** Where notifications link to. */
  readonly link?: () => string | null;
};

export type App = {
  readonly config: Config;
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly monitor: Monitor;
  readonly watermarks: Watermarks;
  readonly sources: readonly EventSource[];
  readonly outbox: Outbox;
  readonly localToken: string;
  /** One pass: count, measure, judge, decide. Passes never overlap. */
  tick(): Promise<TickResult>;
  watermark(model: string): Millis | null;
  /** Baselines are loaded and sources run. */
  isStarted(): boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * The whole program as a value: everything is made and tied together here, in one straight line, and nowhere else.
 * Rooms do not know each other; what one needs of another is handed to it below.
 */
export async function createApp(config: Config, options: AppOptions): Promise<App> {
  const { log, onTransitions = () => {}, onFatal = () => {}, tickEvery = 2 * SECOND, effects = true } = options;
  const clock = options.clock ?? Date.now;
  const liveClock = config.clock === "live";
  const store = await openStore(config.store);
  const nextSequence = await createSequence(store, clock);

  const watermarks = createWatermarks({ models: config.models, liveClock, startedAt: clock() });
  for (const model of config.models.keys()) {
    watermarks.seed(model, await newestPredictionTime(store, model));
    watermarks.seed(model, await newestLabelTime(store, model));
  }
  const watermark = (model: string) => watermarks.watermark(model, clock());

  const pipeline = createPipeline({
    store,
    models: config.models,
    clock,
    liveClock,
    log,
    onStored: (stored) => {
      for (const { partition, model, newest } of stored) watermarks.observe(partition, model, newest, clock());
    },
  });

  const engine = createAlertEngine({ store, rules: config.rules, adjust: benjaminiHochberg, clock, log, ruleHash });
  let stopping = false;
  const post = createSignedPost();
  const link = (model: string) => {
    const url = options.link?.() ?? config.http.publicUrl;
    return url === null ? null : `${url}/models/${encodeURIComponent(model)}`;
  };
  const retrainer = createRetrainer({
    store,
    settings: config.retraining,
    launchers: createLaunchers(config.retraining, { post, link }),
    clock,
    log,
  });
  const outbox = createOutbox({ store, channels: createNotifiers(config.channels), clock, log, link });

  const monitor = createMonitor({
    store,
    models: config.models,
    rules: config.rules,
    openBaseline: (file, model) => openBaselineFile(file, model, clock),
    precedence: (row) => predictionPrecedence(row.prediction),
    watermark,
    nextSequence,
    onMeasured: async (window) => {
      const transitions = await engine.evaluate(window);
      if (transitions.length > 0) onTransitions(transitions);
      if (!effects) return;
      outbox.add(transitions);
      await retrainer.consider(transitions);
    },
    isStopping: () => stopping,
    clock,
    log,
  });

  const sources = options.sources ?? (config.kafka ? [createKafkaSource({ settings: config.kafka, log, onFatal, now: clock })] : []);
  let ticking: Promise<unknown> = Promise.resolve();
  let started = false;
  let assigned: ReadonlySet<string> = new Set();
  let loop: Promise<void> | null = null;

  function tick(): Promise<TickResult> {
    const run = async () => {
      noteProgress();
      return monitor.tick();
    };
    const next = ticking.then(run, run);
    ticking = next.catch(() => {});
    return next;
  }

  /** Partitions without messages hold nothing back: the sources say which are drained, and which are theirs. */
  function noteProgress(): void {
    const current = sources.flatMap((source) => source.status().partitions);
    for (const { key, drained } of current) watermarks.progress(key, drained, clock());
    const keys = new Set(current.map(({ key }) => key));
    // What another process reads now must not hold this one's windows open.
    for (const key of assigned) if (!keys.has(key)) watermarks.forget(key);
    assigned = keys;
  }

  async function tickForever(every: Millis): Promise<void> {
    while (!stopping) {
      try {
        await tick();
      } catch (error) {
        log.error("a monitoring pass failed and will be tried again", { error: error instanceof Error ? error.message : String(error) });
      }
      const until = clock() + every;
      while (!stopping && clock() < until) await sleep(Math.min(100, every));
    }
  }

  async function start(): Promise<void> {
    if (effects) outbox.start(SECOND);
    await monitor.start();
    if (effects) await retrainer.start();
    for (const source of sources) {
      await source.start(async (messages, partition) => {
        await pipeline.ingest(messages);
        watermarks.progress(partition.key, partition.drained, clock());
      });
    }
    started = true;
    if (tickEvery !== null) loop = tickForever(tickEvery);
  }

  let stopped: Promise<void> | null = null;
  function stop(): Promise<void> {
    stopped ??= stopOnce();
    return stopped;
  }

  async function stopOnce(): Promise<void> {
    stopping = true;
    for (const source of sources) await source.stop();
    await pipeline.close();
    await loop;
    await ticking;
    await outbox.stop();
    await store.close();
  }

  return {
    config,
    store,
    pipeline,
    monitor,
    watermarks,
    sources,
    outbox,
    localToken: `dw_${randomBytes(32).toString("base64url")}`,
    tick,
    watermark,
    isStarted: () => started,
    start,
    stop,
  };
}
