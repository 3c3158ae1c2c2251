import type { Millis } from "../model/time.ts";

type Side = { readonly id: string; readonly side: "request" | "response"; /** Microseconds. */ readonly time: number };

export type Pair<Half> = {
  readonly request: Half;
  /** Null where nobody answered. */
  readonly response: Half | null;
  /** Of the answer; where there is none, when that was clear. */
  readonly time: Millis;
  /** Milliseconds from one to the other; null where the clocks of two hosts say it was answered before it was asked. */
  readonly latency: Millis | null;
};

/** Clocks of hosts disagree by less than a minute. */
const SKEW_MICROS = 60_000_000;

/**
 * Which request an answer belongs to, where several halves have one id: the latest before it, `within` of it. Each
 * answer decides for itself, so that what becomes known later can only bring it a later request, and the order in
 * which halves come makes no difference in the end. Where no request came before it, all that came soon after are
 * named: of two predictions with one id the store keeps one, whatever the order.
 */
export function matchHalves<Half extends Side>(halves: readonly Half[], within: Millis): readonly Pair<Half>[] {
  const requests = halves.filter(({ side }) => side === "request");
  return halves
    .filter(({ side }) => side === "response")
    .flatMap((response) => {
      const waits = requests.map((request) => ({ request, micros: response.time - request.time }));
      const shortest = Math.min(...waits.map(({ micros }) => (micros >= 0 && micros <= within * 1000 ? micros : Infinity)));
      const time = Math.floor(response.time / 1000);
      return waits
        .filter(({ micros }) => (shortest === Infinity ? micros < 0 && micros >= -SKEW_MICROS : micros === shortest))
        .map(({ request, micros }) => ({ request, response, time, latency: micros < 0 ? null : micros / 1000 }));
    });
}

/** The halves that no pair needs. */
export function aloneIn<Half extends Side>(halves: readonly Half[], pairs: readonly Pair<Half>[]): readonly Half[] {
  const met = new Set(pairs.flatMap(({ request, response }) => [request, response]));
  return halves.filter((half) => !met.has(half));
}

/** A request nobody answered, as if the answer had come when the time for it was over. Should it come after all, it is the earlier one. */
export function unanswered<Half extends Side>(request: Half, within: Millis): Pair<Half> {
  return { request, response: null, time: Math.floor(request.time / 1000) + within, latency: null };
}

/**
 * The ids of the pairs of one id. The earliest has the id itself, since that is what a label will name; the others
 * are told apart by their time. What is returned is all that `isNew` halves change: the pairs they are in, and those
 * known from now on not to be the earliest.
 */
export function namePairs<Half extends Side>(
  pairs: readonly Pair<Half>[],
  isNew: (half: Half) => boolean,
): readonly (Pair<Half> & { readonly id: string })[] {
  const isNewPair = ({ request, response }: Pair<Half>) => isNew(request) || (response !== null && isNew(response));
  const first = Math.min(...pairs.map(({ time }) => time));
  const firstNew = Math.min(...pairs.filter(isNewPair).map(({ time }) => time));
  return pairs
    .filter((pair) => isNewPair(pair) || pair.time > firstNew)
    .map((pair) => ({ ...pair, id: pair.time === first ? pair.request.id : `${pair.request.id}@${new Date(pair.time).toISOString()}` }));
}
