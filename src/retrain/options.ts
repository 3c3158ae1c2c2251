import type { Log } from "../log.ts";
import type { Call } from "../model/call.ts";
import type { Comparison, ComparisonQuery } from "../model/comparison.ts";
import type { RetrainRun } from "../model/retraining.ts";
import type { ModelSettings, RetrainingSettings } from "../model/settings.ts";
import type { Clock, Millis } from "../model/time.ts";
import type { Store } from "../store/store.ts";
import type { Launcher } from "./launcher.ts";

export type RetrainerOptions = {
  readonly store: Store;
  readonly models: ReadonlyMap<string, ModelSettings>;
  readonly settings: ReadonlyMap<string, RetrainingSettings>;
  readonly launchers: ReadonlyMap<string, Launcher>;
  /** How registries are asked. */
  readonly call: Call;
  /** Whether this process starts jobs and follows them; one that only answers a question leaves it to the daemon. */
  readonly launches: boolean;
  readonly clock: Clock;
  /** Whether the wall clock tells the time; else events do. */
  readonly liveClock: boolean;
  readonly watermark: (model: string) => Millis | null;
  readonly compare: (settings: ModelSettings, query: ComparisonQuery) => Promise<Comparison>;
  /** Ends the alerts of a version, and tells of it. */
  readonly closeAlerts: (of: { model: string; version: string }) => Promise<void>;
  readonly link: (model: string) => string | null;
  readonly publicUrl: () => string | null;
  /** Whether the program ends: what is asked of servers then can wait for its next start. */
  readonly isStopping?: () => boolean;
  readonly log: Log;
  /** Told of every run whose state changed, once that is stored. */
  readonly onChanged?: (run: RetrainRun) => void;
};
