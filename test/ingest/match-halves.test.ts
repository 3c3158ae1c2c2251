import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aloneIn, matchHalves, namePairs, unanswered } from "../../src/ingest/match-halves.ts";
import { MINUTE } from "../../src/model/time.ts";

type Half = { id: string; side: "request" | "response"; time: number; name: string };
const half = (side: Half["side"], name: string, millis: number): Half => ({ id: "r", side, time: millis * 1000, name });
const ask = (name: string, millis: number) => half("request", name, millis);
const tell = (name: string, millis: number) => half("response", name, millis);

const pairsOf = (...halves: Half[]) => matchHalves(halves, MINUTE).map(({ request, response }) => `${request.name}>${response?.name}`);
const idsOf = (halves: Half[], isNew: (half: Half) => boolean = () => true) =>
  namePairs(matchHalves(halves, MINUTE), isNew).map(({ request, response, id }) => `${request.name}>${response?.name} ${id}`);

describe("an answer", () => {
  it("belongs to the latest request before it", () => {
    expect(pairsOf(ask("a", 1000), tell("A", 1010), ask("b", 2000), tell("B", 2010))).toEqual(["a>A", "b>B"]);
  });

  it("does not belong to a request that was rejected, where a later one was not", () => {
    const halves = [ask("rejected", 1000), ask("b", 2000), tell("B", 2010)];
    const pairs = matchHalves(halves, MINUTE);
    expect(pairs.map(({ request }) => request.name)).toEqual(["b"]);
    expect(aloneIn(halves, pairs).map(({ name }) => name)).toEqual(["rejected"]);
  });

  it("comes within its time or not at all", () => {
    expect(pairsOf(ask("a", 1000), tell("A", 1000 + MINUTE))).toEqual(["a>A"]);
    expect(pairsOf(ask("a", 1000), tell("A", 1001 + MINUTE))).toEqual([]);
  });

  it("may seem to come before its request where two hosts tell the time, and then took nobody knows how long", () => {
    const [pair] = matchHalves([ask("a", 1030), tell("A", 1000)], MINUTE);
    expect([pair?.request.name, pair?.latency]).toEqual(["a", null]);
    expect(pairsOf(ask("a", 1001 + MINUTE), tell("A", 1000))).toEqual([]);
  });

  it("tells the latency to the microsecond", () => {
    const [pair] = matchHalves([{ ...ask("a", 1000), time: 1_000_250 }, tell("A", 1007)], MINUTE);
    expect(pair?.latency).toBe(6.75);
  });
});

describe("the ids of pairs", () => {
  it("are the id itself for the earliest answer, and tell the time of the others", () => {
    expect(idsOf([ask("a", 1000), tell("A", 1010), ask("b", 2000), tell("B", 2010)])).toEqual(["a>A r", "b>B r@1970-01-01T00:00:02.010Z"]);
  });

  it("of a pair that was there are told again only when an earlier one came", () => {
    const later = [ask("b", 2000), tell("B", 2010)];
    const isNew = (names: string) => (one: Half) => names.includes(one.name);
    expect(idsOf([ask("a", 1000), tell("A", 1010), ...later], isNew("bB"))).toEqual(["b>B r@1970-01-01T00:00:02.010Z"]);
    expect(idsOf([ask("a", 1000), tell("A", 1010), ...later], isNew("aA"))).toEqual(["a>A r", "b>B r@1970-01-01T00:00:02.010Z"]);
    expect(idsOf([ask("a", 1000), tell("A", 1010), ...later], isNew(""))).toEqual([]);
  });

  it("a request nobody answered is earlier than what came after its time, and later than its answer", () => {
    const lost = unanswered(ask("a", 1000), MINUTE);
    expect(lost.time).toBe(1000 + MINUTE);
    const [answered] = matchHalves([ask("a", 1000), tell("A", 1000 + MINUTE - 1)], MINUTE);
    expect(answered!.time).toBeLessThan(lost.time);
  });
});

it("what is told of all at once is what is told one by one, where of one id the earliest and fastest stays", () => {
  const halves = fc.array(
    fc.record({ side: fc.constantFrom("request" as const, "response" as const), millis: fc.integer({ min: 0, max: 30 }) }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(
      halves.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all.keys()], { minLength: all.length }))),
      ([made, order]) => {
        const all = made.map(({ side, millis }, index) => half(side, `${side[2]}${index}@${millis}`, millis));
        const store = (batches: Half[][]) => {
          const stored = new Map<string, string>();
          const known: Half[] = [];
          for (const batch of batches) {
            known.push(...batch);
            for (const { id, time, latency, request, response } of namePairs(matchHalves(known, MINUTE), (one) => batch.includes(one))) {
              const told = JSON.stringify([time, latency ?? 1e9, request.name, response?.name]);
              const before = stored.get(id);
              const [a, b] = [
                JSON.parse(told) as [number, number, string],
                JSON.parse(before ?? '[1e12,0,""]') as [number, number, string],
              ];
              if (a[0] < b[0] || (a[0] === b[0] && (a[1] < b[1] || (a[1] === b[1] && told < (before ?? ""))))) stored.set(id, told);
            }
          }
          return [...stored].sort(([a], [b]) => (a < b ? -1 : 1));
        };
        expect(store(order.map((index) => [all[index]!]))).toEqual(store([all]));
      },
    ),
    { numRuns: 2_000 },
  );
});
