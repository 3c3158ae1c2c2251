import { HOUR } from "../../model/time.ts";
import { HELD, type HeldHour, type HeldKind, type HeldRow, type HeldStretch, type LetterOrigin } from "../../store/held.ts";
import type { Connection } from "../connection.ts";
import { askItems, askJson } from "../request.ts";
import { NO_ID, NO_PRECEDENCE, slotOfId, slotOfPlace, type RecordKind, type Slots } from "./records.ts";

/** Rows of one answer, about. */
const ROWS_AT_ONCE = 20_000;

const KIND_OF: Readonly<Record<HeldKind, RecordKind>> = {
  predictions: "row",
  superseded: "superseded",
  outcomes: "outcome",
  arrivals: "arrival",
  waiting: "waiting",
};

export type HeldPlan = readonly { readonly kind: HeldKind; readonly rows: number; readonly stretches: readonly HeldStretch[] }[];

export async function planHeld(connection: Connection, model: string): Promise<HeldPlan> {
  const hours = await askJson<Record<HeldKind, HeldHour[]>>(connection, `${pathOf(model)}/held`);
  return HELD.map((kind) => ({
    kind,
    rows: hours[kind].reduce((sum, [, rows]) => sum + rows, 0),
    stretches: stretchesOf(hours[kind], ROWS_AT_ONCE, kind !== "waiting"),
  }));
}

/** Hours together as far as they go into one answer, and those that hold more than that in parts. */
export function stretchesOf(hours: readonly HeldHour[], most: number, byTime: boolean): HeldStretch[] {
  const stretches: (HeldStretch & { readonly rows: number })[] = [];
  for (const [hour, rows] of hours) {
    const last = stretches.at(-1);
    const parts = Math.max(1, Math.ceil(rows / most));
    if (last && last.parts === 1 && parts === 1 && last.rows + rows <= most)
      stretches.splice(-1, 1, { ...last, to: hour + HOUR, rows: last.rows + rows });
    else for (let part = 0; part < parts; part++) stretches.push({ from: hour, to: hour + HOUR, part, parts, rows });
  }
  // What knows no time is asked for in parts alone.
  return stretches.map(({ from, to, part, parts }) => ({ from: byTime ? from : 0, to: byTime ? to : HOUR, part, parts }));
}

/** Notes every row that is held of a model. */
export async function readHeld(
  connection: Connection,
  model: { readonly name: string; readonly index: number },
  plan: HeldPlan,
  slots: Slots,
  onRows: (rows: number) => void,
): Promise<void> {
  for (const { kind, stretches } of plan) {
    for (const { from, to, part, parts } of stretches) {
      const params = { from: String(from), to: String(to), part: String(part), parts: String(parts) };
      const { rows } = await askJson<{ rows: HeldRow[] }>(connection, `${pathOf(model.name)}/held/${kind}`, params);
      for (const [id, precedence, at, flags] of rows)
        slots.add(slotOfId(id), { kind: KIND_OF[kind], id, precedence, model: model.index, at, detail: flags, stream: 0, partition: 0 });
      onRows(rows.length);
    }
  }
}

/** Notes where dead letters came from, as far as it is one of `streams`. */
export async function readLetters(
  connection: Connection,
  source: "kafka" | "file",
  streams: readonly string[],
  reasonIndex: (reason: string) => number,
  slots: Slots,
): Promise<void> {
  const streamOf = new Map(streams.map((name, index) => [name, index]));
  for await (const [from, topic, partition, offset, reason] of askItems<LetterOrigin>(connection, "/v1/dead-letters/origins", {}, 1_000)) {
    const stream = from === source ? streamOf.get(topic) : undefined;
    if (stream === undefined) continue;
    const at = Number(offset);
    const detail = reasonIndex(reason);
    slots.add(slotOfPlace(partition, at), {
      kind: "letter",
      stream,
      partition,
      at,
      detail,
      model: 0,
      id: NO_ID,
      precedence: NO_PRECEDENCE,
    });
  }
}

export function pathOf(model: string): string {
  return `/v1/models/${encodeURIComponent(model)}`;
}
