// Adds to package-lock.json what an `npm install` leaves out when its registry does not offer the packages of other
// platforms: `npm ci` refuses a lockfile without them. Run it after every change of dependencies.
import { readFileSync, writeFileSync } from "node:fs";

const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const PROCESSORS = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/** Optional packages that a lockfile names and does not hold, with the entry each should have. */
function missingOptionals(lock) {
  const missing = new Map();
  for (const [parent, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (isHeld(lock, parent, name)) continue;
      const words = name.slice(name.indexOf("/") + 1).split(/[-.]/);
      const system = SYSTEMS.find((one) => words.includes(one));
      // Names such as arm-gnueabihf and armv7 mean 32 bits.
      const processor = PROCESSORS.find((one) => words.includes(one)) ?? (words.some((word) => word.startsWith("arm")) ? "arm" : undefined);
      const library = words.some((word) => word.startsWith("musl"))
        ? "musl"
        : words.some((word) => word.startsWith("gnu"))
          ? "glibc"
          : undefined;
      missing.set(`node_modules/${name}`, {
        version,
        ...(processor ? { cpu: [processor] } : {}),
        ...(system === "linux" && library ? { libc: [library] } : {}),
        optional: true,
        ...(system ? { os: [system] } : {}),
      });
    }
  }
  return missing;
}

function isHeld(lock, parent, name) {
  for (let place = parent; ; place = place.slice(0, place.lastIndexOf("/node_modules/"))) {
    if (lock.packages[`${place === "" ? "" : `${place}/`}node_modules/${name}`]) return true;
    if (!place.includes("/node_modules/")) return lock.packages[`node_modules/${name}`] !== undefined;
  }
}

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
const missing = missingOptionals(lock);
if (process.argv.includes("--check")) {
  for (const name of missing.keys()) process.stderr.write(`${name} is not in package-lock.json: run node scripts/complete-lockfile.mjs\n`);
  process.exit(missing.size > 0 ? 1 : 0);
}
lock.packages = Object.fromEntries(
  Object.entries({ ...lock.packages, ...Object.fromEntries(missing) }).sort(([a], [b]) => (a < b ? -1 : 1)),
);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stderr.write(`${missing.size} packages of other platforms added\n`);
