import { afterEach, describe, expect, it } from "vitest";
import type { BatchHandler, EventSource, Message } from "../../src/ingest/source.ts";
import { until } from "../support/kafka-until.ts";

/** One place to read from, with `partitions` of them, and as many sources upon it as a test makes. */
export type SourceUnderTest = {
  readonly partitions: readonly string[];
  put(key: string, values: readonly (string | null)[]): Promise<void>;
  createSource(): EventSource;
};

export const numbered = (count: number, prefix = "event"): string[] => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** Something to wait at until a test opens it. */
export function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** A handler that keeps what it got, by partition. */
export function collector(): { handle: BatchHandler; got: Map<string, Message[]>; texts(key: string): (string | null)[]; total(): number } {
  const got = new Map<string, Message[]>();
  return {
    got,
    handle: async (messages, { key }) => {
      got.set(key, [...(got.get(key) ?? []), ...messages]);
    },
    texts: (key) => (got.get(key) ?? []).map(({ bytes }) => (bytes === null ? null : Buffer.from(bytes).toString())),
    total: () => [...got.values()].reduce((sum, messages) => sum + messages.length, 0),
  };
}

export const allDrained = (source: EventSource, partitions: number): boolean => {
  const status = source.status();
  return status.partitions.length === partitions && status.partitions.every(({ drained }) => drained);
};

/** What every source owes its reader. `make` gives a fresh place with three partitions. */
export function describeEventSource(name: string, make: () => Promise<SourceUnderTest>): void {
  describe(`${name}, as an event source`, () => {
    const running: EventSource[] = [];
    const started = async (place: SourceUnderTest, handle: BatchHandler) => {
      const source = place.createSource();
      running.push(source);
      await source.start(handle);
      return source;
    };
    afterEach(async () => {
      await Promise.all(running.splice(0).map((source) => source.stop()));
    });

    it("reads every partition in order, tombstones included", async () => {
      const place = await make();
      for (const key of place.partitions) await place.put(key, [...numbered(300, key), null]);
      const { handle, texts, total, got } = collector();
      const source = await started(place, handle);
      await until("903 messages", () => total() >= 903);
      for (const key of place.partitions) {
        expect(texts(key)).toEqual([...numbered(300, key), null]);
        expect(got.get(key)?.map(({ origin }) => Number(origin.offset))).toEqual(Array.from({ length: 301 }, (_, index) => index));
        expect(got.get(key)?.every(({ origin, timestamp }) => `${origin.topic}/${origin.partition}` === key && timestamp !== null)).toBe(
          true,
        );
      }
      expect(source.status()).toMatchObject({ running: true, error: null, gaps: 0, lost: 0 });
    });

    it("is drained at the end, in empty partitions too, and not while messages wait", async () => {
      const place = await make();
      const [first = ""] = place.partitions;
      await place.put(first, numbered(10));
      const gate = createGate();
      const told: boolean[] = [];
      const source = await started(place, async (_messages, { drained }) => {
        told.push(drained);
        await gate.opened;
      });
      await until("the handler to be called", () => told.length === 1);
      await until(
        "the others to be drained",
        () => source.status().partitions.filter(({ drained }) => drained).length === place.partitions.length - 1,
      );
      expect(source.status().partitions.find(({ key }) => key === first)?.drained).toBe(false);
      gate.open();
      await until("all partitions to be drained", () => allDrained(source, place.partitions.length));
      expect(told).toEqual([true]);
    });

    it("commits nothing before the handler resolved, and brings a rejected batch again", async () => {
      const place = await make();
      const [key = ""] = place.partitions;
      await place.put(key, numbered(5));
      const seen: number[] = [];
      const committed = () => source.status().partitions.find((partition) => partition.key === key)?.committed ?? null;
      const before: (string | null)[] = [];
      const source = place.createSource();
      running.push(source);
      await source.start(async (messages) => {
        seen.push(messages.length);
        before.push(committed());
        if (seen.length < 3) throw new Error("the store is away");
      });
      await until("the error to be told", () => source.status().error === "the store is away");
      await until("a commit", () => committed() === "5");
      expect(seen).toEqual([5, 5, 5]);
      expect(before).toEqual([null, null, null]);
      expect(source.status().error).toBeNull();
    });

    it("goes on after its last commit when started again", async () => {
      const place = await make();
      const [key = ""] = place.partitions;
      await place.put(key, numbered(20, "old"));
      const before = collector();
      const first = await started(place, before.handle);
      await until("the first 20", () => before.total() === 20);
      await first.stop();
      await place.put(key, numbered(7, "new"));
      const after = collector();
      await started(place, after.handle);
      await until("the next 7", () => after.total() >= 7);
      expect(after.texts(key)).toEqual(numbered(7, "new"));
    });

    it("finishes and commits what is in hand when stopped, and can be stopped twice", async () => {
      const place = await make();
      const [key = ""] = place.partitions;
      await place.put(key, numbered(3));
      const gate = createGate();
      let calls = 0;
      const first = await started(place, async () => {
        calls += 1;
        await gate.opened;
      });
      await until("the handler to be called", () => calls === 1);
      const stopping = first.stop();
      gate.open();
      await stopping;
      await first.stop();
      expect(first.status()).toMatchObject({ running: false, partitions: [] });
      const after = collector();
      const second = await started(place, after.handle);
      await until("the rest to be drained", () => allDrained(second, place.partitions.length));
      expect(after.total()).toBe(0);
    });
  });
}
