import { REJECT_REASONS } from "../../model/event.ts";
import { floorTo, type Millis } from "../../model/time.ts";
import { FAILED, JUDGED } from "../../store/held.ts";
import { accountFor, type Account, type Known, type Place, type Situation } from "./account.ts";
import { NO_ID, NO_PRECEDENCE, slotOfPlace, type Slots, type VerifyRecord } from "./records.ts";
import type { Tally } from "./tally.ts";

/** What the rows that count come to in one bucket. */
export type Expected = { requests: number; errors: number; judged: number; labelled: number };

export type ComparedModel = {
  readonly name: string;
  readonly bucket: Millis;
  readonly situation: Situation;
  readonly expected: Map<Millis, Expected>;
};

/** Holds every id against the store. What is not held goes on to `places`, to be looked for among the dead letters. */
export function compareEvents(events: Slots, places: Slots, models: readonly ComparedModel[], tally: Tally): void {
  for (const records of events.each()) {
    const known = new Map<string, { readonly model: number; readonly about: Known }>();
    for (const record of records) {
      const key = `${record.id} ${record.model}`;
      let one = known.get(key);
      if (!one) known.set(key, (one = { model: record.model, about: nothing() }));
      learn(one.about, record);
    }
    for (const { model: index, about } of known.values()) {
      const model = models[index];
      if (model) record(accountFor(about, model.situation), model, index, places, tally);
    }
  }
}

function nothing(): Known {
  return { predictions: [], labels: [], rows: [], superseded: new Set(), outcomes: [], waiting: [], arrivals: [] };
}

function learn(known: Known, { kind, precedence, stream, partition, at, detail }: VerifyRecord): void {
  switch (kind) {
    case "prediction":
      known.predictions.push({ precedence, stream, partition, offset: at });
      break;
    case "label":
      known.labels.push({ precedence, stream, partition, offset: at });
      break;
    case "row":
      known.rows.push({ precedence, at, flags: detail });
      break;
    case "superseded":
      known.superseded.add(precedence);
      break;
    case "outcome":
      known.outcomes.push({ precedence, at });
      break;
    case "waiting":
      known.waiting.push(precedence);
      break;
    case "arrival":
      known.arrivals.push({ precedence, at });
      break;
    case "refused":
    case "missing":
    case "letter":
      break;
  }
}

function record(account: Account, model: ComparedModel, index: number, places: Slots, tally: Tally): void {
  const { name } = model;
  for (const { type, fate, sent } of account.fates) {
    tally.add(sent.stream, name, type, "read");
    if (fate === "missing") {
      const detail = type === "prediction" ? 0 : 1;
      const { stream, partition, offset: at } = sent;
      places.add(slotOfPlace(partition, at), {
        kind: "missing",
        stream,
        partition,
        at,
        detail,
        model: index,
        id: NO_ID,
        precedence: NO_PRECEDENCE,
      });
    } else if (fate === "hidden") {
      tally.add(sent.stream, name, type, "lost");
      tally.name({
        what: "lost",
        model: name,
        place: sent,
        note: "the prediction is stored, but noted as superseded though none goes before it",
      });
    } else tally.add(sent.stream, name, type, fate === "in_flight" ? "inFlight" : fate);
  }
  const first = account.fates.find(({ type }) => type === "prediction")?.sent ?? null;
  for (const _ of account.doubled) {
    tally.add(first?.stream ?? null, name, "prediction", "doubled");
    tally.name({ what: "doubled", model: name, place: first, note: "more than one prediction of this id counts" });
  }
  if (account.hidden !== null) {
    tally.add(null, name, "prediction", "lost");
    tally.name({ what: "lost", model: name, place: null, note: "a stored prediction is noted as superseded though none goes before it" });
  }
  const firstStored = account.fates.find(({ type, fate }) => type === "prediction" && fate === "stored")?.sent;
  for (const { row, labelled, read } of account.counting) {
    if (!read) tally.add(null, name, "prediction", "stored");
    else if (!labelled && firstStored) tally.add(firstStored.stream, name, "prediction", "unlabelled");
    const bucket = floorTo(row.at, model.bucket);
    const expected = model.expected.get(bucket) ?? { requests: 0, errors: 0, judged: 0, labelled: 0 };
    const isJudged = (row.flags & JUDGED) !== 0;
    model.expected.set(bucket, {
      requests: expected.requests + 1,
      errors: expected.errors + ((row.flags & FAILED) === 0 ? 0 : 1),
      judged: expected.judged + (isJudged ? 1 : 0),
      labelled: expected.labelled + (isJudged && labelled ? 1 : 0),
    });
  }
}

/** Looks for what is not held, and for what was refused, among the dead letters. */
export function comparePlaces(
  places: Slots,
  models: readonly ComparedModel[],
  options: {
    /** Whether what is refused leaves a letter under the place it was read at. */ readonly lettersDue: boolean;
    isDone(place: Place): boolean;
  },
  tally: Tally,
): void {
  for (const records of places.each()) {
    const letters = new Map(records.filter(({ kind }) => kind === "letter").map((letter) => [keyOf(letter), letter.detail]));
    for (const found of records) {
      if (found.kind === "letter") continue;
      const place = { stream: found.stream, partition: found.partition, offset: found.at };
      const reason = letters.get(keyOf(found));
      const model = models[found.model]?.name ?? "";
      const type = found.detail === 0 ? "prediction" : "label";
      if (found.kind === "missing") {
        tally.add(place.stream, model, type, reason === undefined ? "lost" : "rejected");
        if (reason === undefined)
          tally.name({ what: "lost", model, place, note: `the ${type} is not in the store, and no dead letter speaks of it` });
        else tally.reject(place.stream, REJECT_REASONS[reason] ?? "invalid_json");
        continue;
      }
      if (reason !== undefined || !options.lettersDue) {
        tally.reject(place.stream, REJECT_REASONS[reason ?? found.detail] ?? "invalid_json");
        tally.unread(place.stream, "rejected");
      } else if (!options.isDone(place)) tally.unread(place.stream, "inFlight");
      else {
        tally.unread(place.stream, "lost");
        tally.name({
          what: "lost",
          model: null,
          place,
          note: `the message cannot be taken (${REJECT_REASONS[found.detail]}), and no dead letter speaks of it`,
        });
      }
    }
  }
}

function keyOf({ stream, partition, at }: VerifyRecord): string {
  return `${stream} ${partition} ${at}`;
}
