// Compiles the benchmarks beside the program they measure, and runs one: `npm run bench -- ingest --help`.
import { cpSync, existsSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { build } from "./build.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = path.join(root, "dist-bench");
const [name, ...options] = process.argv.slice(2);
if (name === undefined || !/^[a-z-]+$/.test(name) || !existsSync(path.join(root, "bench", `${name}.ts`))) {
  process.stderr.write("Usage: npm run bench -- NAME [options], NAME being a file of bench/ without its ending.\n");
  process.exit(2);
}
build();
rmSync(out, { recursive: true, force: true });
const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
const compiled = spawnSync(process.execPath, [tsc, "-p", path.join(root, "tsconfig.bench.json")], { stdio: ["ignore", 2, 2], cwd: root });
if (compiled.status !== 0) process.exit(1);
cpSync(path.join(root, "src", "store"), path.join(out, "src", "store"), {
  recursive: true,
  filter: (file) => !file.endsWith(".ts"),
});
const run = spawnSync(process.execPath, ["--expose-gc", path.join(out, "bench", `${name}.js`), ...options], {
  stdio: "inherit",
  cwd: root,
});
process.exit(run.status ?? 1);
