import type { Measurement } from "../model/measurement.ts";
import type { BaselineSettings } from "../model/settings.ts";
import type { Window } from "../model/time.ts";
import type { Store } from "../store/store.ts";
import type { History, ModelState } from "./model-state.ts";
import type { References } from "./references.ts";

/** What measuring the windows of one model rests on. */
export type Ground = {
  readonly store: Store;
  readonly state: ModelState;
  readonly references: References;
  /** Measurements with what could explain them, as far as a file baseline knows. */
  explained(
    measurements: readonly Measurement[],
    settings: BaselineSettings,
    version: string,
    window: Window,
    history: History,
  ): Promise<readonly Measurement[]>;
};
