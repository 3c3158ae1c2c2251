import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where what several files of a run need is made once: see `once-a-run.ts`. */
    readonly runDirectory: string;
  }
}

const NAME = /^driftwatch-run-(\d+)-/;

/**
 * One directory a run for all that its processes write, which is gone when the run is. A run that is killed cannot
 * clean up: the next one does.
 */
export default function setup(project: TestProject): () => void {
  const parent = tmpdir();
  for (const name of readdirSync(parent)) {
    const [, pid] = NAME.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  const directory = mkdtempSync(path.join(parent, `driftwatch-run-${process.pid}-`));
  process.env["TMPDIR"] = directory;
  project.provide("runDirectory", directory);
  return () => {
    process.env["TMPDIR"] = parent;
    rmSync(directory, { recursive: true, force: true });
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is somebody else's, and there.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
