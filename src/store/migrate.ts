import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { StoreError, type Store } from "./store.ts";

const DIRECTORY = new URL("./migrations/", import.meta.url);

export type Migration = { readonly number: number; readonly name: string; readonly sql: string; readonly checksum: string };

/** The migrations that ship with this program, in order of their numbers, which may leave some out. One statement a file. */
export function readMigrations(directory: URL = DIRECTORY): Migration[] {
  let last = 0;
  return readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => {
      const sql = readFileSync(new URL(file, directory), "utf8");
      const number = Number(file.slice(0, 4));
      if (!(number > last)) throw new Error(`migration ${file} should have a number above ${last}`);
      last = number;
      return { number, name: file.slice(5, -4), sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

/**
 * Runs the migrations that a store has not seen, forward only, each recorded after it ran. A store made by a newer
 * program, or one whose history differs, is refused: its tables are not what this program takes them for.
 */
export async function migrate(store: Store, migrations: readonly Migration[] = readMigrations()): Promise<number> {
  await store.execute(
    "CREATE TABLE IF NOT EXISTS migrations (number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY number",
  );
  const applied = await store.query<{ number: number; name: string; checksum: string }>(
    "SELECT number, name, checksum FROM migrations ORDER BY number, applied_at",
  );
  for (const row of applied) {
    const known = migrations.find(({ number }) => number === row.number);
    if (!known) {
      throw new StoreError(`The store was made by a newer driftwatch: it has migration ${row.number} (${row.name}).`, {
        hint: "Upgrade driftwatch, or point it at another store.",
        retryable: false,
      });
    }
    if (known.checksum !== row.checksum) {
      throw new StoreError(`Migration ${row.number} (${row.name}) differs from the one this store was made with.`, {
        hint: "Use the driftwatch version that made the store, or start with a new one.",
        retryable: false,
      });
    }
  }
  const done = new Set(applied.map((row) => row.number));
  const due = migrations.filter((migration) => !done.has(migration.number));
  for (const migration of due) {
    await store.execute(migration.sql);
    await store.execute("INSERT INTO migrations SELECT {number:UInt32}, {name:String}, {checksum:String}, now64(3)", {
      number: migration.number,
      name: migration.name,
      checksum: migration.checksum,
    });
  }
  return due.length;
}
