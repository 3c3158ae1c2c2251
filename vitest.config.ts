import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Values in, values out: nothing is open that the next file could meet, and loading takes longer than testing. */
const PURE = ["test/stats/**/*.test.ts", "test/model/**/*.test.ts", "test/config/**/*.test.ts"];

/** What every run of the tests has in common. */
export const shared = {
  // The embedded engine keeps one data directory a process: forks, not threads, so that files do not share one.
  pool: "forks",
  testTimeout: 60_000,
  hookTimeout: 120_000,
  // As long as `until` waits: on a machine that is busy, a second is short.
  expect: { poll: { timeout: 20_000 } },
} as const;

const RUN = "test/support/run-global-setup.ts";
export const globalSetup = [RUN, "test/support/kafka-global-setup.ts"];

/** Long files first: one that is begun last has nothing beside it. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => /\/test\/(acceptance|dashboards|failures)\//.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    ...shared,
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest.json" },
    // Two at least: while one waits, for a broker or for a pause to pass, another computes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongFirst },
    projects: [
      { extends: true, test: { name: "program", include: ["test/**/*.test.ts"], exclude: PURE, globalSetup } },
      { extends: true, test: { name: "pure", include: PURE, isolate: false, globalSetup: [RUN] } },
    ],
  },
});
