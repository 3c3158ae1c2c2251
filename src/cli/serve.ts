import type { Hono } from "hono";
import type { App } from "../app.ts";
import { createApi } from "../api/api.ts";
import { startServer, type RunningServer } from "../api/server.ts";
import type { DaemonStatus } from "../api/dependencies.ts";
import { boundHeaders } from "../ingest/source.ts";
import { statusesOf } from "../ingest/sources.ts";
import type { Log } from "../log.ts";
import { compareVersions } from "../monitor/compare.ts";
import { reportHtml, reportJson } from "../report/html.ts";
import { modelReport } from "../report/report.ts";
import { swapAdvice } from "../retrain/swap.ts";
import { createPages } from "../web/pages.ts";
import { instanceOf } from "./daemon-file.ts";
import { backtestOf } from "./play-backtest.ts";
import { VERSION } from "./version.ts";

export type SiteOptions = {
  readonly log: Log;
  /** More places to go, in the pages' navigation. */
  readonly links?: readonly { readonly text: string; readonly href: string }[];
};

/** The API and the pages of an app, as one Hono app: served over HTTP by a daemon, called directly by commands. */
export function createSite(app: App, { log, links = [] }: SiteOptions): Hono {
  const { config, store, pipeline, monitor } = app;
  const status = () => statusOf(app);
  return createApi({
    store,
    models: config.models,
    rules: config.rules,
    tokens: config.http.tokens,
    localToken: app.localToken,
    instance: instanceOf(app.localToken),
    ingest: async (messages) => {
      const result = await pipeline.ingest(
        messages.map(({ bytes, index, adapter, headers }) => ({
          origin: { source: "http", topic: "", partition: 0, offset: String(index) },
          bytes,
          timestamp: null,
          ...(adapter === undefined ? {} : { adapter }),
          ...(headers === undefined ? {} : { headers: boundHeaders(headers) }),
        })),
      );
      // A request is all there is: nothing further waits behind it.
      app.watermarks.progress("http", true, Date.now());
      return result;
    },
    replay: app.replay,
    adapters: config.adapters,
    cloudevents: config.http.cloudevents,
    measure: monitor.measure,
    withExactValues: monitor.withExactValues,
    changes: monitor.changes,
    explainSegments: monitor.explainSegments,
    suggestConstraints: monitor.suggestConstraints,
    rebuild: app.rebuild,
    backtest: backtestOf(app),
    compare: (settings, query) => compareVersions({ store, settings, watermark: app.watermark(settings.name) }, query),
    report: async ({ model, ...query }) => {
      const report = await modelReport({ store, model, ...query });
      return { json: reportJson(report), html: () => reportHtml(report) };
    },
    retraining: {
      settings: config.retraining,
      retrainer: app.retrainer,
      swapAdvice: (run) => {
        const [model, own] = [config.models.get(run.model), config.retraining.get(run.model)];
        return model && own ? swapAdvice(run, model, own) : null;
      },
    },
    status,
    metrics: app.metrics.scrape,
    clock: Date.now,
    log,
    version: VERSION,
    pages: createPages({
      store,
      models: config.models,
      measure: monitor.measure,
      report: ({ model, ...query }) => modelReport({ store, model, ...query }),
      status,
      clock: Date.now,
      extra: { links },
    }),
  });
}

export function serveApp(app: App, options: SiteOptions & { host: string; port: number }): Promise<RunningServer> {
  return startServer({ app: createSite(app, options), host: options.host, port: options.port, log: options.log });
}

function statusOf(app: App): DaemonStatus {
  const reasons = app.whyNotReady();
  return {
    ready: reasons.length === 0,
    reasons,
    watermarks: new Map([...app.config.models.keys()].map((model) => [model, app.watermark(model)])),
    ingest: { ...app.pipeline.counters(), unpaired: app.pipeline.unpaired() },
    sources: statusesOf(app.sources),
  };
}
