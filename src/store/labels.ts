import type { Label } from "../model/event.ts";
import type { Millis } from "../model/time.ts";
import type { Store } from "./store.ts";
import { dateTimeValue } from "./values.ts";

export type LabelRow = Readonly<Record<string, unknown>> & { readonly model: string; readonly id: string };

/** The row of a label. `precedence` says which of several rows with one id stays: the largest. */
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

/** Appends rows, durable when it resolves. Repeating it is harmless. */
export async function insertLabels(store: Store, rows: readonly LabelRow[]): Promise<void> {
  if (rows.length > 0) await store.insert("labels", rows);
}

/** How many labels a model has, each id once. */
export async function countLabels(store: Store, model: string): Promise<number> {
  const rows = await store.query<{ rows: number }>("SELECT count() AS rows FROM labels FINAL WHERE model = {model:String}", { model });
  return Number(rows[0]?.rows ?? 0);
}

/** The label that holds for a prediction, or null while none came. */
export async function findLabel(store: Store, model: string, id: string): Promise<Label | null> {
  const rows = await store.query<{ label: string; label_number: number | null; time: Millis | null; revision: number }>(
    "SELECT label, label_number, toUnixTimestamp64Milli(l.time) AS time, revision FROM labels AS l FINAL WHERE model = {model:String} AND id = {id:String}",
    { model, id },
  );
  const row = rows[0];
  return row
    ? {
        type: "label",
        id,
        model,
        label: row.label,
        labelNumber: row.label_number,
        time: row.time === null ? null : Number(row.time),
        revision: row.revision,
      }
    : null;
}

/** The time of the newest label of a model, or null when none told one. */
export async function newestLabelTime(store: Store, model: string): Promise<Millis | null> {
  const [row] = await store.query<{ newest: Millis | null }>(
    "SELECT toUnixTimestamp64Milli(maxOrNull(time)) AS newest FROM labels WHERE model = {model:String}",
    { model },
  );
  return row?.newest === null || row === undefined ? null : Number(row.newest);
}
