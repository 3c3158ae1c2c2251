import { defineConfig } from "vitest/config";
export default defineConfig({ test: { include: ["test/ingest/kafka-source.test.ts"], globalSetup: ["test/support/kafka-global-setup.ts"], testTimeout: 30_000, hookTimeout: 60_000 } });
