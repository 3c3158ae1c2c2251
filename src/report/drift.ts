import type { Measurement } from "../model/measurement.ts";
import type { Window } from "../model/time.ts";

/** One window of one subject: how far it moved, and whether that is more than chance. */
export type DriftCell = Window & {
  readonly metric: Measurement["metric"];
  readonly value: number | null;
  readonly expected: number | null;
  /** Value less expected; null without a value. */
  readonly effect: number | null;
  readonly pValue: number | null;
  readonly rows: number;
  readonly status: Measurement["status"];
  /** p below 0.01, not corrected for the number of cells looked at. */
  readonly significant: boolean;
};

export type SubjectDrift = {
  readonly subject: Measurement["subject"];
  readonly feature: string | null;
  readonly cells: readonly DriftCell[];
  /** The newest measurement with a value. */
  readonly newest: Measurement | null;
  /** The largest effect among significant cells; 0 when there are none. */
  readonly largest: number;
};

export type VersionDrift = { readonly version: string; readonly windows: readonly Window[]; readonly subjects: readonly SubjectDrift[] };

/**
 * Drift by version and subject, the subject that moved most first. A number is judged by its Wasserstein distance, a
 * category by its PSI, as the shipped rules do.
 */
export function driftByVersion(measurements: readonly Measurement[]): VersionDrift[] {
  const versions = new Map<string, Map<string, Measurement[]>>();
  for (const m of measurements) {
    let subjects = versions.get(m.version);
    if (!subjects) versions.set(m.version, (subjects = new Map()));
    const key = JSON.stringify([m.subject, m.feature]);
    const list = subjects.get(key);
    if (list) list.push(m);
    else subjects.set(key, [m]);
  }
  return [...versions]
    .map(([version, bySubject]) => {
      const subjects = [...bySubject.values()]
        .map(subjectDrift)
        .sort((a, b) => b.largest - a.largest || nameOf(a).localeCompare(nameOf(b)));
      const windows = new Map(
        subjects.flatMap((subject) => subject.cells.map((cell) => [cell.to, { from: cell.from, to: cell.to }] as const)),
      );
      return { version, windows: [...windows.values()].sort((a, b) => a.to - b.to), subjects };
    })
    .sort((a, b) => (b.windows.at(-1)?.to ?? 0) - (a.windows.at(-1)?.to ?? 0));
}

function nameOf(subject: SubjectDrift): string {
  return subject.feature ?? subject.subject;
}

function subjectDrift(measurements: readonly Measurement[]): SubjectDrift {
  const isNumeric = measurements.some((m) => m.metric === "wasserstein");
  const judged = measurements.filter((m) => (isNumeric ? m.metric === "wasserstein" : m.metric === "psi")).sort((a, b) => a.to - b.to);
  const cells = judged.map(driftCell);
  const [first] = judged;
  return {
    subject: first?.subject ?? "feature",
    feature: first?.feature ?? null,
    cells,
    newest: judged.findLast((m) => m.value !== null) ?? null,
    largest: Math.max(0, ...cells.filter((cell) => cell.significant).map((cell) => cell.effect ?? 0)),
  };
}

export function driftCell(m: Measurement): DriftCell {
  return {
    from: m.from,
    to: m.to,
    metric: m.metric,
    value: m.value,
    expected: m.expected,
    effect: m.value === null ? null : m.value - (m.expected ?? 0),
    pValue: m.pValue,
    rows: m.rows.current,
    status: m.status,
    significant: m.status === "ok" && m.pValue !== null && m.pValue < 0.01,
  };
}
