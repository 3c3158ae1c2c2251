import { randomBytes } from "node:crypto";
import { createAlertEngine } from "./alerting/engine.ts";
import { createOutbox, type Outbox } from "./alerting/outbox.ts";
import { createRefresh } from "./alerting/refresh.ts";
import { ruleHash } from "./alerting/rule-hash.ts";
import { STATISTICS } from "./cli/statistics.ts";
import { VERSION } from "./cli/version.ts";
import { whyBehind } from "./ingest/behind.ts";
import { openBaselineFile } from "./ingest/baseline-file.ts";
import { precedenceNumber, predictionPrecedence } from "./ingest/identity.ts";
import { createDeadLetterTopic } from "./ingest/kafka-dead-letters.ts";
import { createKafkaSource } from "./ingest/kafka-source.ts";
import { createPipeline, type Pipeline } from "./ingest/pipeline.ts";
import { createReplay, REPLAYED, type Replay } from "./ingest/replay.ts";
import type { EventSource } from "./ingest/source.ts";
import { createSources } from "./ingest/sources.ts";
import { createWatermarks, type Watermarks } from "./ingest/watermark.ts";
import type { Log } from "./log.ts";
import { whyNotReady, whyStalled } from "./metrics/health.ts";
import { createMetrics, type Metrics } from "./metrics/metrics.ts";
import type { Transition } from "./model/alert.ts";
import type { Config } from "./model/settings.ts";
import type { Grid } from "./model/grid.ts";
import { SECOND, type Clock, type Millis, type Window } from "./model/time.ts";
import { compareVersions } from "./monitor/compare.ts";
import { createMonitor, type Monitor, type TickResult } from "./monitor/monitor.ts";
import { createPasses } from "./monitor/passes.ts";
import { createCall } from "./notify/guarded-call.ts";
import { createHeartbeat } from "./notify/heartbeat.ts";
import { createNotifiers } from "./notify/notifier.ts";
import { createSignedPost } from "./notify/signed-post.ts";
import { repeat } from "./repeat.ts";
import { createLaunchers } from "./retrain/launchers.ts";
import { createRetrainer, type Retrainer } from "./retrain/retrainer.ts";
import { storeUntil } from "./store/until.ts";
import { readStatuses } from "./store/alerts.ts";
import { openStore } from "./store/open.ts";
import { newestLabelTime } from "./store/labels.ts";
import { newestPredictionTime } from "./store/predictions.ts";
import type { Store } from "./store/store.ts";
import { createSequence } from "./store/touched-buckets.ts";

/** How often what a retraining came to is asked. */
const FOLLOW_EVERY = 5 * SECOND;

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
  readonly replay: Replay;
  readonly monitor: Monitor;
  readonly watermarks: Watermarks;
  readonly sources: readonly EventSource[];
  readonly outbox: Outbox;
  readonly retrainer: Retrainer;
  readonly metrics: Pick<Metrics, "scrape">;
  readonly localToken: string;
  /** One pass: count, measure, judge, decide. Passes never overlap. */
  tick(): Promise<TickResult>;
  /** Makes new bins of a model, between two passes; null with too few rows in that stretch. */
  rebuild(model: string, live: Window): Promise<Grid | null>;
  watermark(model: string): Millis | null;
  /** Baselines are loaded and sources run. */
  isStarted(): boolean;
  /** Why it does not do its work, in sentences; nothing when it does. */
  whyNotReady(): readonly string[];
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
  const metrics = createMetrics({ config, version: VERSION, clock });
  const store = metrics.observed(await openStore(config.store));
  const nextSequence = await createSequence(store, clock);

  const watermarks = createWatermarks({ models: config.models, liveClock, startedAt: clock() });
  for (const model of config.models.keys()) {
    watermarks.seed(model, await newestPredictionTime(store, model));
    watermarks.seed(model, await newestLabelTime(store, model));
  }
  const watermark = (model: string) => watermarks.watermark(model, clock());

  const deadLetters =
    effects && config.kafka?.deadLetters
      ? createDeadLetterTopic({ settings: config.kafka, topic: config.kafka.deadLetters.topic, log, now: clock })
      : null;
  const pipeline = createPipeline({
    store,
    models: config.models,
    adapters: config.adapters,
    clock,
    liveClock,
    log,
    nextSequence,
    ...(deadLetters === null ? {} : { onRefused: deadLetters.send }),
    onStored: (stored) => {
      for (const { partition, model, newest } of stored) watermarks.observe(partition, model, newest, clock());
    },
  });

  const replayLetters = createReplay({
    store,
    pipeline,
    models: config.models,
    adapters: config.adapters,
    liveClock,
    kafka: config.kafka,
    clock,
    log,
  });
  const replay: Replay = async (query) => {
    const result = await replayLetters(query);
    // What came again is all there is: nothing further waits behind it.
    if (!query.dryRun) watermarks.progress(REPLAYED, true, clock());
    return result;
  };

  const engine = createAlertEngine({
    store,
    rules: config.rules,
    tools: STATISTICS,
    maintenance: config.maintenance ?? [],
    measure: (query) => monitor.measure(query),
    clock,
    log,
    ruleHash,
  });
  let stopping = false;
  const isStopping = () => stopping;
  const call = createCall(config.outgoing);
  const post = createSignedPost(call);
  const link = (model: string) => {
    const url = options.link?.() ?? config.http.publicUrl;
    return url === null ? null : `${url}/models/${encodeURIComponent(model)}`;
  };
  const retrainer = createRetrainer({
    store,
    models: config.models,
    settings: config.retraining,
    launchers: createLaunchers(config.retraining, { call, post }),
    call,
    launches: effects,
    clock,
    liveClock,
    watermark,
    compare: (settings, query) => compareVersions({ store, settings, watermark: watermark(settings.name) }, query),
    closeAlerts: async (version) => note(await engine.closeReplaced(version)),
    link,
    publicUrl: () => options.link?.() ?? config.http.publicUrl,
    log,
    isStopping,
    onChanged: metrics.decided,
  });
  const notifiers = createNotifiers(config.channels, { call, post });
  const outbox = createOutbox({
    store,
    channels: notifiers,
    repeatEvery: new Map([...config.channels].map(([name, { repeatEvery }]) => [name, repeatEvery])),
    // Events that are their own clock are never late by it.
    behind: (model) => (liveClock ? behind(model) : null),
    clock,
    log,
    link,
    onAttempt: metrics.told,
  });
  const forgetful = new Map([...notifiers].filter(([name]) => config.channels.get(name)?.type === "alertmanager"));
  const refresh = createRefresh({ store, channels: forgetful, clock, log, link });
  const heartbeat = config.heartbeat === null ? null : createHeartbeat({ settings: config.heartbeat, call, whyNot: whyNotWorking, log });

  /** What changed in the pass that is under way: told of at its end, so that a stretch that is caught up with is told of as it ended. */
  const changes: Transition[] = [];
  const monitor = createMonitor({
    // A pass may be cut off after any statement, so a program that is told to end waits for one, not for all.
    store: storeUntil(store, isStopping),
    models: config.models,
    rules: config.rules,
    openBaseline: (location, model) => openBaselineFile(location, model, clock),
    precedence: (row) => String(precedenceNumber(predictionPrecedence(row.prediction))),
    watermark,
    nextSequence,
    onMeasured: async (window) => tell(await engine.evaluate(window)),
    onRevised: async (windows) => tell(await engine.revise(windows)),
    onDone: metrics.ticks.done,
    // Events that are their own clock must lead to the same alerts each time.
    settlePatience: liveClock ? 20 : 0,
    onSuperseded: pipeline.noteConflicts,
    isStopping,
    clock,
    log,
  });

  function note(transitions: readonly Transition[]): void {
    metrics.alerts.changed(transitions);
    if (transitions.length > 0) onTransitions(transitions);
    if (effects) changes.push(...transitions);
  }

  async function tell(transitions: readonly Transition[]): Promise<void> {
    note(transitions);
    if (effects) await retrainer.consider(transitions);
  }

  const answers = () =>
    store.query("SELECT 1").then(
      () => true,
      () => false,
    );
  const eventSources =
    options.sources ?? (config.kafka ? [createKafkaSource({ settings: config.kafka, log, onFatal, now: clock, isReady: answers })] : []);
  const sources = createSources({ sources: eventSources, watermarks, clock });
  const passes = createPasses({
    store,
    prepare: async () => {
      sources.noteProgress();
      await sweep();
    },
    pass: () => monitor.tick(),
    progress: sources.progress,
    onEnded: (pass) => {
      outbox.add(changes.splice(0));
      metrics.ticks.ended(pass);
    },
    isStopping,
    clock,
    log,
  });

  /** What waited in vain is looked for beside the measuring, and is no reason not to measure. */
  async function sweep(): Promise<void> {
    try {
      await pipeline.sweep();
    } catch (error) {
      log.error("halves that wait could not be looked at", { error: error instanceof Error ? error.message : String(error) });
    }
  }

  let started = false;
  const loops: Promise<void>[] = [];

  async function start(): Promise<void> {
    if (effects) {
      outbox.start(SECOND);
      refresh.start();
      heartbeat?.start();
    }
    const closed = effects ? await engine.closeUnwatched(new Set(config.models.keys())) : [];
    metrics.alerts.begin(await readStatuses(store));
    if (closed.length > 0) onTransitions(closed);
    outbox.add(closed);
    await monitor.start();
    if (effects) await retrainer.start();
    await sources.start(pipeline.ingest);
    started = true;
    if (tickEvery === null) return;
    const loop = { isStopping, log };
    loops.push(repeat({ ...loop, every: tickEvery, what: "a monitoring pass", run: passes.tick }));
    if (effects && config.retraining.size > 0)
      loops.push(repeat({ ...loop, every: FOLLOW_EVERY, what: "following retraining", run: retrainer.follow }));
  }

  let stopped: Promise<void> | null = null;
  function stop(): Promise<void> {
    stopped ??= stopOnce();
    return stopped;
  }

  async function stopOnce(): Promise<void> {
    stopping = true;
    await sources.stop();
    await pipeline.close();
    await deadLetters?.close();
    await Promise.all(loops);
    await passes.settle();
    await heartbeat?.stop();
    await refresh.stop();
    await outbox.stop();
    await metrics.close();
    await store.close();
  }

  function behind(model: string): string | null {
    const settings = config.models.get(model);
    if (!settings) return null;
    return whyBehind({
      sources: sources.statuses(),
      watermark: watermark(model),
      lateness: settings.lateness,
      bucket: settings.bucket,
      now: clock(),
    });
  }

  const notReady = () => whyNotReady(started, sources.statuses());

  /** Beside what keeps it from being ready: passes and deliveries that are due and do not come. */
  function whyNotWorking(): string[] {
    return [...notReady(), ...whyStalled(clock(), { passedAt: passes.passedAt(), toldAt: outbox.workedAt() })];
  }

  metrics.readFrom({
    store,
    ingested: () => ({ ...pipeline.counters(), unpaired: pipeline.unpaired(), unsentLetters: deadLetters?.unsent() ?? 0 }),
    sources: sources.statuses,
    watermark,
    waiting: () => outbox.waiting(),
    isReady: () => notReady().length === 0,
  });

  return {
    config,
    store,
    pipeline,
    replay,
    monitor,
    watermarks,
    sources: eventSources,
    outbox,
    retrainer,
    metrics,
    localToken: `dw_${randomBytes(32).toString("base64url")}`,
    tick: passes.tick,
    rebuild: (model, live) => passes.inTurn(() => monitor.rebuild(model, live)),
    watermark,
    isStarted: () => started,
    whyNotReady: notReady,
    start,
    stop,
  };
}
