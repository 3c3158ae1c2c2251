import type { AlertStatus, Transition } from "../model/alert.ts";
import type { Millis } from "../model/time.ts";
import { readFiring } from "../store/firing.ts";
import type { Store } from "../store/store.ts";
import { freshStatus, keyText, transitionId } from "./identity.ts";
import type { Outcome, Standing } from "./evaluate.ts";
import { named } from "./words.ts";

/** Alerts that were opened, and whose opening never came to be where they stand: something ended between the two. */
export async function readLeftOver(store: Store, known: Standing): Promise<Map<string, Transition>> {
  const standing = new Set([...known.values()].map(({ alertId }) => alertId));
  const firing = await readFiring(store);
  return new Map(
    firing.flatMap((one) => (one.id === one.alertId && one.reason === undefined && !standing.has(one.id) ? [[one.id, one] as const] : [])),
  );
}

/** An outcome, and with it the end of what was left over and is not said again: its window was judged anew, otherwise. */
export function takeBack(
  outcome: Outcome,
  left: readonly Transition[],
  known: Standing,
  at: Millis,
): Outcome & { readonly trail: AlertStatus[] } {
  const again = new Set(outcome.transitions.map(({ id }) => id));
  const statuses = new Map(outcome.statuses.map((status) => [keyText(status.key), status]));
  const transitions = [...outcome.transitions];
  const trail: AlertStatus[] = [];
  for (const fired of left) {
    if (again.has(fired.id)) continue;
    const { key, window } = fired;
    const name = keyText(key);
    const status = statuses.get(name) ?? known.get(name) ?? freshStatus(key);
    const changes = (status.changes ?? 0) + 1;
    const change = { from: "firing", to: "resolved" } as const;
    transitions.push({
      ...fired,
      ...change,
      id: transitionId(fired.ruleHash, { ...status, changes }, window.to, change, "retracted"),
      reason: "retracted",
      retrain: false,
      createdAt: at,
      summary: `Taken back: the window in which ${named(key.subject)} was found to have moved was looked at again, and then it had not.`,
    });
    statuses.set(name, { ...status, changes: changes + 1 });
    trail.push({ ...freshStatus(key), evaluatedTo: window.to, changes: changes + 1 });
  }
  return { statuses: [...statuses.values()], transitions, trail };
}
