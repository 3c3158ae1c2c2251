import type { AlertStatus, Transition, TransitionReason } from "../model/alert.ts";
import type { MeasuredWindow } from "../model/measurement.ts";
import type { Millis } from "../model/time.ts";
import { blankExplanation } from "./close.ts";
import { evaluateWindow, judgementOf, transitionOf, type HashedRule, type Lookup, type Outcome, type Standing } from "./evaluate.ts";
import { freshStatus, keyText, transitionId } from "./identity.ts";
import type { Tools } from "./judge.ts";
import { isOpen, isResting } from "./transition.ts";
import { moment, named } from "./words.ts";

/** Windows read from the store at once. */
const AT_ONCE = 24;

export type Revised = Outcome & { readonly trail: readonly AlertStatus[] };

type Question = {
  readonly hashed: HashedRule;
  /** Windows of this rule that were measured again, oldest first. */
  readonly windows: readonly MeasuredWindow[];
  /** Where all alerts stand. */
  readonly known: Standing;
  /** Where this rule's alerts stood: the newest of each before the first of these windows, and all from it on. */
  readonly trail: { readonly before: readonly AlertStatus[]; readonly since: readonly AlertStatus[] };
  /** What is stored of the windows that end at these times. */
  readonly stored: (endsAt: readonly Millis[]) => Promise<readonly MeasuredWindow[]>;
  readonly surroundings: { readonly tools: Tools; readonly lookup: Lookup; readonly clock: () => Millis };
};

/** What came of judging windows again, one after the other. */
type Path = {
  /** Where alerts stand at its end. */
  readonly standing: Map<string, AlertStatus>;
  readonly transitions: Transition[];
  readonly trail: AlertStatus[];
  readonly seen: MeasuredWindow[];
  /** It came to where the old path was, and goes on as that did. */
  readonly converged: boolean;
};

/**
 * What windows that were measured again change. Alerts are taken back to where they stood before the first of them, and judged
 * again from there on, until they stand where they stood then, or up to the newest window. Then the two ends are compared: an
 * open alert that would not be open is retracted, or was over before; one that would be open is told of; one whose first
 * window still holds is confirmed. What had fired and was over in between is told of where nothing was.
 */
export async function reviseRule(question: Question): Promise<Revised> {
  const { hashed, windows, known, trail } = question;
  const { rule } = hashed;
  const [first] = windows;
  const mine = [...known.values()].filter(({ key }) => key.rule === rule.name && key.model === first?.model);
  const judgedTo = Math.max(0, ...mine.map(({ evaluatedTo }) => evaluatedTo), ...windows.map((window) => window.judgedTo ?? 0));
  // What this rule has not come to yet is judged when it does.
  const due = windows.filter(({ window }) => window.to <= judgedTo);
  if (first === undefined || due.length === 0) return { statuses: [], transitions: [], trail: [] };
  const path = await follow(question, due, judgedTo);
  const statuses: AlertStatus[] = [];
  const transitions: Transition[] = [];
  const renamed = new Map<string, string>();
  const keys = new Map([...mine, ...path.standing.values()].map(({ key }) => [keyText(key), key]));
  for (const [text, key] of keys) {
    const was = known.get(text) ?? freshStatus(key);
    // Opened before there was a trail: where it stood before is not known.
    const isOlder = isOpen(was) && (was.since ?? 0) < first.window.from && !trail.before.some((one) => keyText(one.key) === text);
    if (isOlder) continue;
    const ended = path.converged ? was : (path.standing.get(text) ?? { ...freshStatus(key), evaluatedTo: judgedTo });
    const own = path.transitions.filter((change) => keyText(change.key) === text);
    const told = compare(question, path, was, ended, own, renamed);
    transitions.push(...told.transitions);
    if (!path.converged || told.transitions.length > 0)
      statuses.push({ ...told.status, evaluatedTo: Math.max(was.evaluatedTo, ended.evaluatedTo) });
  }
  const rename = (status: AlertStatus): AlertStatus => ({
    ...status,
    alertId: status.alertId === null ? null : (renamed.get(status.alertId) ?? status.alertId),
  });
  return { statuses: statuses.map(rename), transitions, trail: path.trail.map(rename) };
}

/** Judges from the first of these windows on. */
async function follow({ hashed, trail, stored, surroundings }: Question, due: readonly MeasuredWindow[], judgedTo: Millis): Promise<Path> {
  const { every } = hashed.rule.measure;
  const again = new Map(due.map((window) => [window.window.to, window]));
  const begin = Math.min(...again.keys());
  const end = Math.max(...again.keys());
  const standing = new Map(trail.before.filter((status) => !isResting(status)).map((status) => [keyText(status.key), status]));
  const old = new Map<Millis, AlertStatus[]>();
  for (const status of trail.since) old.set(status.evaluatedTo, [...(old.get(status.evaluatedTo) ?? []), status]);
  const path: Path = { standing, transitions: [], trail: [], seen: [], converged: false };
  for (let from = begin; from <= judgedTo; from += AT_ONCE * every) {
    const ends = Array.from({ length: AT_ONCE }, (_, index) => from + index * every).filter((to) => to <= judgedTo);
    const found = new Map((await stored(ends.filter((to) => !again.has(to)))).map((window) => [window.window.to, window]));
    for (const to of ends) {
      const measured = again.get(to) ?? found.get(to);
      if (measured === undefined) continue;
      const outcome = await evaluateWindow([hashed], measured, standing, surroundings);
      for (const status of outcome.statuses) standing.set(keyText(status.key), status);
      path.transitions.push(...outcome.transitions);
      path.seen.push(measured);
      const then = old.get(to) ?? [];
      path.trail.push(...trailAt(to, standing, then));
      if (to >= end && to < judgedTo && isSame(standing, then)) return { ...path, converged: true };
    }
  }
  return path;
}

/** What the trail has to hold of a window: all that is not at rest, and what it says is not and is. */
function trailAt(to: Millis, standing: Standing, then: readonly AlertStatus[]): AlertStatus[] {
  const keys = new Map([...[...standing.values()].filter((status) => !isResting(status)), ...then].map(({ key }) => [keyText(key), key]));
  return [...keys].map(([text, key]) => ({ ...(standing.get(text) ?? freshStatus(key)), evaluatedTo: to }));
}

/** Whether alerts stand where they stood then. */
function isSame(standing: Standing, then: readonly AlertStatus[]): boolean {
  const before = new Map(then.map((status) => [keyText(status.key), status]));
  const said = (status: AlertStatus | undefined) =>
    status === undefined || isResting(status)
      ? ""
      : JSON.stringify([status.state, status.streak, status.recent ?? "", status.since, status.severity ?? ""]);
  return [...new Set([...standing.keys(), ...before.keys()])].every((text) => said(standing.get(text)) === said(before.get(text)));
}

/** What is to be told of one alert whose path has changed, and how it stands. */
function compare(
  question: Question,
  path: Path,
  was: AlertStatus,
  ended: AlertStatus,
  own: readonly Transition[],
  renamed: Map<string, string>,
): { readonly status: AlertStatus; readonly transitions: readonly Transition[] } {
  const { hashed, trail } = question;
  let changes = was.changes ?? 0;
  const newest = path.seen.at(-1)?.window ?? { from: was.evaluatedTo, to: was.evaluatedTo };
  const keep = (status: AlertStatus, transitions: readonly Transition[] = []) => ({ status: { ...status, changes }, transitions });
  /** The same words of a change as another one, as of the newest window. */
  const say = (
    base: Transition,
    change: Pick<Transition, "from" | "to" | "alertId" | "notify" | "retrain">,
    reason: TransitionReason,
    window = newest,
  ): Transition => {
    const id = transitionId(hashed.hash, { ...was, changes }, window.to, change, reason);
    changes += 1;
    return { ...base, ...change, id, window, reason, severity: ended.severity ?? base.severity };
  };
  const opening = own.findLast(opens);
  const quiet = { notify: [], retrain: false };
  const { notify } = hashed.rule;

  if (isOpen(was) && isOpen(ended)) {
    if (ended.alertId !== null && was.alertId !== null) renamed.set(ended.alertId, was.alertId);
    const alertId = was.alertId ?? "";
    const isFirstAgain = opening !== undefined && question.windows.some(({ window }) => window.to === opening.window.to);
    const words = isFirstAgain ? `${opening.summary} Rows or labels have come late since, and it holds with them.` : "";
    const confirmed = isFirstAgain
      ? [say({ ...opening, summary: words }, { from: was.state, to: was.state, alertId, ...quiet }, "confirmed")]
      : [];
    const moved =
      was.state === ended.state
        ? []
        : [say(wordsAt(question, path, ended, was.state, ended.state), { from: was.state, to: ended.state, alertId, ...quiet }, "revised")];
    return keep({ ...ended, alertId: was.alertId, since: ended.since ?? was.since }, [...confirmed, ...moved]);
  }
  if (isOpen(was)) {
    const over = own.findLast(({ to }) => to === "resolved");
    const isOver =
      over !== undefined && (opening !== undefined || trail.before.some((one) => keyText(one.key) === keyText(was.key) && isOpen(one)));
    const reason = isOver ? "revised" : "retracted";
    const base = isOver ? over : wordsAt(question, path, was, was.state, "resolved", reason);
    return keep(ended, [say(base, { from: was.state, to: "resolved", alertId: was.alertId ?? "", notify, retrain: false }, reason)]);
  }
  if (isOpen(ended)) {
    const base = opening ?? wordsAt(question, path, ended, was.state, "firing", "revised");
    const told = say(base, { from: was.state, to: "firing", alertId: "", notify, retrain: hashed.rule.retrain }, "revised", base.window);
    if (ended.alertId !== null) renamed.set(ended.alertId, told.id);
    return keep({ ...ended, alertId: told.id }, [{ ...told, alertId: told.id }]);
  }
  const before = new Set([...trail.before, ...trail.since].map(({ alertId }) => alertId));
  const past: Transition[] = [];
  for (const fired of own.filter(opens)) {
    const over = own.find(({ to, alertId }) => to === "resolved" && alertId === fired.alertId);
    // Something was told of already, and is over.
    if (over === undefined || before.size > 1 || (before.size === 1 && !before.has(null))) continue;
    const told = say(fired, { from: "normal", to: "firing", alertId: "", notify, retrain: false }, "revised", fired.window);
    renamed.set(fired.alertId, told.id);
    past.push(
      { ...told, alertId: told.id },
      say(over, { from: "firing", to: "resolved", alertId: told.id, notify, retrain: false }, "revised", over.window),
    );
  }
  // What is over is at rest: that it was over has been told.
  const resting: AlertStatus = ended.state === "resolved" ? { ...freshStatus(ended.key), evaluatedTo: ended.evaluatedTo } : ended;
  const isMoved = was.state !== resting.state && (was.state === "pending" || resting.state === "pending");
  const moved = isMoved
    ? [
        say(
          wordsAt(question, path, resting, was.state, resting.state),
          { from: was.state, to: resting.state, alertId: "", ...quiet },
          "revised",
        ),
      ]
    : [];
  return keep(resting, [...past, ...moved]);
}

function opens({ from, to }: Transition): boolean {
  return to === "firing" && from !== "firing" && from !== "recovering";
}

/** A change in the words of the newest window that says anything of its subject. */
function wordsAt(
  { hashed, surroundings }: Question,
  path: Path,
  status: AlertStatus,
  from: Transition["from"],
  to: Transition["to"],
  reason: TransitionReason = "revised",
): Transition {
  const { clock, tools } = surroundings;
  const since = status.since ?? path.seen[0]?.window.from ?? status.evaluatedTo;
  const severity = status.severity ?? hashed.rule.severity;
  // What opened it is what is taken back; anything else is told as it stands now.
  const windows = reason === "retracted" ? path.seen.filter(({ window }) => window.from >= since) : path.seen.toReversed();
  for (const measured of windows) {
    const judgement = judgementOf(hashed.rule, measured, status.key, tools);
    if (judgement)
      return transitionOf(hashed, judgement, status, { from, to }, { since, window: measured.window, severity, at: clock() }, reason);
  }
  const window = path.seen.at(-1)?.window ?? { from: status.evaluatedTo, to: status.evaluatedTo };
  return {
    id: "",
    alertId: "",
    key: status.key,
    from,
    to,
    severity,
    window,
    since,
    ruleHash: hashed.hash,
    summary: `Rows or labels came late, and nothing is left of what was measured of ${named(status.key.subject)}. It had been since ${moment(since)}.`,
    explanation: blankExplanation(hashed.rule),
    notify: [],
    retrain: false,
    createdAt: clock(),
    reason,
  };
}
