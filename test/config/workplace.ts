import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadConfig, type Loaded, type LoadOptions } from "../../src/config/load.ts";
import { formatProblems, type Problem } from "../../src/config/problem.ts";
import type { Config } from "../../src/model/settings.ts";
import { scratchDirectory } from "../support/scratch.ts";

/** Writes files to a new directory and returns it. */
export function workplace(files: Readonly<Record<string, string>>): string {
  const directory = scratchDirectory();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

export function load(yaml: string, files: Readonly<Record<string, string>> = {}, options: Partial<LoadOptions> = {}): Loaded {
  const directory = workplace({ "driftwatch.yaml": yaml, ...files });
  return loadConfig({ file: join(directory, "driftwatch.yaml"), env: {}, ...options });
}

export function loaded(result: Loaded): Config {
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result.config;
}

export function problemsOf(result: Loaded): readonly Problem[] {
  return result.ok ? [] : result.problems;
}

export const MODEL = "models: {m: {task: binary, positive: late, baselines: {training: {window: 7d}}}}\n";

/** A configuration with one rule, as changed. */
export function loadRule(changes: string, config = MODEL): Loaded {
  return load(config, { "alerts/rules.yaml": `rules:\n  - name: r\n${changes.replaceAll(/^/gm, "    ")}\n` });
}
