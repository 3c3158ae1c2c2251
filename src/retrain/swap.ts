import type { BaselineSettings, ModelSettings, RetrainingSettings } from "../model/settings.ts";
import type { RetrainRun, SwapAdvice } from "../model/retraining.ts";
import { formatTime } from "../model/time.ts";
import { shellWord, trainingWindow } from "./request.ts";

/**
 * What it takes to hold the new version against what it was trained on. Baselines that move with the rows, and those of a
 * version, need nothing; a file describes the old version's training data, so the new version needs one of its own.
 */
export function swapAdvice(run: RetrainRun, model: ModelSettings, settings: RetrainingSettings): SwapAdvice {
  const version = run.newVersion ?? "";
  const files = model.baselines.filter((one): one is Extract<BaselineSettings, { kind: "file" }> => one.kind === "file");
  const lacking = files.find((one) => !one.byVersion.has(version));
  if (!lacking)
    return {
      why: `The alerts of ${run.version} are about a version that no longer matters once ${version} serves.`,
      command: null,
      yaml: null,
    };
  const { from, to } = trainingWindow(run, settings);
  const file = `${lacking.name}-of-the-new-version.ndjson`;
  return {
    why: `The alerts of ${run.version} are held against ${lacking.name}, which ${version} was not trained on.`,
    command: `driftwatch export --model ${shellWord(model.name)} --from ${formatTime(from)} --to ${formatTime(to)} --labelled > ${shellWord(file)}`,
    yaml: `baselines: {${JSON.stringify(lacking.name)}: {by_version: {${JSON.stringify(version)}: {file: ${JSON.stringify(file)}}}}}`,
  };
}
