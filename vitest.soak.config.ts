import { defineConfig } from "vitest/config";
import { globalSetup, shared } from "./vitest.config.ts";

/** The failures again, as often and as long as the table asks for: hours. `npm run test:soak -- -t R1` runs one. */
export default defineConfig({
  test: {
    ...shared,
    globalSetup,
    include: ["test/failures/**/*.test.ts", "test/ingest/decode.test.ts", "test/store/contract.test.ts", "test/store/open.test.ts"],
    reporters: ["verbose"],
    env: { SOAK: "1" },
    // One at a time: what they measure is time and memory.
    fileParallelism: false,
  },
});
