import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Python programs beside which ours is measured. What cannot be run is left out, and says so. */

function canImport(python: string, modules: string): boolean {
  return spawnSync(python, ["-c", `import ${modules}`], { stdio: "ignore" }).status === 0;
}

function leftOut(what: string, hint: string): null {
  process.stderr.write(`\n*** ${what} is NOT measured, so nothing is compared with it. ${hint}\n\n`);
  return null;
}

export function scipyPython(python: string): string | null {
  if (canImport(python, "numpy, scipy")) return python;
  return leftOut("SciPy", `${python} has no numpy and scipy: name one that has with --python.`);
}

/** The Python to run Evidently with: the named one, or one made for it from the package index. */
export function evidentlyPython(named: string | null): string | null {
  if (named === null) return leftOut("Evidently", "Ask for it with --evidently install.");
  if (named !== "install")
    return canImport(named, "evidently")
      ? named
      : leftOut("Evidently", `${named} cannot import it: pip install evidently==0.7.23 "pandas<3".`);
  const directory = mkdtempSync(join(tmpdir(), "driftwatch-evidently-"));
  const python = join(directory, "bin", "python");
  for (const [command, ...args] of [
    ["python3", "-m", "venv", directory],
    [python, "-m", "pip", "install", "--quiet", "evidently==0.7.23", "pandas<3"],
  ] as const) {
    if (spawnSync(command, args, { stdio: ["ignore", 2, 2] }).status !== 0)
      return leftOut("Evidently", `It could not be installed (${command} ${args.join(" ")}): is there a network?`);
  }
  return python;
}

/** What `bench/peers/drift.py` found in a directory of columns. */
export function askPeer(python: string, peer: "scipy" | "evidently" | "chunks", directory: string): unknown {
  const run = spawnSync(python, ["bench/peers/drift.py", peer, directory], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 28,
  });
  if (run.status !== 0) throw new Error(`${peer} ended with ${run.status ?? run.signal}: ${run.stderr.slice(-2000)}`);
  return JSON.parse(run.stdout);
}
