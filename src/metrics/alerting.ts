import { Counter, type Registry } from "prom-client";
import type { AlertState, AlertStatus, Delivery, Transition } from "../model/alert.ts";
import type { Rule } from "../model/rule.ts";
import { SECOND } from "../model/time.ts";
import { registerGauge, type Sample } from "./kept-elsewhere.ts";

const STATES: readonly AlertState[] = ["normal", "pending", "firing", "recovering", "resolved"];
const OPEN: readonly AlertState[] = ["pending", "firing", "recovering"];
const OUTCOMES: readonly Delivery["outcome"][] = ["sent", "retry", "failed"];

export type AlertMeters = {
  /** Takes in where the alerts stand at start. */
  begin(statuses: readonly AlertStatus[]): void;
  /** Told of changes once they are stored. */
  changed(transitions: readonly Transition[]): void;
};

/**
 * Alerts, kept in memory: where they stood at start, and every change since. This process alone judges them, so that
 * is what the store says too, and a scrape needs no store.
 */
export function registerAlerts(registry: Registry, models: readonly string[], rules: readonly Rule[]): AlertMeters {
  const transitions = new Counter({
    name: "driftwatch_alert_transitions_total",
    help: "Changes of alerts that were stored, by rule, severity and the state they changed to.",
    labelNames: ["rule", "severity", "state"],
    registers: [registry],
  });
  for (const { name, severity } of rules) for (const state of STATES) transitions.inc({ rule: name, severity, state }, 0);
  const standing = new Map(models.map((model) => [model, new Map(OPEN.map((state) => [state, 0]))]));
  const move = (model: string, state: AlertState, by: 1 | -1) => {
    const counts = standing.get(model);
    const before = counts?.get(state);
    if (before !== undefined) counts?.set(state, before + by);
  };
  registerGauge(
    registry,
    {
      name: "driftwatch_alerts",
      help: "Alerts that are pending, firing or recovering now. One that is recovering fires still.",
      labels: ["model", "state"],
    },
    () => [...standing].flatMap(([model, counts]) => [...counts].map(([state, value]): Sample => ({ labels: { model, state }, value }))),
  );

  return {
    begin(statuses) {
      for (const { key, state } of statuses) move(key.model, state, 1);
    },
    changed(all) {
      for (const { key, severity, from, to } of all) {
        transitions.inc({ rule: key.rule, severity, state: to });
        move(key.model, from, -1);
        move(key.model, to, 1);
      }
    },
  };
}

/** Attempts to tell channels. The function it returns is told of each, when the receiver has answered or failed to. */
export function registerNotifications(
  registry: Registry,
  channels: readonly string[],
): (channel: string, outcome: Delivery["outcome"]) => void {
  const attempts = new Counter({
    name: "driftwatch_notifications_total",
    help: "Attempts to tell a channel, by outcome: sent, retry (will be tried again) or failed (given up).",
    labelNames: ["channel", "outcome"],
    registers: [registry],
  });
  for (const channel of channels) for (const outcome of OUTCOMES) attempts.inc({ channel, outcome }, 0);
  return (channel, outcome) => attempts.inc({ channel, outcome });
}

/** What the outbox holds, by channel. */
export function registerOutbox(
  registry: Registry,
  channels: readonly string[],
  read: () => ReadonlyMap<string, readonly Transition[]>,
): void {
  const waiting = () => new Map([...channels.map((channel) => [channel, []] as const), ...read()]);
  registerGauge(
    registry,
    {
      name: "driftwatch_outbox_waiting_transitions",
      help: "Changes of alerts that a channel has still to be told of.",
      labels: ["channel"],
    },
    () => [...waiting()].map(([channel, { length }]) => ({ labels: { channel }, value: length })),
  );
  registerGauge(
    registry,
    {
      name: "driftwatch_outbox_oldest_waiting_timestamp_seconds",
      help: "When the oldest change was stored that a channel has still to be told of. Absent when nothing waits.",
      labels: ["channel"],
    },
    () =>
      [...waiting()].flatMap(([channel, all]): Sample[] =>
        all.length === 0 ? [] : [{ labels: { channel }, value: Math.min(...all.map((one) => one.createdAt)) / SECOND }],
      ),
  );
}
