import { addCounts, type Counts } from "../model/counts.ts";
import { binCount } from "../model/grid.ts";
import { ceilTo, type Millis, type Window } from "../model/time.ts";
import { addTraffic, type Traffic } from "../model/traffic.ts";
import type { readTraffic } from "../store/traffic-counts.ts";
import type { ModelState } from "./model-state.ts";

/** Counts of every subject, by `subjectId`. */
export type SubjectCounts = ReadonlyMap<string, Counts>;

/** What stands in several lists of counts, by `subjectId`, added up. Subjects without bins are left out. */
export function sumSubjects(state: ModelState, parts: ReadonlyMap<string, readonly Counts[]>): SubjectCounts {
  return new Map(
    [...parts].flatMap(([id, list]) => {
      const subject = state.grids.get(id);
      return subject ? [[id, addCounts(list, binCount(subject.grid))] as const] : [];
    }),
  );
}

/** The rows as such of some windows together: of one version, or of all. */
export type TrafficWithin = (windows: readonly Window[], version?: string) => Traffic;

/** Looked up by time: a window is compared with hundreds of others. */
export function trafficWithin(steps: Awaited<ReturnType<typeof readTraffic>>, stepMs: Millis): TrafficWithin {
  const byTime = new Map(steps.map(({ from, byVersion }) => [from, byVersion]));
  return (windows, version) => {
    const parts: Traffic[] = [];
    for (const { from: begin, to } of windows) {
      for (let from = ceilTo(begin, stepMs); from < to; from += stepMs)
        for (const [of, part] of byTime.get(from) ?? []) if (version === undefined || of === version) parts.push(part);
    }
    return addTraffic(parts);
  };
}
