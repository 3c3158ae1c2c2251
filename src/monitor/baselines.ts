import { createHash } from "node:crypto";
import type { BaselineRow } from "../model/event.ts";
import type { Grid } from "../model/grid.ts";
import type { BaselineSettings, ModelSettings } from "../model/settings.ts";
import type { Clock } from "../model/time.ts";
import type { Log } from "../log.ts";
import { insertBaseline, insertBaselineRows, readBaselines, summarizeBaselineRows, type StoredBaseline } from "../store/baselines.ts";
import { countFeatures } from "../store/feature-counts.ts";
import { insertGrid, readCategorySummaries, readNewestGrid, readNumericSummaries } from "../store/grids.ts";
import { countOutcomes } from "../store/outcome-counts.ts";
import type { Store } from "../store/store.ts";
import { buildGrid, KNOWN_CATEGORIES } from "./build-grid.ts";

/** A baseline file, opened: what it is called, what it holds (a digest of its bytes), and its rows. */
export type BaselineFile = {
  readonly source: string;
  readonly digest: string;
  /** Batches of rows; stops with an error that names the line when one is malformed. */
  rows(): AsyncIterable<readonly BaselineRow[]>;
};

export type OpenBaselineFile = (file: string, model: ModelSettings) => Promise<BaselineFile>;

/** One file a version, or one for all versions (`version` empty). */
export function baselineFiles(baseline: BaselineSettings): { version: string; file: string }[] {
  if (baseline.kind !== "file") return [];
  const files = [...baseline.byVersion].map(([version, file]) => ({ version, file }));
  return baseline.file === null ? files : [...files, { version: "", file: baseline.file }];
}

/** The key under which a file baseline's rows and counts are kept: another content is another key. */
export function baselineKey(model: string, name: string, version: string, digest: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([model, name, version, digest]))
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
    for (const { version, file } of baselineFiles(settings)) {
      const opened = await open(file, model);
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

/**
 * The grid for these baselines: the stored one when it was made from them, else a new one, on which the baselines
 * are counted at once. `changed` says that live events have to be counted again.
 */
export async function ensureGrid(options: {
  store: Store;
  model: ModelSettings;
  baselines: readonly StoredBaseline[];
  nextGeneration: () => number;
  clock: Clock;
}): Promise<{ grid: Grid; changed: boolean } | null> {
  const { store, model, baselines, nextGeneration, clock } = options;
  const basis = baselines.map((baseline) => baseline.key).join(" ");
  const newest = await readNewestGrid(store, model.name);
  if (newest?.basis === basis) return { grid: newest.grid, changed: false };
  if (baselines.length === 0) return null;
  const references = [];
  for (const { key } of baselines) {
    references.push({
      numbers: await readNumericSummaries(store, model.name, key),
      categories: await readCategorySummaries(store, model.name, key, KNOWN_CATEGORIES),
    });
  }
  const grid = buildGrid(model.name, (newest?.grid.version ?? 0) + 1, references);
  await insertGrid(store, grid, "", clock());
  for (const { key } of baselines) {
    const rows = { model: model.name, baseline: key };
    await countFeatures(store, rows, grid, model.bucket, [], nextGeneration());
    if (model.task === "binary" && model.positive !== null)
      await countOutcomes(store, rows, model.positive, model.bucket, [], nextGeneration());
  }
  // What it was made from is recorded last: a grid with a basis has its baselines counted on it.
  await insertGrid(store, grid, basis, clock());
  return { grid, changed: newest !== null };
}

/** Live rows that make a provisional grid when no file baseline is configured. */
const PROVISIONAL_ROWS = 1_000;
const PROVISIONAL_BASIS = "first rows";

/** Bins for a model without a reference: from its first rows, once there are enough of them. Every result says so. */
export async function ensureProvisionalGrid(options: {
  store: Store;
  model: ModelSettings;
  clock: Clock;
}): Promise<{ grid: Grid; changed: boolean } | null> {
  const { store, model, clock } = options;
  const newest = await readNewestGrid(store, model.name);
  if (newest?.basis === PROVISIONAL_BASIS) return { grid: newest.grid, changed: false };
  const numbers = await readNumericSummaries(store, model.name, null);
  const categories = await readCategorySummaries(store, model.name, null, KNOWN_CATEGORIES);
  const rows = Math.max(0, ...numbers.map((summary) => summary.rows), ...categories.map((summary) => summary.rows));
  if (rows < PROVISIONAL_ROWS) return null;
  const grid = buildGrid(model.name, (newest?.grid.version ?? 0) + 1, [{ numbers, categories }], true);
  await insertGrid(store, grid, PROVISIONAL_BASIS, clock());
  return { grid, changed: true };
}
