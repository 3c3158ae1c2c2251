import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";

/** A store of its own for some work, and the directory it lies in; both are gone afterwards. */
export async function withScratchStore<Result>(work: (store: Store, directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), "driftwatch-bench-"));
  const store = await openStore({ kind: "embedded", path: directory });
  try {
    return await work(store, directory);
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Until no part of a table is being merged any more. */
export async function settleMerges(store: Store, table: string): Promise<void> {
  let quiet = 0;
  while (quiet < 2) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [merges] = await store.query<{ rows: number }>(
      `SELECT count() AS rows FROM system.merges WHERE database = currentDatabase() AND table = '${table}'`,
    );
    quiet = Number(merges?.rows) === 0 ? quiet + 1 : 0;
  }
}
