import { defineConfig } from "vitest/config";

/** What needs more of the world than a test run should: `npm run test:real`. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.real.ts"],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
