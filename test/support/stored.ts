import type { ModelSettings } from "../../src/model/settings.ts";
import { createSettler } from "../../src/monitor/settler.ts";
import { SETTLED_FEATURES } from "../../src/store/predictions.ts";
import type { Store } from "../../src/store/store.ts";
import { createSequence } from "../../src/store/touched-buckets.ts";

export type StoredPrediction = {
  readonly id: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly features: Readonly<Record<string, number>>;
  readonly answer: string | number | null;
  readonly latency: number | null;
  readonly status: string;
};

/** The predictions of a model that hold once it is settled which they are, by id. */
export async function storedPredictions(store: Store, model: ModelSettings | undefined, prefix = ""): Promise<StoredPrediction[]> {
  if (!model) throw new Error("There is no such model.");
  const settler = createSettler({ store, nextSequence: await createSequence(store), clock: Date.now, patience: 0 });
  await settler.settle(model);
  const rows = await store.query<Omit<StoredPrediction, "at"> & { at: number | string; class: string | null; number: number | null }>(
    `SELECT id, version, toUnixTimestamp64Milli(f.time) AS at, CAST((number_names, arrayResize(f.numbers, length(number_names), nan)), 'Map(String, Float64)') AS features,
       predicted_class AS class, predicted_number AS number, latency_ms AS latency, status
     FROM ${SETTLED_FEATURES} AS f WHERE model = {model:String} AND startsWith(id, {prefix:String}) ORDER BY id`,
    { model: model.name, prefix },
  );
  return rows.map(({ id, version, at, features, class: label, number, latency, status }) => ({
    id: id.slice(prefix.length),
    version,
    at: Number(at),
    features,
    answer: label ?? number,
    latency,
    status,
  }));
}
