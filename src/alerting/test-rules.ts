import type { AlertStatus, Transition } from "../model/alert.ts";
import type { MeasuredWindow, Measurement } from "../model/measurement.ts";
import type { Expectation, ExpectedAlert, RuleTest } from "../model/rule-test.ts";
import type { Maintenance, Rule } from "../model/rule.ts";
import { formatTime, type Millis } from "../model/time.ts";
import { freshStatus, keyText } from "./identity.ts";
import type { Tools } from "./judge.ts";
import { play } from "./play.ts";
import { ruleHash } from "./rule-hash.ts";
import { isResting } from "./transition.ts";

/** How alerts of one rule stood after each window, and all that was told. */
export type Course = {
  readonly standing: readonly { readonly to: Millis; readonly alerts: readonly AlertStatus[] }[];
  readonly transitions: readonly Transition[];
};

export type Failure = { readonly line: number; readonly message: string };

/** How the alerts of a rule stand after each of the windows that were measured so. */
export async function courseOf(
  { rule: name, model }: RuleTest,
  measurements: readonly Measurement[],
  rules: readonly Rule[],
  maintenance: readonly Maintenance[],
  tools: Tools,
): Promise<Course> {
  const byEnd = new Map<Millis, Measurement[]>();
  for (const one of measurements) byEnd.set(one.to, [...(byEnd.get(one.to) ?? []), one]);
  const windows = [...byEnd]
    .sort(([a], [b]) => a - b)
    .map(([to, list]): MeasuredWindow => ({
      model,
      window: { from: list[0]?.from ?? to, to },
      families: ["drift", "quality", "performance", "labels", "estimate"],
      measurements: list,
    }));
  const hashed = rules.filter((rule) => rule.name === name).map((rule) => ({ rule, hash: ruleHash(rule) }));
  const lookup = {
    // Nothing is at hand to measure several windows as one: a window that cannot tell by itself tells nothing.
    stretch: () => Promise.resolve([]),
    earlier: (_rule: Rule, _model: string, to: Millis) => Promise.resolve(byEnd.get(to) ?? []),
  };
  const course: { transitions: Transition[]; standing: { to: Millis; alerts: AlertStatus[] }[] } = { transitions: [], standing: [] };
  for await (const { window, transitions, standing } of play({ rules: hashed, maintenance, windows, tools, lookup })) {
    course.transitions.push(...transitions);
    course.standing.push({ to: window.to, alerts: [...standing.values()] });
  }
  return course;
}

/** How alerts stood, as far as what changed tells it. */
export function courseOfChanges(transitions: readonly Transition[]): Course {
  const now = new Map<string, AlertStatus>();
  const byEnd = new Map<Millis, AlertStatus[]>();
  for (const { key, to, window, severity, since, alertId } of [...transitions].sort((a, b) => a.window.to - b.window.to)) {
    now.set(keyText(key), { ...freshStatus(key), state: to, severity, since, alertId, evaluatedTo: window.to });
    byEnd.set(window.to, [...now.values()]);
  }
  return { transitions, standing: [...byEnd].map(([to, alerts]) => ({ to, alerts })) };
}

/** What a course does not hold of what a test expects. */
export function failuresOf(test: RuleTest, course: Course): Failure[] {
  const failures = test.expect.flatMap((expectation) => differences(expectation, course));
  const told = course.transitions.filter(({ notify }) => notify.length > 0).length;
  if (test.told !== undefined && told !== test.told)
    failures.push({ line: test.line, message: `expected to tell ${test.told} times, told ${told} times` });
  return failures;
}

function differences({ at, alerts, line }: Expectation, { standing, transitions }: Course): Failure[] {
  const then = standing.findLast(({ to }) => to <= at);
  const found = (then?.alerts ?? []).filter((status) => !isResting(status));
  const left = new Set(found);
  const failures: Failure[] = [];
  const fail = (message: string) => failures.push({ line, message: `at ${formatTime(at)}: ${message}` });
  for (const expected of alerts) {
    const match = [...left].find((status) => isOf(expected, status)) ?? restingOf(expected, then?.alerts ?? []);
    if (match === undefined) {
      if (expected.state !== "normal") fail(`expected ${expected.subject} to be ${expected.state}, it is normal`);
      continue;
    }
    left.delete(match);
    if (match.state !== expected.state) fail(`expected ${expected.subject} to be ${expected.state}, it is ${match.state}`);
    const latest = transitions.findLast((change) => keyText(change.key) === keyText(match.key) && change.window.to <= at);
    const severity = match.severity ?? latest?.severity;
    if (expected.severity !== undefined && severity !== expected.severity)
      fail(`expected ${expected.subject} to be ${expected.severity}, it is ${severity ?? "nothing"}`);
    if (expected.health !== undefined && match.health !== expected.health)
      fail(`expected the evidence for ${expected.subject} to be ${expected.health}, it is ${match.health}`);
    for (const text of expected.summary)
      if (!(latest?.summary ?? "").includes(text))
        fail(`expected the words of ${expected.subject} to hold "${text}", they are: ${latest?.summary ?? "none"}`);
  }
  for (const status of left) fail(`${status.key.subject} is ${status.state}, and was not expected to be`);
  return failures;
}

function isOf({ subject, version, segment }: ExpectedAlert, { key }: AlertStatus): boolean {
  return key.subject === subject && (version ?? key.version) === key.version && (segment ?? key.segment) === key.segment;
}

/** One that is at rest may be asked for as well, for its health. */
function restingOf(expected: ExpectedAlert, all: readonly AlertStatus[]): AlertStatus | undefined {
  return expected.state === "normal" ? all.find((status) => isOf(expected, status)) : undefined;
}
