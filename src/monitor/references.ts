import type { OutcomeCounts } from "../model/counts.ts";
import type { BaselineSettings } from "../model/settings.ts";
import { DAY, type Millis, type Window } from "../model/time.ts";
import type { Store } from "../store/store.ts";
import { ACTIVE_FOR, type History } from "./history.ts";
import { evidenceBaselineFor, fileBaselineFor, type ModelState } from "./model-state.ts";
import { rowsOfFile, rowsOfPeriod, type BaselineInputs, type BaselineOutcomes, type PinnedRows } from "./pinned-rows.ts";
import type { SubjectCounts, TrafficWithin } from "./count-sums.ts";
import { trailingSpans, trailingStretch } from "./trailing.ts";
import type { TrafficWindow } from "./measure-traffic.ts";
import { createPinnedBaselines, type PinnedBaselines } from "./pinned.ts";
import type { SubjectWindow } from "./subject-window.ts";

/** Windows before this one in which a change of unit is looked for, to date it. */
const RECENT_WINDOWS = 3;

/** Rows that stand still, with what was kept of them. */
export type Pinned = { readonly kept: PinnedBaselines; readonly rows: PinnedRows };

/** One version in one window beside one baseline, by events that are complete up to `asOf`. A pinned period is no reference before it is over. */
export type Compared = {
  readonly settings: BaselineSettings;
  readonly version: string;
  readonly window: Window;
  readonly history: History;
  readonly asOf: Millis;
};

/** What the rows of a window are compared with, and where those are of a stretch of live events, that with all that came in it. */
export type ReferenceTraffic = {
  readonly reference: TrafficWindow["reference"];
  readonly stretch: { readonly span: Window; readonly traffic: TrafficWithin } | null;
};

/** What windows of one model are compared with. */
export type References = {
  named(names: ReadonlySet<string>): BaselineSettings[];
  pinned(compared: Compared): Pinned | null;
  /** Given what pinned rows there are amount to. */
  inputs(compared: Compared, pinned: BaselineInputs | null): { counts: SubjectCounts; complete: boolean } | null;
  outcomes(compared: Compared, pinned: BaselineOutcomes | null): OutcomeCounts | null;
  traffic(compared: Compared, subjects: readonly SubjectWindow[]): Promise<ReferenceTraffic>;
  /** The rows of a file, by windows of one length. */
  file(rows: PinnedRows, length: Millis): Promise<BaselineInputs>;
  /** Live events of these buckets were counted anew: what was remembered of a pinned period that holds one is not true any more. */
  forget(touched: readonly Millis[]): void;
  /** How much time before a window its measurement may read counts of. */
  lookBack(length: Millis, baselines: ReadonlySet<string>): Millis;
  /** How long after it a bucket may matter to a window: infinite when a pinned period holds it. */
  reach(baselines: ReadonlySet<string>, touched: readonly Millis[]): Millis;
};

export function createReferences(store: Store, state: ModelState): References {
  const files = createPinnedBaselines(store, state);
  let periods = createPinnedBaselines(store, state);

  function named(names: ReadonlySet<string>): BaselineSettings[] {
    return state.settings.baselines.filter((baseline) => names.has(baseline.name));
  }

  function lookBack(length: Millis, baselines: ReadonlySet<string>): Millis {
    const trailing = named(baselines).flatMap((baseline) =>
      baseline.kind === "trailing" ? [baseline.window + baseline.offset + RECENT_WINDOWS * length] : [],
    );
    return Math.max(0, ...trailing);
  }

  function reach(baselines: ReadonlySet<string>, touched: readonly Millis[]): Millis {
    return Math.max(
      ACTIVE_FOR,
      ...named(baselines).map((baseline) => {
        if (baseline.kind === "trailing") return baseline.window + baseline.offset + RECENT_WINDOWS * DAY;
        return holdsAny(baseline, touched) ? Infinity : 0;
      }),
    );
  }

  function forget(touched: readonly Millis[]): void {
    if (state.settings.baselines.some((baseline) => holdsAny(baseline, touched))) periods = createPinnedBaselines(store, state);
  }

  /**
   * The rows that stand still whose own windows say what is usual: of the baseline itself, and beside a trailing
   * stretch of a file. Another version has the same days as this one, so nothing but chance tells them apart.
   */
  function pinned({ settings, version, asOf }: Compared): Pinned | null {
    if (settings.kind === "version") return null;
    if (settings.kind === "period")
      return asOf < settings.to ? null : { kept: periods, rows: rowsOfPeriod(state.settings.name, settings, version) };
    const stored = settings.kind === "file" ? fileBaselineFor(state, settings.name, version) : evidenceBaselineFor(state, version);
    return stored && { kept: files, rows: rowsOfFile(stored) };
  }

  function inputs(compared: Compared, pinned: BaselineInputs | null): { counts: SubjectCounts; complete: boolean } | null {
    const { settings, version, window, history, asOf } = compared;
    switch (settings.kind) {
      case "file":
        return pinned && { counts: pinned.whole, complete: true };
      case "period":
        return { counts: pinned?.whole ?? new Map(), complete: asOf >= settings.to };
      case "version":
        return settings.version === version ? null : { counts: history.inputs(window).get(settings.version) ?? new Map(), complete: true };
      case "trailing": {
        return {
          counts: history.inputs(...trailingSpans(settings, window)).get(version) ?? new Map(),
          complete: coversAllDays(compared),
        };
      }
    }
  }

  function outcomes({ settings, version, window, history }: Compared, pinned: BaselineOutcomes | null): OutcomeCounts | null {
    switch (settings.kind) {
      case "file":
      case "period":
        return pinned?.whole ?? null;
      case "version":
        return history.outcomes(window).get(settings.version) ?? null;
      case "trailing":
        return history.outcomes(...trailingSpans(settings, window)).get(version) ?? null;
    }
  }

  async function traffic(compared: Compared, subjects: readonly SubjectWindow[]): Promise<ReferenceTraffic> {
    const { settings, version, window, history } = compared;
    switch (settings.kind) {
      case "file":
        return {
          reference: { rows: Math.max(0, ...subjects.map(({ reference }) => reference.rows)), superseded: 0, unknownRows: 0 },
          stretch: null,
        };
      case "version":
        return { reference: history.traffic([window], settings.version), stretch: null };
      case "trailing":
        return {
          reference: history.traffic(trailingSpans(settings, window), version),
          stretch: { span: trailingStretch(settings, window), traffic: history.traffic },
        };
      case "period": {
        const found = pinned(compared);
        const came = found ? await found.kept.traffic(found.rows) : null;
        // Before the period is over, it has no windows to compare with.
        const span = came ? { from: settings.from, to: settings.to } : { from: settings.from, to: settings.from };
        return {
          reference: (came ?? history.traffic)([span], settings.version ?? version),
          stretch: { span, traffic: came ?? history.traffic },
        };
      }
    }
  }

  return { named, pinned, inputs, outcomes, traffic, file: files.inputs, forget, lookBack, reach };
}

/** Whether a baseline is a pinned period with one of these buckets in it. */
function holdsAny(baseline: BaselineSettings, touched: readonly Millis[]): boolean {
  return baseline.kind === "period" && touched.some((bucket) => bucket >= baseline.from && bucket < baseline.to);
}

/** Of a trailing reference, whether every day of it has rows. Others are what they are. */
export function coversAllDays({ settings, version, window, history }: Compared): boolean {
  if (settings.kind !== "trailing") return true;
  const span = trailingStretch(settings, window);
  const step = Math.min(DAY, span.to - span.from);
  for (let from = span.from; from < span.to; from += step) {
    if (!history.versions({ from, to: from + step }).has(version)) return false;
  }
  return true;
}

/** Of a trailing reference, this window and those just before it, newest first, each with what it is compared with. */
export function recentWindows({ settings, version, window, history }: Compared) {
  if (settings.kind !== "trailing") return [];
  const length = window.to - window.from;
  return Array.from({ length: RECENT_WINDOWS }, (_, back) => {
    const earlier = { from: window.from - back * length, to: window.to - back * length };
    return {
      from: earlier.from,
      current: history.inputs(earlier).get(version) ?? new Map(),
      reference: history.inputs(...trailingSpans(settings, earlier)).get(version) ?? new Map(),
    };
  });
}
