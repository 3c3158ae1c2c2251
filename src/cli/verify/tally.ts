import type { RejectReason } from "../../model/event.ts";
import type { Place } from "./account.ts";

/** What became of events of one type, from one topic or file, of one model. */
export type Line = {
  /** Index of the topic or file; null for what came from elsewhere. */
  readonly stream: number | null;
  readonly model: string;
  readonly type: "prediction" | "label";
  read: number;
  stored: number;
  repeated: number;
  superseded: number;
  waiting: number;
  rejected: number;
  inFlight: number;
  lost: number;
  doubled: number;
  unlabelled: number;
};

export type Count = Exclude<keyof Line, "stream" | "model" | "type">;
export type Trouble = {
  readonly what: "lost" | "doubled";
  readonly model: string | null;
  readonly place: Place | null;
  readonly note: string;
};

/** Troubles that are named; the others are only counted. */
const NAMED = 20;

export type Tally = {
  add(stream: number | null, model: string, type: Line["type"], count: Count): void;
  /** Why a message was refused, event or not. */
  reject(stream: number, reason: RejectReason): void;
  /** What became of a message that is no event. */
  unread(stream: number, fate: "rejected" | "inFlight" | "lost"): void;
  name(trouble: Trouble): void;
  lines(): Line[];
  rejected(stream: number): ReadonlyMap<RejectReason, number>;
  unreadable(stream: number): { readonly rejected: number; readonly inFlight: number; readonly lost: number };
  troubles(): readonly Trouble[];
  total(count: "lost" | "doubled" | "inFlight"): number;
};

export function createTally(): Tally {
  const lines = new Map<string, Line>();
  const reasons = new Map<number, Map<RejectReason, number>>();
  const unread = new Map<number, { rejected: number; inFlight: number; lost: number }>();
  const named: Trouble[] = [];

  function lineOf(stream: number | null, model: string, type: Line["type"]): Line {
    const key = JSON.stringify([stream, model, type]);
    const known = lines.get(key);
    if (known) return known;
    const counts = {
      read: 0,
      stored: 0,
      repeated: 0,
      superseded: 0,
      waiting: 0,
      rejected: 0,
      inFlight: 0,
      lost: 0,
      doubled: 0,
      unlabelled: 0,
    };
    const line = { stream, model, type, ...counts };
    lines.set(key, line);
    return line;
  }

  return {
    add: (stream, model, type, count) => {
      lineOf(stream, model, type)[count]++;
    },
    reject(stream, reason) {
      const of = reasons.get(stream) ?? new Map<RejectReason, number>();
      reasons.set(stream, of.set(reason, (of.get(reason) ?? 0) + 1));
    },
    unread(stream, fate) {
      const of = unread.get(stream) ?? { rejected: 0, inFlight: 0, lost: 0 };
      of[fate]++;
      unread.set(stream, of);
    },
    name: (trouble) => {
      if (named.length < NAMED) named.push(trouble);
    },
    lines: () =>
      [...lines.values()].sort(
        (a, b) =>
          (a.stream ?? Infinity) - (b.stream ?? Infinity) || (a.model < b.model ? -1 : a.model > b.model ? 1 : a.type < b.type ? 1 : -1),
      ),
    rejected: (stream) => reasons.get(stream) ?? new Map(),
    unreadable: (stream) => unread.get(stream) ?? { rejected: 0, inFlight: 0, lost: 0 },
    troubles: () => named,
    total(count) {
      const ofLines = [...lines.values()].reduce((sum, line) => sum + line[count], 0);
      return count === "doubled" ? ofLines : ofLines + [...unread.values()].reduce((sum, one) => sum + one[count], 0);
    },
  };
}
