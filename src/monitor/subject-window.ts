import type { Counts } from "../model/counts.ts";
import type { LabelKey, SubjectGrid, SubjectKey } from "../model/grid.ts";
import type { Measurement, MeasurementStatus } from "../model/measurement.ts";
import type { Metric } from "../model/metric.ts";
import type { Millis, Window } from "../model/time.ts";
import type { UsualWindows } from "./usual-windows.ts";

/** One subject of one version in one window, and what it is compared with. */
export type SubjectWindow = {
  readonly model: string;
  readonly version: string;
  readonly segment: string | null;
  readonly key: SubjectKey | LabelKey;
  readonly grid: SubjectGrid;
  readonly baseline: string;
  readonly window: Window;
  readonly current: Counts;
  readonly reference: Counts;
  /** The reference covers all the time it should; a half-filled trailing week is no reference. */
  readonly complete: boolean;
  /** Nulls of this subject, made once for a baseline; empty when the baseline carries no windows. */
  readonly usual: UsualWindows;
  /** Trailing references only: this window and those just before it, newest first, for dating a change of unit. */
  readonly recent: readonly { readonly from: Millis; readonly current: Counts; readonly reference: Counts }[];
};

/** What was found of a subject in its window. */
export function measurement(
  subject: Pick<SubjectWindow, "model" | "version" | "segment" | "baseline" | "window"> & {
    readonly key: SubjectKey | LabelKey | { readonly subject: "traffic" };
  },
  metric: Metric,
  rows: Measurement["rows"],
  status: MeasurementStatus,
  answer: Partial<Pick<Measurement, "value" | "expected" | "pValue" | "evidence" | "detail">>,
): Measurement {
  return {
    model: subject.model,
    version: subject.version,
    segment: subject.segment,
    subject: subject.key.subject,
    feature: subject.key.subject === "feature" ? subject.key.feature : null,
    baseline: subject.baseline,
    metric,
    from: subject.window.from,
    to: subject.window.to,
    value: answer.value ?? null,
    expected: answer.expected ?? null,
    pValue: answer.pValue ?? null,
    ci: null,
    rows,
    labelled: null,
    status,
    evidence: answer.evidence ?? null,
    revision: 1,
    detail: answer.detail ?? {},
  };
}

/** Answers say which bins they rest on, and where nothing but the first rows made those. */
export function onGrid(version: number, { grid: { provisional } }: SubjectWindow, measured: readonly Measurement[]): Measurement[] {
  const basis = { grid: version, ...(provisional ? { provisional } : {}) };
  return measured.map((one) => ({ ...one, detail: { ...one.detail, ...basis } }));
}
