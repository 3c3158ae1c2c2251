import { array, assert, asyncProperty, constantFrom, integer, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluateWindow, type HashedRule } from "../../src/alerting/evaluate.ts";
import { keyText } from "../../src/alerting/identity.ts";
import { reviseRule } from "../../src/alerting/revise.ts";
import { isOpen, isResting } from "../../src/alerting/transition.ts";
import type { AlertStatus, Transition } from "../../src/model/alert.ts";
import type { MeasuredWindow } from "../../src/model/measurement.ts";
import { DRIFTED, exampleRule, exampleWindow, QUIET, TOOLS } from "./examples.ts";

const KINDS = { fire: DRIFTED, clear: QUIET, neither: { value: 0.12, pValue: 0.1 }, missing: { status: "no_data", value: null } } as const;
type Kind = keyof typeof KINDS;
const kind = constantFrom<Kind>("fire", "clear", "neither", "missing");
const windowOf = (day: number, of: Kind): MeasuredWindow => exampleWindow(day, [KINDS[of]]);
const surroundings = { tools: TOOLS, lookup: { stretch: async () => [], earlier: async () => [] }, clock: () => 0 };

/** What the engine keeps, in memory. */
function memory(hashed: HashedRule) {
  const known = new Map<string, AlertStatus>();
  const trail = new Map<string, AlertStatus>();
  const told: Transition[] = [];
  const put = (statuses: readonly AlertStatus[]) => {
    for (const status of statuses) trail.set(`${keyText(status.key)} ${status.evaluatedTo}`, status);
  };
  return {
    known,
    told,
    async evaluate(window: MeasuredWindow) {
      const { statuses, transitions } = await evaluateWindow([hashed], window, known, surroundings);
      put(statuses.filter((status) => !isResting(status) || !isResting(known.get(keyText(status.key)) ?? status)));
      for (const status of statuses) known.set(keyText(status.key), status);
      told.push(...transitions);
    },
    async revise(windows: readonly MeasuredWindow[], all: readonly MeasuredWindow[]) {
      const from = windows[0]?.window.to ?? 0;
      const rows = [...trail.values()].sort((a, b) => a.evaluatedTo - b.evaluatedTo);
      const before = new Map(rows.filter((row) => row.evaluatedTo < from).map((row) => [keyText(row.key), row]));
      const revised = await reviseRule({
        hashed,
        windows,
        known,
        trail: { before: [...before.values()], since: rows.filter((row) => row.evaluatedTo >= from) },
        stored: async (ends) => all.filter(({ window }) => ends.includes(window.to)),
        surroundings,
      });
      put(revised.trail);
      for (const status of revised.statuses) known.set(keyText(status.key), status);
      told.push(...revised.transitions);
      return revised;
    },
  };
}

describe("windows that are measured again", () => {
  const lengths = { min: 1, max: 3 };
  const rules = record({ evaluations: integer(lengths), clearing: integer(lengths), some: constantFrom(false, true) });
  const rounds = array(array(record({ day: integer({ min: 0, max: 19 }), kind }), { minLength: 1, maxLength: 4 }), { maxLength: 4 });

  it("lead where judging them once, as they are in the end, leads; and each alert that is told of is ended once", async () => {
    const agrees = asyncProperty(
      array(kind, { minLength: 20, maxLength: 20 }),
      rounds,
      rules,
      async (kinds, revisions, { evaluations, clearing, some }) => {
        const rule = exampleRule({
          evaluations,
          clear: { ...exampleRule().clear, evaluations: clearing },
          ...(some ? { outOf: evaluations + 2 } : {}),
        });
        const hashed = { rule, hash: "h" };
        const all = kinds.map((of, day) => windowOf(day, of));
        const lived = memory(hashed);
        for (const window of all) await lived.evaluate(window);
        for (const changes of revisions) {
          const days = new Map(changes.map((change) => [change.day, change.kind]));
          for (const [day, of] of days) all[day] = windowOf(day, of);
          await lived.revise(
            [...days.keys()].sort((a, b) => a - b).flatMap((day) => all[day] ?? []),
            all,
          );
        }
        const fresh = memory(hashed);
        for (const window of all) await fresh.evaluate(window);
        const ofBoth = [lived, fresh].map(({ known }) =>
          [...known.values()].map((status) => (isOpen(status) ? status.state : status.state === "pending" ? "pending" : "at rest")),
        );
        const ids = new Set(lived.told.map(({ id }) => id));
        const opened = lived.told.filter(({ from, to }) => to === "firing" && from !== "firing" && from !== "recovering");
        const ended = lived.told.filter(({ to }) => to === "resolved").map(({ alertId }) => alertId);
        const open = [...lived.known.values()].filter(isOpen).map(({ alertId }) => alertId);
        return (
          JSON.stringify(ofBoth[0]) === JSON.stringify(ofBoth[1]) &&
          ids.size === lived.told.length &&
          opened.length === ended.length + open.length &&
          opened.every(({ alertId }) => [...ended, ...open].includes(alertId))
        );
      },
    );
    await expect(assert(agrees, { numRuns: 150 })).resolves.toBeUndefined();
  });
});
