import type { AlertStatus, Explanation, Transition } from "../model/alert.ts";
import type { Rule, Severity } from "../model/rule.ts";
import type { Millis, Window } from "../model/time.ts";
import { boundsOf } from "./condition.ts";
import { freshStatus, transitionId } from "./identity.ts";
import { TRANSITIONS } from "./transition.ts";
import { moment, named } from "./words.ts";

export type Ending = "rule_removed" | "not_watched" | "version_retired" | "replaced";

/** The end of an alert that nothing will judge any more: it says so, since nothing was found to be well again. */
export function closeAlert(
  status: AlertStatus,
  reason: Ending,
  window: Window,
  said: { readonly hash: string; readonly severity: Severity; readonly notify: readonly string[]; readonly explanation: Explanation },
  at: Millis,
): { readonly status: AlertStatus; readonly transition: Transition } {
  const { key, state } = status;
  const change = { from: state, to: TRANSITIONS[state].closes };
  const since = status.since ?? window.from;
  return {
    status: { ...freshStatus(key), evaluatedTo: Math.max(window.to, status.evaluatedTo), changes: (status.changes ?? 0) + 1 },
    transition: {
      id: transitionId(said.hash, status, window.to, change, reason),
      alertId: change.to === "resolved" ? (status.alertId ?? "") : "",
      key,
      ...change,
      severity: status.severity ?? said.severity,
      window,
      since,
      ruleHash: said.hash,
      summary: `${WORDS[reason](status)} It is closed for that reason, not because anything was seen to be well again. It had held since ${moment(since)}.`,
      explanation: said.explanation,
      notify: change.to === "resolved" ? said.notify : [],
      retrain: false,
      createdAt: at,
      reason,
    },
  };
}

const WORDS: Readonly<Record<Ending, (status: AlertStatus) => string>> = {
  rule_removed: ({ key }) => `The rule ${named(key.rule)} is not among the rules of ${named(key.model)} any more, and this alert was its.`,
  not_watched: ({ key }) => `The rule ${named(key.rule)} does not look at ${named(key.subject)} any more.`,
  version_retired: ({ key }) => `Version ${named(key.version)} sends nothing any more, while other versions do.`,
  replaced: ({ key }) => `Another version has taken the place of ${named(key.version)}, as somebody confirmed.`,
};

/** An explanation where nothing was measured. */
export function blankExplanation(rule: Rule): Explanation {
  const metric = rule.measure.metric === "drift" ? "wasserstein" : rule.measure.metric;
  return {
    metric,
    baseline: rule.measure.baseline,
    value: null,
    expected: null,
    threshold: boundsOf(rule, metric)?.fire ?? 0,
    pValue: null,
    adjustedPValue: null,
    subjectsTested: 0,
    evidence: null,
    rows: { reference: 0, current: 0 },
    labelled: null,
    ci: null,
    detail: {},
    likely: null,
    kind: null,
    alongside: [],
    query: null,
    hints: [],
  };
}
