import { defineConfig, mergeConfig } from "vitest/config";
import usual from "./vitest.config.ts";

/** The failures again, as often and as long as the table asks for: hours. `npm run test:soak -- -t R1` runs one. */
export default mergeConfig(
  { ...usual, test: { ...usual.test, include: [], reporters: [], outputFile: {} } },
  defineConfig({
    test: {
      include: ["test/failures/**/*.test.ts", "test/ingest/decode.test.ts", "test/store/contract.test.ts", "test/store/open.test.ts"],
      reporters: ["verbose"],
      env: { SOAK: "1" },
      // One at a time: what they measure is time and memory.
      fileParallelism: false,
    },
  }),
);
