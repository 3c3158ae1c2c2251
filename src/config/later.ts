import type { Path } from "./problem.ts";

/** What the design promises and this version does not have yet: named, so that it is not taken for a typing mistake. */
const LATER_KEYS: readonly { readonly within: Path; readonly keys: readonly string[] }[] = [
  { within: [], keys: ["roles", "segments", "retention"] },
  { within: ["kafka", "topics"], keys: ["dead_letters"] },
  { within: ["store"], keys: ["cluster"] },
  { within: ["models", "*"], keys: ["retention"] },
  { within: ["rules", "*"], keys: ["segment", "segments"] },
  { within: ["rules", "*", "measure"], keys: ["segment", "version"] },
];

export const LATER_RETRAINING = ["argo", "kubeflow", "gitlab", "jenkins", "prefect", "dagster", "sagemaker", "vertex"];

export function isLaterKey(within: Path, key: string): boolean {
  return LATER_KEYS.some(
    (later) =>
      later.keys.includes(key) &&
      later.within.length === within.length &&
      later.within.every((step, index) => step === "*" || step === within[index]),
  );
}
