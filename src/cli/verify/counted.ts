import type { Millis } from "../../model/time.ts";
import type { Counted } from "../../store/held.ts";
import type { Expected } from "./compare.ts";

/** A count that is not what the stored rows come to. */
export type Miscount = {
  readonly bucket: Millis;
  readonly what: "requests" | "errors" | "feature rows" | "features" | "feature cells" | "outcomes" | "labelled" | "outcome cells";
  readonly counted: number;
  readonly rows: number;
};

/** Holds the counts of every bucket that is done against the rows themselves. */
export function miscounts(
  { subjects, buckets }: Counted,
  expected: ReadonlyMap<Millis, Expected>,
  options: { /** Whether this model's outcomes are counted. */ readonly outcomes: boolean; isDue(bucket: Millis): boolean },
): Miscount[] {
  const none = {
    requests: 0,
    errors: 0,
    features: { least: 0, most: 0, subjects: 0, torn: 0 },
    outcomes: { predictions: 0, labelled: 0, celled: 0 },
  };
  const counted = new Map(buckets.map((one) => [one.bucket, one]));
  const found: Miscount[] = [];
  for (const bucket of new Set([...expected.keys(), ...counted.keys()])) {
    if (options.isDue(bucket)) continue;
    const { requests, errors, features, outcomes } = counted.get(bucket) ?? none;
    const rows = expected.get(bucket) ?? { requests: 0, errors: 0, judged: 0, labelled: 0 };
    const compare = (what: Miscount["what"], count: number, of: number): void => {
      if (count !== of) found.push({ bucket, what, counted: count, rows: of });
    };
    compare("requests", requests, rows.requests);
    compare("errors", errors, rows.errors);
    if (subjects > 0) {
      const served = rows.requests - rows.errors;
      compare("feature rows", features.most === served ? features.least : features.most, served);
      compare("features", features.subjects, served === 0 ? 0 : subjects);
      compare("feature cells", features.torn, 0);
    }
    if (options.outcomes) {
      compare("outcomes", outcomes.predictions, rows.judged);
      compare("labelled", outcomes.labelled, rows.labelled);
      compare("outcome cells", outcomes.celled, outcomes.labelled);
    }
  }
  return found.sort((a, b) => a.bucket - b.bucket);
}
