import { BENCH_START, predictionEvents } from "./support/events.ts";
import { encodeFetch } from "./support/fetched.ts";
import { withScratchStore } from "./support/scratch-store.ts";
import { openPipeline, takeFetch } from "./support/taking.ts";

const PER_FETCH = 22_500;
const EVERY = 20;
const ID_DIGITS = 8;

/** The most memory this process held (bytes) while it took so many events, for a process of its own. */
export async function measureMemory(events: number): Promise<number> {
  await withScratchStore(async (store) => {
    const pipeline = openPipeline(store);
    const values = predictionEvents({ features: 20, mixed: false }, 0, PER_FETCH);
    const partitions = [0, 1, 2].map((partition) => ({
      partition,
      offset: 0,
      values: values.slice((partition * PER_FETCH) / 3, ((partition + 1) * PER_FETCH) / 3),
    }));
    const fetched = await encodeFetch("bench", partitions);
    const places = placesIn(fetched);
    for (let from = 0; from < events; from += PER_FETCH) {
      // The same fetch with other ids and times: to make each anew would take longer than to read it.
      const bytes = Buffer.from(fetched);
      for (const [index, { id, time }] of places.entries()) {
        bytes.write((from + index).toString(16).padStart(ID_DIGITS, "0"), id, "latin1");
        bytes.write(new Date(BENCH_START + (from + index) * EVERY).toISOString(), time, "latin1");
      }
      await takeFetch(pipeline, bytes);
    }
    await pipeline.close();
    const [stored] = await store.query<{ rows: number }>("SELECT count() AS rows FROM predictions");
    const expected = Math.ceil(events / PER_FETCH) * PER_FETCH;
    if (Number(stored?.rows) !== expected) throw new Error(`${stored?.rows} rows are stored of ${expected} events.`);
  });
  return process.resourceUsage().maxRSS * 1024;
}

/** Where the last part of each event's id and its time begin. */
function placesIn(bytes: Buffer): { readonly id: number; readonly time: number }[] {
  const places: { id: number; time: number }[] = [];
  for (let at = bytes.indexOf('"id":"'); at >= 0; at = bytes.indexOf('"id":"', at + 1))
    places.push({ id: bytes.indexOf('"', at + 6) - ID_DIGITS, time: bytes.indexOf('"time":"', at) + 8 });
  return places;
}
