import { createSettler } from "../src/monitor/settler.ts";
import { insertLabels, labelRow } from "../src/store/labels.ts";
import { createSequence, touchBuckets } from "../src/store/touched-buckets.ts";
import { labelPrecedence } from "../src/ingest/identity.ts";
import { mulberry32 } from "../test/support/mulberry32.ts";
import { BENCH_START } from "./support/events.ts";
import { BENCH_SETTINGS } from "./support/model.ts";
import { costOf, median } from "./support/measure.ts";
import { settleMerges, withScratchStore } from "./support/scratch-store.ts";

const HOUR = 3_600_000;
const LABELS = 20_000;
/** Labels are about predictions of this stretch before the newest. */
const LABELLED_HOURS = 24;

/**
 * The CPU of joining 20,000 new labels with their predictions, in microseconds a label, where so many predictions are
 * stored: at one rate for ever longer (`history`), or within two days ever more of them (`rate`). The median of some rounds.
 */
export async function measureLabels(stored: number, grows: "history" | "rate", rounds: number): Promise<number> {
  return withScratchStore(async (store) => {
    const perHour = grows === "history" ? 2_000 : stored / 50;
    const hours = stored / perHour;
    const first = BENCH_START - hours * HOUR;
    // A million at a time: an insert may not span more than a hundred months, and blocks stay small.
    for (let from = 0; from < stored; from += 1_000_000)
      await store.execute(
        `INSERT INTO predictions (model, id, version, time, numbers, predicted_class, score, status, weight, precedence)
         SELECT {model:String}, concat(lower(hex(sipHash64(number))), '-', toString(number)), 'v1',
           fromUnixTimestamp64Milli(toInt64({first:Int64} + number * {step:Float64}), 'UTC'), [], 'yes', 0.5, 'ok', 1, number
         FROM numbers({from:UInt64}, {rows:UInt64})`,
        { model: BENCH_SETTINGS.name, first, step: HOUR / perHour, from, rows: Math.min(1_000_000, stored - from) },
      );
    await settleMerges(store, "predictions");
    let now = BENCH_START + HOUR;
    const nextSequence = await createSequence(store, () => now);
    const settler = createSettler({ store, nextSequence, clock: () => now, patience: 20 });
    const random = mulberry32(stored);
    const costs: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      now += HOUR;
      const numbers = Array.from({ length: LABELS }, () => stored - 1 - Math.floor(random() * Math.min(stored, LABELLED_HOURS * perHour)));
      const ids = await store.query<{ id: string }>(
        "SELECT concat(lower(hex(sipHash64(number))), '-', toString(number)) AS id FROM (SELECT arrayJoin({numbers:Array(UInt64)}) AS number)",
        { numbers },
      );
      const labels = ids.map(({ id }) => {
        const label = {
          type: "label" as const,
          id,
          model: BENCH_SETTINGS.name,
          time: now - HOUR,
          label: "yes",
          labelNumber: null,
          revision: round,
        };
        return labelRow(label, labelPrecedence(label));
      });
      const minute = Math.floor(now / 60_000) * 60_000;
      await insertLabels(store, labels, minute);
      await touchBuckets(store, [{ model: BENCH_SETTINGS.name, kind: "labels", bucket: minute }], nextSequence());
      const cost = await costOf(() => settler.settle(BENCH_SETTINGS));
      // The first round warms up.
      if (round > 0) costs.push(cost.cpu / LABELS);
    }
    const [joined] = await store.query<{ rows: number }>("SELECT uniqExact(id) AS rows FROM outcomes");
    const [waiting] = await store.query<{ rows: number }>("SELECT count() AS rows FROM waiting_labels");
    if (Number(joined?.rows) === 0 || Number(waiting?.rows) > 0) throw new Error("Labels were not joined with their predictions.");
    return median(costs);
  });
}
