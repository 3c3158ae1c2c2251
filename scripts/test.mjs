// `npm test`: sets up what is missing, then every check: types, lint, format, dead code, tests.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { rmSync } from "node:fs";
import path from "node:path";
import { install } from "./install.mjs";

install();
const { build } = await import("./build.mjs");
build();

const root = fileURLToPath(new URL("..", import.meta.url));
rmSync(path.join(root, "test-results"), { recursive: true, force: true });
const bin = (name) => path.join(root, "node_modules", ".bin", name);
const given = process.argv.slice(2);
const checks =
  given.length > 0
    ? []
    : [
        ["types", bin("tsc"), ["--noEmit", "-p", "tsconfig.test.json"]],
        ["lint", bin("oxlint"), ["--type-aware", "--deny-warnings"]],
        ["format", bin("oxfmt"), ["--check"]],
        ["dead code", bin("knip"), []],
      ];
for (const [name, command, args] of [...checks, ["tests", bin("vitest"), ["run", ...given]]]) {
  process.stderr.write(`\n── ${String(name)}\n`);
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (result.status !== 0) {
    process.stderr.write(`\n${String(name)}: failed\n`);
    process.exit(result.status ?? 1);
  }
}
