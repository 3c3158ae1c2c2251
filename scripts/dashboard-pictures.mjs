// Draws the dashboards from a played year into docs/images: node scripts/dashboard-pictures.mjs. Takes about two minutes.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const test = ["run", "test/dashboards/queries.test.ts", "-t", "every panel is drawn from its answers"];
const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", ...test], {
  cwd: root,
  env: { ...process.env, DRIFTWATCH_PICTURES: "1" },
  stdio: "inherit",
});
process.exit(status ?? 1);
