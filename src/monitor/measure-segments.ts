import type { Measurement } from "../model/measurement.ts";
import type { Store } from "../store/store.ts";
import { createWindowMeasurer } from "./measure-window.ts";
import type { History } from "./history.ts";
import type { ModelState } from "./model-state.ts";
import type { DueWindow, SegmentAsk } from "./plan.ts";
import { identity } from "./same-answer.ts";

/**
 * What rules ask of segments in some windows, by window. One segment after the other: its counts, those of the baselines
 * and what is usual in them are held while it is measured, so that memory does not grow with the number of segments.
 */
export async function measureSegments(options: {
  store: Store;
  state: ModelState;
  due: readonly DueWindow[];
  /** Counts of the stretch of time that all these windows look at. */
  load: (state: ModelState) => Promise<History>;
  isPending: (due: DueWindow) => boolean;
}): Promise<ReadonlyMap<DueWindow, readonly Measurement[]>> {
  const { store, state, due, load, isPending } = options;
  const measured = new Map<DueWindow, Map<string, Measurement>>();
  for (const segment of new Set(due.flatMap(({ plan }) => plan.segments.flatMap(({ names }) => [...names])))) {
    const asking = due.filter((one) => asksOf(one, segment).length > 0);
    if (asking.length === 0) continue;
    const ofSegment = { ...state, segment };
    const history = await load(ofSegment);
    const measurer = createWindowMeasurer(store, ofSegment);
    const answersTo = ({ family, metrics, isOf }: SegmentAsk, one: DueWindow, baselines: ReadonlySet<string>) => {
      switch (family) {
        case "performance":
          return measurer.performance(one.window, baselines, history, isPending(one));
        case "labels":
          return measurer.labels(one.window, baselines, history, isPending(one), metrics);
        case "drift":
        case "quality":
          return measurer.inputs(one.window, [family], baselines, history, metrics, isOf);
      }
    };
    for (const one of asking) {
      const found = measured.get(one) ?? new Map<string, Measurement>();
      measured.set(one, found);
      for (const ask of asksOf(one, segment)) {
        const baselines = new Set([ask.baseline]);
        const answers = await answersTo(ask, one, baselines);
        for (const answer of answers.filter(({ metric }) => ask.isWanted(metric))) found.set(identity(answer), answer);
      }
    }
  }
  return new Map([...measured].map(([one, found]) => [one, [...found.values()]]));
}

function asksOf({ plan, family }: DueWindow, segment: string): SegmentAsk[] {
  return plan.segments.filter(
    (ask) => (ask.family === "performance" || ask.family === "labels") === (family === "performance") && ask.names.has(segment),
  );
}
