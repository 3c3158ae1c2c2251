import { subjectId, type LabelKey, type SubjectKey } from "../model/grid.ts";
import type { Measurement } from "../model/measurement.ts";
import { JUDGED_DRIFT_METRICS, metricFamily, type MetricFamily } from "../model/metric.ts";
import type { Millis, Window } from "../model/time.ts";
import { breakOrDrift, SURE } from "./break-or-drift.ts";
import { checkConstraints, constraintMeasurement } from "./check-constraints.ts";
import { measureDrift, type DriftMetrics } from "./measure-drift.ts";
import { measureQuality } from "./measure-quality.ts";
import type { Ground } from "./ground.ts";
import { measureTraffic } from "./measure-traffic.ts";
import { activeVersions, type History } from "./history.ts";
import type { BaselineInputs } from "./pinned-rows.ts";
import type { SubjectCounts } from "./count-sums.ts";
import { recentWindows, type Compared } from "./references.ts";
import { emptyCounts } from "./subject-bins.ts";
import { onGrid, type SubjectWindow } from "./subject-window.ts";
import { trafficWindow } from "./traffic-window.ts";
import { usualOf, type StandingCounts } from "./usual-references.ts";
import { NOTHING_USUAL } from "./usual-windows.ts";

/** Drift and quality of every subject, and traffic, of every live version beside every baseline. */
export async function measureInputs(
  ground: Ground,
  window: Window,
  families: readonly MetricFamily[],
  baselines: ReadonlySet<string>,
  history: History,
  metrics: DriftMetrics,
  isOf: (key: SubjectKey | LabelKey) => boolean,
  asOf: Millis,
): Promise<Measurement[]> {
  const { store, state, references } = ground;
  const current = history.inputs(window);
  const measured: Measurement[] = [];
  for (const version of activeVersions(history, window)) {
    const isChecked = families.includes("quality") && state.segment === "" && baselines.size > 0;
    const checked = isChecked ? await checkConstraints(store, state, { version, window, counts: current.get(version) }, isOf) : [];
    for (const settings of references.named(baselines)) {
      const compared: Compared = { settings, version, window, history, asOf };
      const subjects = await subjectWindows(ground, compared, current.get(version) ?? new Map());
      const found = subjects
        .filter(({ key }) => isOf(key))
        .flatMap((subject) => {
          const drift = families.includes("drift") ? measureDrift(subject, metrics) : null;
          const quality = families.includes("quality") && subject.key.subject === "feature" ? measureQuality(subject) : null;
          return onGrid(state.grid.version, subject, withVerdict(subject, drift, quality));
        });
      const isDrift = ({ metric }: Measurement) => metricFamily(metric) === "drift";
      measured.push(...found.filter((one) => !isDrift(one)));
      if (families.includes("quality") && subjects.length > 0 && state.segment === "")
        measured.push(...measureTraffic(await trafficWindow(ground, compared, subjects)));
      const reference = Math.max(0, ...subjects.map((one) => one.reference.rows));
      const where = { model: state.settings.name, version, baseline: settings.name, window };
      if (subjects.length > 0) measured.push(...checked.map((one) => constraintMeasurement(where, one, reference)));
      if (families.includes("drift")) measured.push(...(await ground.explained(found.filter(isDrift), compared)));
    }
  }
  return measured;
}

async function subjectWindows({ state, references }: Ground, compared: Compared, current: SubjectCounts): Promise<SubjectWindow[]> {
  const { settings, version, window } = compared;
  const pinned = references.pinned(compared);
  const usual = pinned ? await pinned.kept.inputs(pinned.rows, window.to - window.from) : null;
  const reference = references.inputs(compared, usual);
  if (reference === null) return [];
  const recent = recentWindows(compared);
  return state.grid.subjects.map(({ key, grid }) => {
    const id = subjectId(key);
    return {
      model: state.settings.name,
      version,
      segment: state.segment || null,
      key,
      grid,
      baseline: settings.name,
      window,
      current: current.get(id) ?? emptyCounts(grid),
      reference: reference.counts.get(id) ?? emptyCounts(grid),
      complete: reference.complete,
      usual: pinned && usual ? usualOf({ settings, pinned, window, id, grid }, () => standing(usual, id)) : NOTHING_USUAL,
      recent: recent.map((one) => ({
        from: one.from,
        current: one.current.get(id) ?? emptyCounts(grid),
        reference: one.reference.get(id) ?? emptyCounts(grid),
      })),
    };
  });
}

function standing({ whole, windows }: BaselineInputs, id: string): StandingCounts | null {
  const all = whole.get(id);
  return all ? { whole: all, windows: windows.map(({ from, counts }) => ({ from, own: counts.get(id) })) } : null;
}

/** What the verdict on a break rests on. */
const JUDGED: DriftMetrics = { measured: new Set(JUDGED_DRIFT_METRICS), judged: new Set(JUDGED_DRIFT_METRICS) };

/** The measurements of one subject, with what they add up to wherever one is more than chance; what was not asked for is measured for that alone. */
function withVerdict(subject: SubjectWindow, drift: Measurement[] | null, quality: Measurement[] | null): Measurement[] {
  const asked = [...(drift ?? []), ...(quality ?? [])];
  const isSure = ({ status, pValue }: Measurement) => status === "ok" && (pValue ?? 1) <= SURE;
  if (!asked.some(isSure)) return asked;
  const verdict = breakOrDrift(subject, [...(drift ?? measureDrift(subject, JUDGED)), ...(quality ?? measureQuality(subject))]);
  return verdict.kind === "none" ? asked : asked.map((one) => (isSure(one) ? { ...one, detail: { ...one.detail, verdict } } : one));
}
