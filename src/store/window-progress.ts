import type { Millis } from "../model/time.ts";
import { dateTimeValue } from "./values.ts";
import type { Store } from "./store.ts";

/** How far each plan's windows of a model were measured. */
export async function readWindowProgress(store: Store, model: string): Promise<Map<string, Millis>> {
  const rows = await store.query<{ plan: string; upTo: number }>(
    "SELECT plan, toUnixTimestamp64Milli(max(measured_to)) AS upTo FROM window_progress WHERE model = {model:String} GROUP BY plan",
    { model },
  );
  return new Map(rows.map((row) => [row.plan, row.upTo]));
}

export async function insertWindowProgress(store: Store, model: string, reached: ReadonlyMap<string, Millis>): Promise<void> {
  if (reached.size === 0) return;
  await store.insert(
    "window_progress",
    [...reached].map(([plan, to]) => ({ model, plan, measured_to: dateTimeValue(to) })),
  );
}
