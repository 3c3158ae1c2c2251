import type { StoreSettings } from "../model/settings.ts";
import { openEmbeddedStore } from "./embedded.ts";
import { migrate } from "./migrate.ts";
import { openServerStore } from "./server.ts";
import { StoreError, type Store } from "./store.ts";
import { replaceViews } from "./views.ts";

/** Opens the configured store, brings its tables up to date, and refuses one whose data was set aside as damaged. */
export async function openStore(settings: StoreSettings): Promise<Store> {
  const store = settings.kind === "embedded" ? await openEmbeddedStore(settings.path) : await openServerStore(settings);
  try {
    await migrate(store);
    await replaceViews(store);
    await refuseDetachedParts(store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Why parts are set aside that took no rows with them: copies, leftovers of work that was cut short, a person's own doing. */
const HARMLESS_REASONS = [
  "",
  "ignored",
  "clone",
  "attaching",
  "deleting",
  "tmp-fetch",
  "noquorum",
  "merge-not-byte-identical",
  "mutate-not-byte-identical",
];

/**
 * ClickHouse moves a damaged part aside at start and goes on without its rows, silently. An answer computed on what
 * is left would be wrong, so the store is not opened.
 */
async function refuseDetachedParts(store: Store): Promise<void> {
  const parts = await store.query<{ table: string; name: string; reason: string }>(
    "SELECT table, name, reason FROM system.detached_parts WHERE database = currentDatabase() AND reason NOT IN {harmless:Array(String)} LIMIT 20",
    { harmless: HARMLESS_REASONS },
  );
  if (parts.length === 0) return;
  const list = parts.map((part) => `${part.table}/${part.name} (${part.reason})`).join(", ");
  throw new StoreError(`The store holds ${parts.length} damaged part(s) that ClickHouse set aside: ${list}.`, {
    hint: "Their rows are missing from every answer. Restore them from a backup, or drop them with ALTER TABLE … DROP DETACHED PART and replay the topics.",
    retryable: false,
  });
}
