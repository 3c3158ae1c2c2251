import { spawnSync } from "node:child_process";

/** Why what promtool has to prove is skipped, said loudly; null where it runs. With CI set it runs, and fails without it. */
export function promtoolSkipReason(): string | null {
  if (!spawnSync("promtool", ["--version"]).error) return null;
  const reason = "promtool was not found: install Prometheus (apt-get install --no-install-recommends prometheus)";
  if (process.env["CI"]) throw new Error(reason);
  console.warn(`\n${"!".repeat(100)}\n!!! PROMTOOL TESTS ARE SKIPPED: ${reason}\n${"!".repeat(100)}\n`);
  return reason;
}

/** What promtool says to this, and with which exit code. */
export function promtool(args: readonly string[], input = ""): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  return { code: status, said: `${stdout}${stderr}` };
}
