import type { Measurement, MeasureQuery } from "../model/measurement.ts";
import type { ModelSettings } from "../model/settings.ts";
import type { Clock, Millis } from "../model/time.ts";
import type { ModelReport } from "../report/report.ts";
import type { Store } from "../store/store.ts";

export type PageDependencies = {
  readonly store: Store;
  readonly models: ReadonlyMap<string, ModelSettings>;
  readonly measure: (query: MeasureQuery) => Promise<readonly Measurement[]>;
  readonly report: (query: {
    readonly model: ModelSettings;
    readonly from?: Millis;
    readonly to?: Millis;
    readonly version?: string;
  }) => Promise<ModelReport>;
  readonly status: () => {
    readonly ready: boolean;
    readonly reasons: readonly string[];
    readonly watermarks: ReadonlyMap<string, Millis | null>;
  };
  readonly clock: Clock;
  /** More places to go, at the top of every page. */
  readonly extra?: { readonly links?: readonly { readonly href: string; readonly text: string }[] };
};
