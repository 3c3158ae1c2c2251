import { addOutcomes, type Counts, type OutcomeCounts } from "../model/counts.ts";
import type { LabelKey } from "../model/grid.ts";
import { labelCounts, labelGrid } from "../model/label-counts.ts";
import type { Measurement } from "../model/measurement.ts";
import { realisedMetrics } from "../model/performance.ts";
import type { Millis, Window } from "../model/time.ts";
import { estimatePerformance } from "./estimate-performance.ts";
import type { Ground } from "./ground.ts";
import { awaitingLabels } from "./label-drift.ts";
import { measureDrift, type DriftMetrics } from "./measure-drift.ts";
import { measurePerformance } from "./measure-performance.ts";
import { activeVersions, type History } from "./history.ts";
import type { BaselineOutcomes } from "./pinned-rows.ts";
import { coversAllDays, type Compared } from "./references.ts";
import { onGrid, type SubjectWindow } from "./subject-window.ts";
import { usualOf, usualOutcomes, type StandingCounts } from "./usual-references.ts";
import { NOTHING_USUAL } from "./usual-windows.ts";

export const LABEL: LabelKey = { subject: "label", feature: "" };

/** Performance of every live version, realised and estimated. */
export async function measureOutcomes(
  ground: Ground,
  window: Window,
  baselines: ReadonlySet<string>,
  history: History,
  pending: boolean,
  asOf: Millis,
): Promise<Measurement[]> {
  const { state, references } = ground;
  const current = history.outcomes(window);
  const measured: Measurement[] = [];
  if (state.outcomeGrid === null) return measured;
  const { settings: model } = state;
  const evaluation = {
    grid: state.outcomeGrid,
    value: model.value ?? null,
    ...(model.quantile === undefined ? {} : { quantile: model.quantile }),
  };
  const metrics = realisedMetrics(model);
  for (const version of activeVersions(history, window)) {
    const rows = current.get(version) ?? addOutcomes([]);
    const alone = {
      model: model.name,
      version,
      segment: state.segment || null,
      window,
      baseline: null,
      evaluation,
      metrics,
      current: rows,
      reference: null,
      windows: [],
      pending,
    };
    const named = references.named(baselines);
    if (named.length === 0) measured.push(...measurePerformance(alone));
    for (const settings of named) {
      if (settings.kind === "version" && settings.version === version) continue;
      const compared: Compared = { settings, version, window, history, asOf };
      const pinned = references.pinned(compared);
      const usual = pinned ? await pinned.kept.outcomes(pinned.rows, window.to - window.from) : null;
      const subject = {
        ...alone,
        baseline: settings.name,
        reference: references.outcomes(compared, usual),
        windows: usual ? usualOutcomes(settings, usual, window) : [],
      };
      const found = [...measurePerformance(subject), ...estimatePerformance(subject)];
      measured.push(...(await ground.explained(found, compared)));
    }
  }
  return measured;
}

/** Drift of the labels, which waits for them. */
export async function measureLabels(
  { state, references }: Ground,
  window: Window,
  baselines: ReadonlySet<string>,
  history: History,
  pending: boolean,
  metrics: DriftMetrics,
  asOf: Millis,
): Promise<Measurement[]> {
  const { outcomeGrid } = state;
  // What is relevant to one list says nothing of what is to another: there is nothing to drift.
  if (outcomeGrid === null || outcomeGrid.task === "ranking") return [];
  const provisional = state.grid.subjects.some(({ key, grid }) => key.subject === "prediction" && grid.provisional);
  const grid = labelGrid(outcomeGrid, provisional);
  const countsOf = (outcomes: OutcomeCounts) => labelCounts(outcomes, outcomeGrid, grid);
  const current = history.outcomes(window);
  const measured: Measurement[] = [];
  for (const version of activeVersions(history, window)) {
    const rows = current.get(version) ?? addOutcomes([]);
    for (const settings of references.named(baselines)) {
      if (settings.kind === "version" && settings.version === version) continue;
      const compared: Compared = { settings, version, window, history, asOf };
      const pinned = references.pinned(compared);
      const usual = pinned ? await pinned.kept.outcomes(pinned.rows, window.to - window.from) : null;
      const reference = references.outcomes(compared, usual);
      // Baselines need not have labels.
      if (reference === null || reference.labelled === 0) continue;
      const subject: SubjectWindow = {
        model: state.settings.name,
        version,
        segment: state.segment || null,
        key: LABEL,
        grid,
        baseline: settings.name,
        window,
        current: countsOf(rows),
        reference: countsOf(reference),
        complete: coversAllDays(compared),
        usual: pinned && usual ? usualOf({ settings, pinned, window, id: "label", grid }, () => standing(usual, countsOf)) : NOTHING_USUAL,
        recent: [],
      };
      measured.push(
        ...onGrid(state.grid.version, subject, measureDrift(subject, metrics)).map((one) => awaitingLabels(one, rows, pending)),
      );
    }
  }
  return measured;
}

function standing({ whole, windows }: BaselineOutcomes, countsOf: (outcomes: OutcomeCounts) => Counts): StandingCounts {
  return { whole: countsOf(whole), windows: windows.map(({ from, outcomes }) => ({ from, own: countsOf(outcomes) })) };
}
