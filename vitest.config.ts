import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest.json" },
    // The embedded engine keeps one data directory a process: forks, not threads, so that files do not share one.
    pool: "forks",
    globalSetup: ["test/support/run-global-setup.ts", "test/support/kafka-global-setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // As long as `until` waits: on a machine that is busy, a second is short.
    expect: { poll: { timeout: 20_000 } },
  },
});
