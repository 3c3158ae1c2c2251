import { createHash } from "node:crypto";
import type { BaselineRow } from "../model/event.ts";
import type { Grid } from "../model/grid.ts";
import { outcomeGridOf } from "../model/outcome-grid.ts";
import { cutoffsOf } from "../model/performance.ts";
import type { SegmentSettings } from "../model/segment.ts";
import type { BaselineSettings, ModelSettings, TableSettings } from "../model/settings.ts";
import type { Clock, Window } from "../model/time.ts";
import type { Log } from "../log.ts";
import { insertBaseline, insertBaselineRows, readBaselines, summarizeBaselineRows, type StoredBaseline } from "../store/baselines.ts";
import { countBinEffects } from "../store/bin-effects.ts";
import { forgetCounts } from "../store/buckets.ts";
import { countFeatures } from "../store/feature-counts.ts";
import { insertGrid, readCategorySummaries, readLabelClasses, readNewestGrid, readNumericSummaries } from "../store/grids.ts";
import { countOutcomes } from "../store/outcome-counts.ts";
import { countPredictions } from "../store/predictions.ts";
import { insertSegmentGroups } from "../store/segments.ts";
import type { Store } from "../store/store.ts";
import { buildGrid, KNOWN_CATEGORIES, type ReferenceSummary } from "./build-grid.ts";
import { pinSegments } from "./pin-segments.ts";

/** A baseline file, opened: what it is called, what it holds (a digest of its bytes), and its rows. */
export type BaselineFile = {
  readonly source: string;
  readonly digest: string;
  /** Batches of rows; stops with an error that names the line when one is malformed. */
  rows(): AsyncIterable<readonly BaselineRow[]>;
};

/** Where a baseline's rows are; `table` says what the columns of a CSV or Parquet file mean. */
export type BaselineLocation = { readonly version: string; readonly file: string; readonly table: TableSettings | null };

export type OpenBaselineFile = (location: BaselineLocation, model: ModelSettings) => Promise<BaselineFile>;

/** One file a version, or one for all versions (`version` empty). */
export function baselineFiles(baseline: BaselineSettings): BaselineLocation[] {
  if (baseline.kind !== "file") return [];
  const files = [...baseline.byVersion, ...(baseline.file === null ? [] : [["", baseline.file] as const])];
  return files.map(([version, file]) => ({ version, file, table: baseline.tables?.get(version) ?? null }));
}

/** Grows when more is kept of the rows of a file, or of their counts: those stored before are then made again. */
const STORED_AS = 4;

/** The key under which a file baseline's rows and counts are kept: another content is another key. */
export function baselineKey(model: string, name: string, version: string, digest: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([STORED_AS, model, name, version, digest]))
    .digest("hex");
  return `${name}-${hash.slice(0, 16)}`;
}

/**
 * Loads the file baselines of a model that the store does not hold yet. Rows first, the record that they are
 * complete last: a load that was cut off is begun again, and repeats count once.
 */
export async function loadBaselines(options: {
  store: Store;
  model: ModelSettings;
  open: OpenBaselineFile;
  precedence: (row: BaselineRow) => string;
  clock: Clock;
  log: Log;
}): Promise<StoredBaseline[]> {
  const { store, model, open, precedence, clock, log } = options;
  const stored = new Map((await readBaselines(store, model.name)).map((baseline) => [baseline.key, baseline]));
  const loaded: StoredBaseline[] = [];
  for (const settings of model.baselines) {
    for (const location of baselineFiles(settings)) {
      const { version } = location;
      const opened = await open(location, model);
      const key = baselineKey(model.name, settings.name, version, opened.digest);
      let baseline = stored.get(key);
      if (!baseline) {
        for await (const rows of opened.rows()) await insertBaselineRows(store, key, rows, precedence);
        const summary = await summarizeBaselineRows(store, model.name, key);
        baseline = {
          model: model.name,
          key,
          name: settings.name,
          version,
          source: opened.source,
          digest: opened.digest,
          ...summary,
          createdAt: clock(),
        };
        await insertBaseline(store, baseline);
        log.info("baseline loaded", { model: model.name, baseline: settings.name, version, rows: summary.rows });
      }
      loaded.push(baseline);
    }
  }
  return loaded;
}

type GridOptions = {
  readonly store: Store;
  readonly model: ModelSettings;
  readonly baselines: readonly StoredBaseline[];
  readonly nextGeneration: () => number;
  /** Marks all live events to be counted again. */
  readonly recountLive: () => Promise<void>;
  readonly clock: Clock;
};

/** Live rows that make a provisional grid when no file baseline is configured. */
const PROVISIONAL_ROWS = 1_000;

/** What a grid is made from and counted by, in a line: another basis takes another grid. */
export function basisOf(model: ModelSettings, keys: readonly string[]): string {
  return [
    `${STORED_AS} ${model.task} ${model.bucket} ${model.positive ?? ""}`,
    ...(model.task === "ranking" ? [`at ${cutoffsOf(model).join(",")}`] : []),
    ...(keys.length > 0 ? keys : ["first rows"]),
    ...(model.segments ? [`segments ${digestOf(model.segments)}`] : []),
  ].join(" ");
}

/**
 * The grid of a model: the stored one when it was made for the same baselines, bucket, positive class, cutoffs and segments, else a
 * new one, on which the baselines are counted at once and live events soon. Without a file baseline the first rows make
 * a provisional grid, once there are enough of them, and every result on it says so; until then an older grid serves.
 */
export async function ensureGrid(options: GridOptions): Promise<Grid | null> {
  const { store, model, baselines } = options;
  const basis = basisWith(options);
  const newest = await readNewestGrid(store, model.name);
  if (newest?.basis === basis || newest?.basis.startsWith(`${basis} ${REBUILT} `)) return newest.grid;
  const references = await readReferences(options);
  if (references === null) return newest?.grid ?? null;
  const bins = buildGrid(model.name, (newest?.grid.version ?? 0) + 1, references, baselines.length === 0);
  const grid = await withSegments(options, bins);
  await makeGrid(options, grid, basis);
  return grid;
}

function digestOf(segments: readonly SegmentSettings[]): string {
  return createHash("sha256").update(JSON.stringify(segments)).digest("hex").slice(0, 16);
}

/** What follows the basis of a grid that was made again with live rows: their stretch. */
const REBUILT = "live rows";

function basisWith({ model, baselines }: GridOptions): string {
  return basisOf(
    model,
    baselines.map((one) => one.key),
  );
}

async function withSegments({ store, model, baselines }: GridOptions, bins: Grid): Promise<Grid> {
  const keys = baselines.length > 0 ? baselines.map((one) => one.key) : [null];
  const segments = await pinSegments(store, bins, model.segments ?? [], keys);
  return segments.length === 0 ? bins : { ...bins, segments };
}

/**
 * A new grid, made from the baselines as before and the live rows of a stretch, so that both are seen sharply. It stays
 * until there are other baselines. Null with too few live rows.
 */
export async function rebuildGrid(options: GridOptions, live: Window): Promise<Grid | null> {
  const { store, model, baselines } = options;
  if ((await countPredictions(store, model.name, live)) < PROVISIONAL_ROWS) return null;
  const references = [
    ...(baselines.length > 0 ? ((await readReferences(options)) ?? []) : []),
    {
      numbers: await readNumericSummaries(store, model.name, { live }),
      categories: await readCategorySummaries(store, model, { live }, KNOWN_CATEGORIES),
    },
  ];
  const newest = await readNewestGrid(store, model.name);
  const grid = await withSegments(options, buildGrid(model.name, (newest?.grid.version ?? 0) + 1, references));
  await makeGrid(options, grid, `${basisWith(options)} ${REBUILT} ${live.from} ${live.to}`);
  return grid;
}

async function readReferences({ store, model, baselines }: GridOptions): Promise<ReferenceSummary[] | null> {
  if (baselines.length === 0 && (await countPredictions(store, model.name)) < PROVISIONAL_ROWS) return null;
  const sources = baselines.length > 0 ? baselines.map((one) => ({ baseline: one.key })) : [{ live: null }];
  const references = [];
  for (const rows of sources) {
    references.push({
      numbers: await readNumericSummaries(store, model.name, rows),
      categories: [
        ...(await readCategorySummaries(store, model, rows, KNOWN_CATEGORIES)),
        // A class that is never predicted is one all the same: it comes after those that are.
        ...(model.task === "multiclass" && "baseline" in rows
          ? await readLabelClasses(store, model.name, rows.baseline, KNOWN_CATEGORIES)
          : []),
      ],
    });
  }
  return references;
}

/**
 * Stores a grid and has everything counted on it. What it was made from is recorded last: a grid with a basis has its
 * baselines counted and its live events marked, and one without is made again after a crash.
 */
async function makeGrid(
  { store, model, baselines, nextGeneration, recountLive, clock }: GridOptions,
  grid: Grid,
  basis: string,
): Promise<void> {
  await insertGrid(store, grid, "", clock());
  await insertSegmentGroups(store, model.name, grid.version, grid.segments ?? [], clock());
  await forgetCounts(store, model.name);
  const outcomeGrid = outcomeGridOf(model, grid);
  for (const { key } of baselines) {
    const rows = { model: model.name, baseline: key };
    await countFeatures(store, rows, grid, model.bucket, [], nextGeneration(), model.task);
    if (!outcomeGrid) continue;
    await countOutcomes(store, rows, outcomeGrid, model.bucket, [], nextGeneration(), grid.segments);
    if (outcomeGrid.task !== "ranking") await countBinEffects(store, rows, grid, outcomeGrid, nextGeneration());
  }
  await recountLive();
  await insertGrid(store, grid, basis, clock());
}
