import type { Notification, Transition } from "../../src/model/alert.ts";
import { DAY } from "../../src/model/time.ts";
import { DAY_0, exampleTransition } from "../alerting/examples.ts";

/** A notification of these changes; what of them opened an alert fires, unless something else is said. */
export function exampleNotification(
  transitions: readonly Transition[] = [exampleTransition()],
  changes: Partial<Notification> = {},
): Notification {
  return {
    id: "n1",
    channel: "ops",
    model: transitions[0]?.key.model ?? "flight-delay",
    reason: "change",
    transitions,
    firing: transitions.filter(({ to }) => to === "firing"),
    acknowledged: new Map(),
    note: null,
    link: "https://dw.example/models/flight-delay",
    at: DAY_0 + DAY,
    ...changes,
  };
}
