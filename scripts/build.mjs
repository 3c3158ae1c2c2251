// Compiles src/ to dist/, and dashboards/ to dist/dashboards/, when something changed since the last time; quick when nothing did.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import path from "node:path";

const root = fileURLToPath(new URL("..", import.meta.url));
const assets = [/\.sql$/, /\.css$/, /\.client\.js$/, /\.mjs$/];

function filesBelow(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(full) : [full];
  });
}

export function build({ quiet = false } = {}) {
  const sources = filesBelow(path.join(root, "src")).sort();
  const dashboards = filesBelow(path.join(root, "dashboards"))
    .filter((name) => name.endsWith(".ts"))
    .sort();
  const projects = ["tsconfig.json", "tsconfig.dashboards.json"].map((file) => path.join(root, file));
  const hash = createHash("sha256");
  for (const file of [...sources, ...dashboards, ...projects, path.join(root, "package-lock.json")])
    hash.update(file).update(readFileSync(file));
  const digest = hash.digest("hex");
  const stamp = path.join(root, "dist", ".build");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  if (!quiet) process.stderr.write("driftwatch: compiling…\n");
  rmSync(path.join(root, "dist"), { recursive: true, force: true });
  const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
  for (const project of projects) {
    const result = spawnSync(process.execPath, [tsc, "-p", project], { stdio: ["ignore", 2, 2], cwd: root });
    if (result.status !== 0) process.exit(1);
  }
  for (const file of sources.filter((name) => assets.some((pattern) => pattern.test(name)))) {
    const target = path.join(root, "dist", path.relative(path.join(root, "src"), file));
    mkdirSync(path.dirname(target), { recursive: true });
    cpSync(file, target);
  }
  writeFileSync(stamp, digest);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
