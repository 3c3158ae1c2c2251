// Installs the packages of the lockfile when they are not there yet; quick when they are.
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import path from "node:path";

const root = fileURLToPath(new URL("..", import.meta.url));

export function install() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    process.stderr.write(`driftwatch needs Node 20.19 or newer; this is ${process.version}.\n`);
    process.exit(2);
  }
  const digest = createHash("sha256")
    .update(readFileSync(path.join(root, "package-lock.json")))
    .digest("hex");
  const modules = path.join(root, "node_modules");
  // A link leads to the packages of another clone, which an install from here would empty first.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const stamp = path.join(modules, ".driftwatch-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  process.stderr.write("driftwatch: installing packages from the lockfile (about 600 MB, most of it the embedded ClickHouse)…\n");
  const result = spawnSync("npm", ["ci", "--no-progress"], { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  if (result.status !== 0) {
    process.stderr.write("driftwatch: `npm ci` failed; its message above says why.\n");
    process.exit(1);
  }
  writeFileSync(stamp, digest);
}
