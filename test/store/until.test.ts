import { expect, it } from "vitest";
import { storeUntil } from "../../src/store/until.ts";
import { openTemporaryStore } from "../alerting/examples.ts";

it("answers until it is over, and then takes nothing more", async () => {
  const { store, remove } = await openTemporaryStore();
  try {
    let over = false;
    const until = storeUntil(store, () => over);
    const tick = { started_at: Date.now(), duration_ms: 1, buckets_counted: 0, windows_measured: 0, measurements: 0, error: null };
    await until.insert("ticks", [tick]);
    const count = (from: typeof store) =>
      from.query<{ n: number }>("SELECT count() AS n FROM ticks WHERE duration_ms = {ms:Float64}", { ms: 1 });
    expect(await count(until)).toEqual([{ n: 1 }]);
    over = true;
    const refused = "The program is ending.";
    await expect(count(until)).rejects.toThrow(refused);
    await expect(until.insert("ticks", [tick])).rejects.toThrow(refused);
    await expect(until.execute("TRUNCATE TABLE ticks")).rejects.toThrow(refused);
    expect(await count(store)).toEqual([{ n: 1 }]);
  } finally {
    await remove();
  }
});
