import type { TransitionReason } from "./alert.ts";
import type { Severity } from "./rule.ts";
import type { Millis, Window } from "./time.ts";

/** One alert that a rule would have raised. */
export type BacktestPage = {
  readonly version: string;
  readonly segment: string | null;
  readonly subject: string;
  /** As bad as it became. */
  readonly severity: Severity;
  /** Start of the first window whose condition held. */
  readonly since: Millis;
  /** When somebody would have been told: at the end of the window, and of performance once its labels have had their time. */
  readonly toldAt: Millis;
  /** Null while it is open at the end of the stretch. */
  readonly resolvedAt: Millis | null;
  readonly closedBecause: TransitionReason | null;
  readonly retrain: boolean;
  readonly summary: string;
};

/** What one rule makes of the stored history of one model. */
export type BacktestCourse = {
  readonly rule: string;
  readonly model: string;
  /** The rule as it is configured, or as it is proposed. */
  readonly which: "old" | "new";
  /** Windows it looked at, and among them those that could tell for no subject at all. */
  readonly windows: number;
  readonly blind: number;
  readonly pages: readonly BacktestPage[];
};

export type Backtest = { readonly window: Window; readonly courses: readonly BacktestCourse[] };
