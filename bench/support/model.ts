import type { ModelSettings } from "../../src/model/settings.ts";
import { BENCH_MODEL } from "./events.ts";

export const BENCH_SETTINGS: ModelSettings = {
  name: BENCH_MODEL,
  task: "binary",
  positive: "yes",
  bucket: 3_600_000,
  lateness: 60_000,
  labelsExpectedWithin: 86_400_000,
  baselines: [],
};
