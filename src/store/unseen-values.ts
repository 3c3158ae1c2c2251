import type { Window } from "../model/time.ts";
import { SETTLED_FEATURES, WITHIN } from "./predictions.ts";
import type { Store } from "./store.ts";

/** Categories of one feature in a window that a grid does not know, most frequent first. */
export function readUnseenValues(
  store: Store,
  where: { readonly model: string; readonly version: string; readonly feature: string; readonly grid: number; readonly window: Window },
  most = 5,
): Promise<{ value: string; rows: number }[]> {
  return store.query<{ value: string; rows: number }>(
    `SELECT categories[indexOf(category_names, {feature:String})] AS value, count() AS rows
     FROM ${SETTLED_FEATURES}
     WHERE model = {model:String} AND version = {version:String} AND has(category_names, {feature:String})
       AND ${WITHIN}
       AND value NOT IN (
         SELECT arrayJoin(arrayConcat(categories, rare)) FROM grids FINAL
         WHERE model = {model:String} AND grid = {grid:UInt32} AND subject = 'feature' AND feature = {feature:String}
       )
     GROUP BY value ORDER BY rows DESC, value LIMIT {most:UInt32}`,
    {
      model: where.model,
      version: where.version,
      feature: where.feature,
      grid: where.grid,
      from: where.window.from,
      to: where.window.to,
      most,
    },
  );
}
