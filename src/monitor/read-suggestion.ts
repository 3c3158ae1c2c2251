import type { Suggestion } from "../model/constraint.ts";
import { addCounts } from "../model/counts.ts";
import { binCount, subjectId } from "../model/grid.ts";
import type { BaselineSettings } from "../model/settings.ts";
import { ALWAYS, DAY, type Millis, type Window } from "../model/time.ts";
import { readTextFacts, readWholeFeatures } from "../store/baseline-facts.ts";
import { readFeatureCounts, type CountedRows } from "../store/feature-counts.ts";
import { readNumericSummaries } from "../store/grids.ts";
import type { ReferenceRows } from "../store/reference-rows.ts";
import type { Store } from "../store/store.ts";
import type { ModelState } from "./model-state.ts";
import { MOST_LISTED, suggestTogether, type FeatureFacts } from "./suggest-constraints.ts";

/** Rows that suggest something: of a file, or live ones of a stretch. */
type Source = {
  readonly version: string;
  readonly source: string;
  readonly counted: CountedRows;
  readonly rows: ReferenceRows;
  readonly span: Window;
};

/** What a baseline suggests, each of its files by itself; null where it has no rows of its own, being another version. */
export async function readSuggestion(
  store: Store,
  state: ModelState,
  baseline: BaselineSettings,
  watermark: Millis | null,
): Promise<Suggestion | null> {
  const found = sourcesOf(state, baseline, watermark);
  if (found === null) return null;
  const facts = new Map<string, FeatureFacts[]>();
  const sources: Suggestion["sources"][number][] = [];
  for (const source of found) {
    const features = await readFacts(store, state, source);
    const rows = Math.max(0, ...features.map((one) => one.rows));
    if (rows === 0) continue;
    const stored = state.baselines.find(({ key }) => key === source.counted.baseline);
    sources.push({
      version: source.version,
      source: source.source,
      rows,
      from: stored?.firstTime ?? source.span.from,
      to: stored?.lastTime ?? source.span.to,
    });
    for (const one of features) facts.set(one.feature, [...(facts.get(one.feature) ?? []), one]);
  }
  const features = [...facts.values()].flatMap((list) => suggestTogether(list) ?? []);
  return {
    baseline: baseline.name,
    sources,
    features: features.toSorted((a, b) => (a.constraint.feature < b.constraint.feature ? -1 : 1)),
  };
}

function sourcesOf({ settings, baselines }: ModelState, baseline: BaselineSettings, watermark: Millis | null): Source[] | null {
  const live = (span: Window): Source[] => [
    { version: "", source: "live rows", counted: { model: settings.name, baseline: "" }, rows: { live: span }, span },
  ];
  switch (baseline.kind) {
    case "file":
      return baselines
        .filter(({ name }) => name === baseline.name)
        .map(({ key, version, source }) => ({
          version,
          source,
          counted: { model: settings.name, baseline: key },
          rows: { baseline: key },
          span: ALWAYS,
        }));
    case "period":
      return live({ from: baseline.from, to: baseline.to });
    case "trailing": {
      if (watermark === null) return [];
      const to = Math.floor((watermark - baseline.offset) / settings.bucket) * settings.bucket;
      return live({ from: to - baseline.window, to });
    }
    case "version":
      return null;
  }
}

async function readFacts(store: Store, { settings, grid }: ModelState, { counted, rows, span }: Source): Promise<FeatureFacts[]> {
  const steps = await readFeatureCounts(store, counted, grid, span, DAY);
  const numbers = new Map((await readNumericSummaries(store, settings.name, rows)).map((one) => [subjectId(one), one]));
  const whole = await readWholeFeatures(store, settings.name, rows);
  const texts = new Map((await readTextFacts(store, settings.name, rows, MOST_LISTED)).map((one) => [one.feature, one]));
  return grid.subjects.flatMap(({ key, grid: bins }) => {
    if (key.subject !== "feature") return [];
    const id = subjectId(key);
    const days = steps.flatMap(({ byVersion }) => {
      const parts = [...byVersion.values()].flatMap((subjects) => subjects.get(id) ?? []);
      return parts.length === 0 ? [] : [addCounts(parts, binCount(bins))];
    });
    const all = addCounts(days, binCount(bins));
    const number = numbers.get(id);
    return [
      {
        feature: key.feature,
        kind: bins.kind === "numeric" ? ("number" as const) : ("text" as const),
        rows: all.rows,
        missing: all.missing,
        anotherType: all.unparsable,
        days: days.map((day) => ({ rows: day.rows, missing: day.missing })),
        numbers: number
          ? {
              rows: number.rows,
              low: number.low,
              high: number.high,
              lowDecile: number.deciles[0] ?? number.low,
              highDecile: number.deciles[8] ?? number.high,
              whole: whole.has(key.feature),
            }
          : null,
        texts: texts.get(key.feature) ?? null,
      },
    ];
  });
}
