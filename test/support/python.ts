import { spawnSync } from "node:child_process";

/** Why no Python can be had on this machine, said loudly, or null. With CI set that is an error: there, nothing may be skipped. */
export function pythonSkipReason(): string | null {
  if (spawnSync("python3", ["--version"], { stdio: "ignore" }).status === 0) return null;
  const reason = "no Python to test the Python examples with: install python3";
  if (process.env["CI"]) throw new Error(reason);
  console.warn(`\n${"!".repeat(100)}\n!!! PYTHON TESTS ARE SKIPPED: ${reason}\n${"!".repeat(100)}\n`);
  return reason;
}
