import { beforeAll, describe, expect, it } from "vitest";
import type { Half } from "../../src/model/event.ts";
import { HOUR, MINUTE } from "../../src/model/time.ts";
import { findHalves, findUnsettledIds, insertHalves, MOST_OF_ONE_ID, timeOfHalves } from "../../src/store/halves.ts";
import { NOW, useStore } from "../ingest/examples.ts";

const store = useStore();
let adapters = 0;
// These halves are of a time that is long over for the engine's own clock.
beforeAll(() => store().execute("SYSTEM STOP TTL MERGES"));

function half(id: string, side: Half["side"], at: number, more: Partial<Half> = {}): Half {
  return {
    adapter: "",
    model: "m",
    scope: "/",
    id,
    rows: 1,
    side,
    time: (NOW + at) * 1000,
    digest: String(at + 1_000),
    body: "čaj",
    ...more,
  };
}

/** Stores halves for an adapter of their own, and returns its name. */
async function kept(halves: readonly Half[]): Promise<string> {
  const adapter = `adapter-${++adapters}`;
  const times = { receivedAt: NOW, expiresAt: NOW + HOUR };
  await insertHalves(
    store(),
    halves.map((one) => ({ ...one, adapter })),
    times,
  );
  return adapter;
}

describe("halves that are not simply one request with one answer", () => {
  const period = { after: NOW - 1, upTo: NOW + 10 * MINUTE, within: MINUTE };

  it.each<[string, Half[], boolean]>([
    ["one request and one answer", [half("a", "request", 0), half("a", "response", 5)], false],
    ["the same, both stored twice", [0, 0].flatMap(() => [half("a", "request", 0), half("a", "response", 5)]), false],
    ["a request alone", [half("a", "request", 0)], true],
    ["an answer alone", [half("a", "response", 0)], true],
    ["an answer too late", [half("a", "request", 0), half("a", "response", MINUTE + 1)], true],
    ["an answer before its request", [half("a", "request", 5), half("a", "response", 0)], true],
    ["two requests at one time", [half("a", "request", 0), half("a", "request", 0, { digest: "1" }), half("a", "response", 5)], true],
    ["two answers of one content", [half("a", "request", 0), half("a", "response", 5), half("a", "response", 6, { digest: "1005" })], true],
    ["other numbers of rows", [half("a", "request", 0), half("a", "response", 5, { rows: 2 })], true],
    ["another scope", [half("a", "request", 0), half("a", "response", 5, { scope: "test/" })], true],
    ["another model", [half("a", "request", 0), half("a", "response", 5, { model: "n" })], true],
  ])("%s", async (_, halves, isUnsettled) => {
    expect(await findUnsettledIds(store(), await kept(halves), period)).toEqual(isUnsettled ? ["a"] : []);
  });

  it("are those of the period alone, whose other half may lie beside it", async () => {
    const adapter = await kept([
      half("before", "request", -10),
      half("over", "request", 0),
      half("over", "response", 20),
      half("in", "request", 10),
    ]);
    const ids = await findUnsettledIds(store(), adapter, { after: NOW - 1, upTo: NOW + 15, within: MINUTE });
    expect(ids).toEqual(["in"]);
  });
});

it("a step ends where there are as many halves as it may look at, and goes on where many have one time", async () => {
  const adapter = await kept([0, 10, 10, 10, 20].map((at, index) => half(`h-${index}`, "request", at)));
  const stepAfter = (after: number, most: number) => timeOfHalves(store(), adapter, { after: NOW + after, upTo: NOW + 100, most });
  expect(await stepAfter(-1, 10)).toBe(NOW + 100);
  expect(await stepAfter(-1, 3)).toBe(NOW + 10);
  expect(await stepAfter(9, 2)).toBe(NOW + 10);
  expect(await stepAfter(10, 2)).toBe(NOW + 100);
});

it("of an id that all requests have, no more are looked at than say so, whatever their rows", async () => {
  const adapter = await kept(
    Array.from({ length: 1_000 }, (_, at) => half("all", "request", at, { rows: 1 + (at % 50), scope: `${at % 3}/` })),
  );
  const found = await findHalves(store(), adapter, ["all"], NOW);
  expect(found).toHaveLength(MOST_OF_ONE_ID + 1);
  expect(new Set(found.map(({ bytes }) => bytes))).toEqual(new Set([4]));
  expect(await findHalves(store(), adapter, ["all"], NOW + 2 * HOUR)).toEqual([]);
});
