import { describe, expect, test } from "vitest";
import { shippedFeatureRules } from "../../bench/support/shipped-rules.ts";
import { firstDetectable, INJECTIONS, pagesOf, simulateMonth } from "../../bench/support/simulated-month.ts";

/** The short form of `npm run bench -- pages`: docs/rules.md has the whole of it. */
const rules = shippedFeatureRules();

describe("the shipped rules, with all that makes an alert of an evaluation", () => {
  test("page nobody in a week in which nothing moves", async () => {
    const windows = simulateMonth("short", { features: 14, rowsPerDay: 240, weeks: 2, days: 7 });
    expect(windows.flatMap(({ measurements }) => measurements).filter(({ status }) => status === "ok").length).toBeGreaterThan(200);
    expect(await pagesOf(rules, windows)).toEqual([]);
  });

  test("page for all that moves within two windows of when it can be told", async () => {
    const injected = new Map(INJECTIONS.map((injection, index) => [index, injection] as const));
    const windows = simulateMonth("short, moved", { features: 12, rowsPerDay: 480, weeks: 3, days: 8 }, injected, 2);
    const pages = await pagesOf(rules, windows);
    for (const [index, { name }] of injected) {
      const detectable = firstDetectable(rules, windows, `f${index}`, 2);
      const page = pages.find(({ key }) => key.subject === `f${index}`);
      const paged = windows.findIndex(({ window }) => window.to === page?.window.to);
      expect([name, detectable >= 2 && paged >= detectable && paged - detectable <= 2]).toEqual([name, true]);
    }
    const names = new Set([...injected.keys()].map((index) => `f${index}`));
    expect(pages.filter(({ key }) => !names.has(key.subject) && key.rule !== "many-features-drift")).toEqual([]);
  });
});
