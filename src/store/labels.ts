import type { Label } from "../model/event.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue } from "./values.ts";

export type LabelRow = Readonly<Record<string, unknown>> & { readonly model: string; readonly id: string };

/** The row of a label. `precedence` says which of several rows with one id holds: the largest. */
export function labelRow(label: Label, precedence: string): LabelRow {
  return {
    model: label.model,
    id: label.id,
    label: label.label,
    label_number: label.labelNumber,
    time: label.time === null ? null : dateTimeValue(label.time),
    revision: label.revision,
    precedence,
  };
}

/** Appends labels that arrived in one minute, durable when it resolves. Repeating it is harmless. */
export async function insertLabels(store: Store, rows: readonly LabelRow[], minute: Millis): Promise<void> {
  if (rows.length > 0)
    await store.insert(
      "label_inbox",
      rows.map((row) => ({ ...row, arrived: minute / 1000 })),
    );
}

/** The time of the newest label of a model, or null when none told one. */
export async function newestLabelTime(store: Store, model: string): Promise<Millis | null> {
  const newest = (table: string) =>
    `SELECT toUnixTimestamp64Milli(maxOrNull(l.time)) AS newest FROM ${table} AS l WHERE model = {model:String}`;
  const rows = await store.query<{ newest: Millis | null }>(`${newest("label_inbox")} UNION ALL ${newest("outcomes")}`, { model });
  const times = rows.flatMap((row) => (row.newest === null ? [] : [Number(row.newest)]));
  return times.length === 0 ? null : Math.max(...times);
}
