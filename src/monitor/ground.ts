import type { Measurement } from "../model/measurement.ts";
import type { Store } from "../store/store.ts";
import type { ModelState } from "./model-state.ts";
import type { Compared, References } from "./references.ts";

/** What measuring the windows of one model rests on. */
export type Ground = {
  readonly store: Store;
  readonly state: ModelState;
  readonly references: References;
  /** Measurements with what could explain them, as far as a file baseline knows. */
  explained(measurements: readonly Measurement[], compared: Compared): Promise<readonly Measurement[]>;
};
