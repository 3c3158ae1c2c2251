import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

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

export default defineConfig({
  test: {
    ...shared,
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest.json" },
    // Two at least: while one waits, for a broker or for a pause to pass, another computes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { extends: true, test: { name: "program", include: ["test/**/*.test.ts"], exclude: PURE, globalSetup } },
      { extends: true, test: { name: "pure", include: PURE, isolate: false, globalSetup: [RUN] } },
    ],
  },
});
