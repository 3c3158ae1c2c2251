import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { StoreSettings } from "../model/settings.ts";
import { SECOND } from "../model/time.ts";

/** How commands find the daemon that owns an embedded store. Readable by its owner alone: it holds a token. */
export type DaemonFile = { readonly url: string; readonly token: string; readonly pid: number; readonly startedAt: string };

/** Where the daemon of an embedded store says that it is there; null for a server, which many may share. */
export function daemonFilePath(store: StoreSettings): string | null {
  return store.kind === "embedded" ? join(store.path, "daemon.json") : null;
}

export function writeDaemonFile(path: string, daemon: DaemonFile): void {
  mkdirSync(dirname(path), { recursive: true });
  // Renamed into place: nobody reads half of it, and it is new, so that the mode counts.
  const part = `${path}.part`;
  rmSync(part, { force: true });
  writeFileSync(
    part,
    `${JSON.stringify({ url: daemon.url, token: daemon.token, pid: daemon.pid, started_at: daemon.startedAt }, null, 2)}\n`,
    { mode: 0o600 },
  );
  renameSync(part, path);
}

export function removeDaemonFile(path: string): void {
  rmSync(path, { force: true });
}

/** What a daemon shows to prove that it is the one a file speaks of: made from the token, which it does not give away. */
export function instanceOf(token: string): string {
  return createHash("sha256").update(`driftwatch instance ${token}`).digest("hex").slice(0, 32);
}

/**
 * The daemon a file speaks of, when it answers; null for no file, an unreadable one, or one that outlived its daemon:
 * then another process may listen at its address, and must neither get the token nor pass for it.
 */
export async function findDaemon(path: string): Promise<DaemonFile | null> {
  const file = readDaemonFile(path);
  if (file === null) return null;
  try {
    const response = await fetch(`${file.url}/healthz`, { signal: AbortSignal.timeout(2 * SECOND) });
    const health = response.ok ? ((await response.json()) as { instance?: unknown }) : null;
    return health?.instance === instanceOf(file.token) ? file : null;
  } catch {
    return null;
  }
}

function readDaemonFile(path: string): DaemonFile | null {
  try {
    const parsed = JSON.parse(readFileSync(path, "utf8")) as { url?: unknown; token?: unknown; pid?: unknown; started_at?: unknown };
    const { url, token, pid } = parsed;
    if (typeof url !== "string" || !url.startsWith("http://") || typeof token !== "string" || typeof pid !== "number") return null;
    return { url, token, pid, startedAt: typeof parsed.started_at === "string" ? parsed.started_at : "" };
  } catch {
    return null;
  }
}
