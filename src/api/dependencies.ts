import type { Hono } from "hono";
import type { Log } from "../log.ts";
import type { Backtest } from "../model/backtest.ts";
import type { Changes, ChangesQuery } from "../model/change.ts";
import type { Comparison, ComparisonQuery } from "../model/comparison.ts";
import type { Suggestion } from "../model/constraint.ts";
import type { RejectReason } from "../model/event.ts";
import type { Measurement, MeasureQuery } from "../model/measurement.ts";
import type { Rule } from "../model/rule.ts";
import type { SegmentAnswer, SegmentQuestion } from "../model/segment-search.ts";
import type { RetrainControl, RetrainRun, SwapAdvice } from "../model/retraining.ts";
import type { AdapterSettings, HttpSettings, ModelSettings, RetrainingSettings } from "../model/settings.ts";
import type { Grid } from "../model/grid.ts";
import type { Clock, Millis, Window } from "../model/time.ts";
import type { OpenPlace } from "../store/dead-letters.ts";
import type { Store } from "../store/store.ts";
import { Problem, quoted } from "./problem.ts";

export type DaemonStatus = {
  readonly ready: boolean;
  /** Why it is not ready, in sentences. */
  readonly reasons: readonly string[];
  readonly watermarks: ReadonlyMap<string, Millis | null>;
  readonly ingest: object;
  readonly sources: readonly object[];
};

/** One event of a request, or what an adapter makes events of. */
export type IncomingMessage = {
  readonly bytes: Uint8Array;
  readonly index: number;
  readonly adapter?: string;
  readonly headers?: Iterable<readonly [name: string, value: string]>;
};

export type ApiDependencies = {
  readonly store: Store;
  readonly models: ReadonlyMap<string, ModelSettings>;
  readonly rules: readonly Rule[];
  readonly tokens: HttpSettings["tokens"];
  /** The token in `daemon.json`, which may do everything. */
  readonly localToken: string | null;
  /** Tells this process from any other that may answer at its address; no secret. */
  readonly instance: string;
  /** Resolves once the events are durable. */
  readonly ingest: (messages: readonly IncomingMessage[]) => Promise<{
    readonly accepted: number;
    readonly rejected: readonly { readonly index: number; readonly reason: RejectReason; readonly message: string }[];
  }>;
  /** Takes dead letters again. */
  readonly replay: (query: {
    readonly reason?: RejectReason | undefined;
    readonly since: Millis;
    readonly before: Millis;
    readonly after: OpenPlace | null;
    readonly dryRun: boolean;
  }) => Promise<{
    readonly found: number;
    readonly taken: number;
    readonly refused: ReadonlyMap<RejectReason, number>;
    readonly unavailable: number;
    readonly next: OpenPlace | null;
  }>;
  /** Adapters there are, by name, and the one that CloudEvents are for where a request names none. */
  readonly adapters: ReadonlyMap<string, Pick<AdapterSettings, "type">>;
  readonly cloudevents: string | null;
  readonly measure: (query: MeasureQuery) => Promise<readonly Measurement[]>;
  /** Drift measurements with the same values from the rows themselves beside them. */
  readonly withExactValues: (model: string, measurements: readonly Measurement[]) => Promise<readonly Measurement[]>;
  /** Null where the outcomes of a model are not counted. */
  readonly changes: (query: ChangesQuery) => Promise<Changes | null>;
  /** Which segments carry a change; null where there is nothing to take apart. */
  readonly explainSegments: (question: SegmentQuestion) => Promise<SegmentAnswer | null>;
  /** What a baseline suggests of the features of a model; null before there are bins. */
  readonly suggestConstraints: (model: string, baseline: string) => Promise<Suggestion | null>;
  /** Makes new bins from the baselines and live rows of a stretch; null with too few of them. */
  readonly rebuild: (model: string, live: Window) => Promise<Grid | null>;
  /** What rules would have made of what is stored: those written here, or those there are. */
  readonly backtest: (query: {
    readonly rules: string | null;
    readonly model: string | null;
    readonly window: Window;
  }) => Promise<Backtest>;
  readonly compare: (settings: ModelSettings, query: ComparisonQuery) => Promise<Comparison>;
  /** A model's report, as plain data with times in RFC 3339, and as a page. */
  readonly report: (query: {
    readonly model: ModelSettings;
    readonly from?: Millis;
    readonly to?: Millis;
    readonly version?: string;
  }) => Promise<{ readonly json: unknown; html(): string }>;
  readonly retraining: {
    readonly settings: ReadonlyMap<string, RetrainingSettings>;
    readonly retrainer: RetrainControl;
    /** What a swap of baselines takes; null for a model that is no longer configured. */
    readonly swapAdvice: (run: RetrainRun) => SwapAdvice | null;
  };
  readonly status: () => DaemonStatus;
  /** What the process counts, in the text format of Prometheus. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Everything outside the API: the pages people see. */
  readonly pages?: Hono;
};

export function modelNamed(models: ReadonlyMap<string, ModelSettings>, name: string): ModelSettings {
  const model = models.get(name);
  if (model) return model;
  const known = [...models.keys()].slice(0, 10).map(quoted).join(", ");
  throw new Problem(
    404,
    `There is no model ${quoted(name)}.`,
    known === "" ? "No model is configured: add one under models." : `Configured are ${known}.`,
  );
}
