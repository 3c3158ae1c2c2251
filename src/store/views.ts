import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Store } from "./store.ts";

const DIRECTORY = new URL("./views/", import.meta.url);

/** The public face of the store in SQL: what dashboards and people may rely on. Documented in `docs/sql.md`. */
export type View = { readonly name: string; readonly sql: string };

/** The views that ship with this program, each before those that read it. */
export function readViews(): View[] {
  const views = readdirSync(DIRECTORY)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => ({ name: file.slice(0, -4), sql: readFileSync(new URL(file, DIRECTORY), "utf8").trim() }));
  // One view may read others that read tables; deeper nesting has had no use.
  const readsViews = (view: View) => /\b(?:FROM|JOIN) v_/.test(view.sql);
  return [...views.filter((view) => !readsViews(view)), ...views.filter(readsViews)];
}

/**
 * Makes the views as this program has them; those that are so already are left alone. A view holds no data, so it is
 * replaced as a whole instead of migrated. It reads with the rights of who made it: who may read the views needs no
 * right to read the tables, which hold what people sent.
 */
export async function replaceViews(store: Store): Promise<number> {
  const made = await store.query<{ name: string; comment: string }>(
    "SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND engine = 'View'",
  );
  const digests = new Map(made.map((view) => [view.name, view.comment]));
  let replaced = 0;
  for (const { name, sql } of readViews()) {
    const comment = `driftwatch ${createHash("sha256").update(sql).digest("hex").slice(0, 16)}`;
    if (digests.get(name) === comment) continue;
    await store.execute(`CREATE OR REPLACE VIEW ${name} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS ${sql} COMMENT '${comment}'`);
    replaced += 1;
  }
  return replaced;
}
