import { createApi } from "../../src/api/api.ts";
import type { ApiDependencies } from "../../src/api/dependencies.ts";
import type { ModelSettings } from "../../src/model/settings.ts";
import { findChanges } from "../../src/monitor/changes.ts";
import { compareVersions } from "../../src/monitor/compare.ts";
import { reportHtml, reportJson } from "../../src/report/html.ts";
import { modelReport } from "../../src/report/report.ts";
import type { Store } from "../../src/store/store.ts";
import { createPages } from "../../src/web/pages.ts";
import { silentLog } from "../../src/log.ts";
import { exampleRun } from "./retraining.ts";
import { SEED_END } from "./seed.ts";

/** The API and pages over a store, wired as the program wires them; whatever is given replaces a part. */
export function apiOver(store: Store, models: readonly ModelSettings[], changes: Partial<ApiDependencies> = {}) {
  const byName = new Map(models.map((model) => [model.name, model]));
  const status = () => ({
    ready: true,
    reasons: [],
    watermarks: new Map(models.map((model) => [model.name, SEED_END])),
    ingest: { accepted: 3, rejected: new Map([["empty", 1]]) },
    sources: [],
  });
  const measure: ApiDependencies["measure"] = async () => [];
  const pages = createPages({
    store,
    models: byName,
    measure,
    status,
    clock: changes.clock ?? (() => SEED_END),
    report: (query) => modelReport({ store, ...query }),
  });
  const run = exampleRun({ id: "run-1", at: SEED_END });
  const dependencies: ApiDependencies = {
    store,
    models: byName,
    rules: [],
    tokens: [],
    instance: "test",
    localToken: "dw_local",
    ingest: async (messages) => ({ accepted: messages.length, rejected: [] }),
    replay: async () => ({ found: 0, taken: 0, refused: new Map(), unavailable: 0, next: null }),
    adapters: new Map([["kserve", { type: "cloudevents" }]]),
    cloudevents: "kserve",
    retraining: {
      settings: new Map(),
      retrainer: {
        trigger: async () => run,
        approve: async () => run,
        cancel: async () => run,
        opens: async () => false,
        report: async () => run,
        acceptSwap: async () => run,
        switchTo: async () => {},
      },
      swapAdvice: () => null,
    },
    measure,
    withExactValues: async (_model, measurements) => measurements,
    changes: async (query) => {
      const settings = byName.get(query.model);
      const positive = settings?.positive ?? null;
      if (!settings || positive === null) return null;
      return findChanges({ store, settings, outcomeGrid: { task: "binary", positive }, baseline: null, watermark: SEED_END }, query);
    },
    explainSegments: async () => null,
    suggestConstraints: async (_model, baseline) => ({
      baseline,
      sources: [{ version: "", source: "training.ndjson", rows: 90, from: SEED_END - 86_400_000, to: SEED_END }],
      features: [
        {
          constraint: {
            feature: "temp",
            presence: "required",
            type: { is: "number", atMost: 0 },
            missing: 0.02,
            range: { min: 0, max: 9, atMost: 0 },
          },
          facts: [{ rows: 90, missing: 1, anotherType: 0, days: 1, low: 1, high: 8 }],
        },
        {
          constraint: { feature: "carrier", presence: "optional", values: { among: ["DL"], atMost: 0.1 } },
          facts: [{ rows: 90, missing: 80, anotherType: 2, days: 1, distinct: 1, once: 0 }],
        },
      ],
    }),
    backtest: async ({ window }) => ({ window, courses: [] }),
    rebuild: async (model) => ({ model, version: 2, subjects: [] }),
    compare: (settings, query) => compareVersions({ store, settings, watermark: SEED_END }, query),
    report: async (query) => {
      const report = await modelReport({ store, ...query });
      return { json: reportJson(report), html: () => reportHtml(report) };
    },
    status,
    metrics: async () => ({ contentType: "text/plain; version=0.0.4; charset=utf-8", text: "up 1\n" }),
    clock: () => SEED_END,
    log: silentLog,
    version: "0.0.0-test",
    pages,
    ...changes,
  };
  return { app: createApi(dependencies), dependencies };
}
