import { HOUR, floorTo, type Millis } from "../../model/time.ts";

/** Where an event was read: its topic or file by index, its partition and its offset or line. */
export type Place = { readonly stream: number; readonly partition: number; readonly offset: number };
export type Sent = Place & { readonly precedence: string };
export type HeldPrediction = { readonly precedence: string; readonly at: Millis; readonly flags: number };
export type HeldLabel = { readonly precedence: string; readonly at: Millis };

/** Everything there is about one id of one model: what was read, and what the store holds. Precedences in hexadecimal, so they compare as text. */
export type Known = {
  readonly predictions: Sent[];
  readonly labels: Sent[];
  readonly rows: HeldPrediction[];
  readonly superseded: Set<string>;
  readonly outcomes: HeldLabel[];
  readonly waiting: string[];
  readonly arrivals: HeldLabel[];
};

/**
 * What became of one event that was read. Every event has exactly one: `repeated` is told of all but one that are
 * equal, `superseded` of those another one with the same id goes before, `waiting` of labels without a prediction.
 */
export const FATES = ["stored", "repeated", "superseded", "waiting", "in_flight", "missing", "hidden"] as const;
export type Fate = (typeof FATES)[number];

export type Situation = {
  /** Whether the program said that it is done with what lies there. */
  isDone(place: Place): boolean;
  /** Whether something about predictions of this time is still to be settled. */
  isUnsettled(at: Millis): boolean;
  /** Whether labels that arrived in this minute are still to be joined. */
  isArriving(minute: Millis): boolean;
};

export type Account = {
  readonly fates: readonly { readonly type: "prediction" | "label"; readonly fate: Fate; readonly sent: Sent }[];
  /** Rows that count and should not, beside the one that holds. */
  readonly doubled: readonly HeldPrediction[];
  /** The row that should count and does not, where nobody read it. */
  readonly hidden: HeldPrediction | null;
  /** The rows that count as things are, and whether a label stands with each. */
  readonly counting: readonly { readonly row: HeldPrediction; readonly labelled: boolean; readonly read: boolean }[];
};

/** Holds what was read of one id against what is held. A function of its arguments alone. */
export function accountFor(known: Known, situation: Situation): Account {
  const fates: Account["fates"][number][] = [];
  const best = newest(known.rows);
  const counts = known.rows.filter((row) => !known.superseded.has(row.precedence));
  const isUnsettled = known.rows.some((row) => situation.isUnsettled(row.at));
  const isHidden = best !== null && !isUnsettled && !counts.includes(best);
  const held = new Set(known.rows.map((row) => row.precedence));

  for (const [precedence, group] of byPrecedence(known.predictions)) {
    const whole = precedence === best?.precedence ? (isHidden ? "hidden" : "stored") : "superseded";
    for (const [index, sent] of group.entries()) {
      const fate = held.has(precedence) ? (index === 0 ? whole : "repeated") : situation.isDone(sent) ? "missing" : "in_flight";
      fates.push({ type: "prediction", fate, sent });
    }
  }

  const truth = newest(known.labels);
  for (const [precedence, group] of byPrecedence(known.labels)) {
    const isTruth = precedence === truth?.precedence;
    // Of an older revision nothing need be kept once it is taken.
    const whole = isTruth ? fateOfLabel(precedence) : group.every(situation.isDone) ? "superseded" : null;
    const isSettled = isTruth && !isSettling(precedence);
    for (const [index, sent] of group.entries()) {
      const fate = whole === null ? (isSettled && situation.isDone(sent) ? "missing" : "in_flight") : index === 0 ? whole : "repeated";
      fates.push({ type: "label", fate, sent });
    }
  }

  /** Null where the label is not at its place. */
  function fateOfLabel(precedence: string): Fate | null {
    const standing = best === null ? known.waiting.reduce((most, one) => (one > most ? one : most), "") : outcomeAt(best);
    if (standing === precedence) return best === null ? "waiting" : "stored";
    return standing > precedence ? "superseded" : null;
  }

  function isSettling(precedence: string): boolean {
    return isUnsettled || known.arrivals.some((one) => one.precedence >= precedence && situation.isArriving(one.at));
  }

  /** The newest label at the place of a prediction, which is its hour; empty when there is none. */
  function outcomeAt(row: HeldPrediction): string {
    const there = known.outcomes.filter((one) => floorTo(one.at, HOUR) === floorTo(row.at, HOUR));
    return newest(there)?.precedence ?? "";
  }

  const sent = new Set(known.predictions.map((one) => one.precedence));
  return {
    fates,
    doubled: isUnsettled ? [] : counts.filter((row) => row !== best),
    hidden: isHidden && !sent.has(best.precedence) ? best : null,
    counting: counts.map((row) => ({ row, labelled: outcomeAt(row) !== "", read: sent.has(row.precedence) })),
  };
}

function newest<One extends { readonly precedence: string }>(all: readonly One[]): One | null {
  let best: One | null = null;
  for (const one of all) if (best === null || one.precedence > best.precedence) best = one;
  return best;
}

/** Equal events together, the first one read in front, whatever order partitions came in. */
function byPrecedence(all: readonly Sent[]): Map<string, Sent[]> {
  const groups = new Map<string, Sent[]>();
  for (const one of all) {
    const group = groups.get(one.precedence);
    if (group) group.push(one);
    else groups.set(one.precedence, [one]);
  }
  for (const group of groups.values())
    if (group.length > 1) group.sort((a, b) => a.stream - b.stream || a.partition - b.partition || a.offset - b.offset);
  return groups;
}
