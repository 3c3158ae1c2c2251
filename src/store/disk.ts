import type { Store } from "./store.ts";

/** What the tables take on disk, in bytes. */
export async function readDiskBytes(store: Store): Promise<number> {
  const [row] = await store.query<{ bytes: number }>(
    "SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = currentDatabase()",
  );
  return Number(row?.bytes ?? 0);
}
