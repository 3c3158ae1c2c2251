import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accountFor, FATES, type HeldPrediction, type Known, type Sent, type Situation } from "../../src/cli/verify/account.ts";
import { stretchesOf } from "../../src/cli/verify/read-held.ts";
import { createSlots, KINDS, slotOfId, type VerifyRecord } from "../../src/cli/verify/records.ts";
import { HOUR } from "../../src/model/time.ts";

const hex = (value: number): string => value.toString(16).padStart(32, "0");
const done: Situation = { isDone: () => true, isUnsettled: () => false, isArriving: () => false };

/** Events of one id, few enough contents that they repeat and clash; a prediction's time follows from its content. */
const someEvents = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 8 });
const timeOf = (content: number): number => (content % 3) * HOUR;
const sentAs = (contents: readonly number[]): Sent[] =>
  contents.map((content, offset) => ({ stream: 0, partition: offset % 3, offset, precedence: hex(content) }));

/** What a store holds that took all of them, settled. */
function settled(predictions: readonly number[], labels: readonly number[]): Known {
  const rows: HeldPrediction[] = [...new Set(predictions)].map((content) => ({ precedence: hex(content), at: timeOf(content), flags: 2 }));
  const best = Math.max(...predictions);
  const truth = labels.length === 0 ? [] : [hex(Math.max(...labels))];
  return {
    predictions: sentAs(predictions),
    labels: sentAs(labels),
    rows,
    superseded: new Set(rows.map((row) => row.precedence).filter((precedence) => precedence !== hex(best))),
    outcomes: rows.length === 0 ? [] : truth.map((precedence) => ({ precedence, at: timeOf(best) })),
    waiting: rows.length === 0 ? truth : [],
    arrivals: [],
  };
}

function tally(known: Known, situation: Situation = done) {
  const account = accountFor(known, situation);
  const counts = Object.fromEntries(FATES.map((fate) => [fate, account.fates.filter((one) => one.fate === fate).length]));
  return { ...counts, doubled: account.doubled.length, hidden: (counts["hidden"] ?? 0) + (account.hidden === null ? 0 : 1) } as Record<
    (typeof FATES)[number] | "doubled",
    number
  >;
}

describe("accounting", () => {
  it("gives every event one fate, and finds nothing wrong with a store that took them all", () => {
    fc.assert(
      fc.property(someEvents, someEvents, (predictions, labels) => {
        const known = settled(predictions, labels);
        const found = tally(known);
        const distinct = (contents: readonly number[]) => new Set(contents).size;
        expect(found).toEqual({
          stored: (predictions.length > 0 ? 1 : 0) + (predictions.length > 0 && labels.length > 0 ? 1 : 0),
          waiting: predictions.length === 0 && labels.length > 0 ? 1 : 0,
          repeated: predictions.length - distinct(predictions) + labels.length - distinct(labels),
          superseded: Math.max(0, distinct(predictions) - 1) + Math.max(0, distinct(labels) - 1),
          in_flight: 0,
          missing: 0,
          hidden: 0,
          doubled: 0,
        });
        expect(accountFor(known, done).counting).toHaveLength(predictions.length > 0 ? 1 : 0);
      }),
    );
  });

  it("names each row that is taken away, as in flight where it may still come", () => {
    fc.assert(
      fc.property(someEvents, fc.integer({ min: 1, max: 5 }), fc.nat({ max: 8 }), (predictions, gone, committed) => {
        const known = settled(predictions, []);
        const rows = known.rows.filter((row) => row.precedence !== hex(gone));
        const best = rows.reduce((most, row) => (row.precedence > most ? row.precedence : most), "");
        const superseded = new Set([...known.superseded].filter((precedence) => precedence !== best));
        const events = known.predictions.filter((one) => one.precedence === hex(gone));
        const found = tally({ ...known, rows, superseded }, { ...done, isDone: ({ offset }) => offset < committed });
        expect([found.missing, found.in_flight]).toEqual([
          events.filter(({ offset }) => offset < committed).length,
          events.filter(({ offset }) => offset >= committed).length,
        ]);
        expect([found.doubled, found.hidden]).toEqual([0, 0]);
      }),
    );
  });

  it("sees a conflict settled wrongly, unless it is still to be settled", () => {
    fc.assert(
      fc.property(someEvents, fc.subarray([1, 2, 3, 4, 5]), (predictions, asides) => {
        const known = settled(predictions, []);
        const superseded = new Set(asides.map(hex));
        const best = hex(Math.max(...predictions));
        const counts = known.rows.filter((row) => !superseded.has(row.precedence));
        const found = tally({ ...known, superseded });
        expect(found.doubled).toBe(counts.filter((row) => row.precedence !== best).length);
        expect(found.hidden).toBe(known.rows.length > 0 && superseded.has(best) ? 1 : 0);
        expect(tally({ ...known, superseded }, { ...done, isUnsettled: () => true })).toMatchObject({ doubled: 0, hidden: 0 });
      }),
    );
  });

  it("finds a label only at the place of its prediction", () => {
    fc.assert(
      fc.property(someEvents, someEvents, fc.constantFrom("gone", "older", "elsewhere"), (predictions, labels, change) => {
        fc.pre(predictions.length > 0 && labels.length > 0);
        const known = settled(predictions, labels);
        const outcomes = {
          gone: [],
          older: [{ precedence: hex(0), at: timeOf(Math.max(...predictions)) }],
          elsewhere: known.outcomes.map((one) => ({ ...one, at: one.at + HOUR })),
        }[change];
        const truth = hex(Math.max(...labels));
        const events = labels.filter((content) => hex(content) === truth).length;
        expect(tally({ ...known, outcomes }).missing).toBe(events);
        const arrivals = [{ precedence: truth, at: 0 }];
        expect(tally({ ...known, outcomes, arrivals }).missing).toBe(events);
        expect(tally({ ...known, outcomes, arrivals }, { ...done, isArriving: () => true })).toMatchObject({
          missing: 0,
          in_flight: events,
        });
      }),
    );
  });
});

describe("records", () => {
  it("come back as they were, whether they went to disk or not", () => {
    const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
    const aRecord: fc.Arbitrary<VerifyRecord> = fc.record({
      kind: fc.constantFrom(...KINDS),
      id: digits(16),
      precedence: digits(32),
      model: fc.nat({ max: 65_535 }),
      stream: fc.nat({ max: 1_000 }),
      detail: fc.nat({ max: 255 }),
      partition: fc.nat(),
      at: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(fc.array(aRecord, { minLength: 1, maxLength: 50 }), fc.constantFrom(1, 100), (drawn, times) => {
        const slots = createSlots();
        try {
          const records = Array.from({ length: times }, () => drawn).flat();
          for (const record of records) slots.add(slotOfId(record.id), record);
          const back = [...slots.each()].flat();
          const bySlot = records
            .map((record, place) => ({ record, place }))
            .sort((a, b) => slotOfId(a.record.id) - slotOfId(b.record.id) || a.place - b.place);
          expect(back).toEqual(bySlot.map(({ record }) => record));
        } finally {
          slots.close();
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("what one answer holds", () => {
  it("is bounded, and all of it together is everything once", () => {
    const hours = fc
      .array(fc.nat({ max: 50 }), { maxLength: 30 })
      .map((rows) => rows.map((count, index) => [index * 2 * HOUR, count + 1] as const));
    fc.assert(
      fc.property(hours, fc.integer({ min: 1, max: 40 }), (held, most) => {
        const stretches = stretchesOf(held, most, true);
        for (const [hour, rows] of held) {
          const over = stretches.filter((one) => one.from <= hour && hour < one.to);
          const parts = Math.max(1, Math.ceil(rows / most));
          expect(over.map((one) => [one.part, one.parts])).toEqual(Array.from({ length: parts }, (_, part) => [part, parts]));
        }
        for (const { from, to, parts } of stretches) {
          const rows = held.filter(([hour]) => from <= hour && hour < to).reduce((sum, [, count]) => sum + count, 0);
          expect(rows / parts).toBeLessThanOrEqual(most);
        }
      }),
    );
  });
});
