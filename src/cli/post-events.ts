import { setTimeout as sleep } from "node:timers/promises";
import type { Message } from "../ingest/source.ts";
import { SECOND, type Millis } from "../model/time.ts";
import type { Connection } from "./connection.ts";
import { requestFailure } from "./request.ts";

const MOST_EVENTS = 1_000;
const MOST_BYTES = 4 * 1024 * 1024;
const RETRY_FOR = 120 * SECOND;
const LONGEST_WAIT = 10 * SECOND;

type Posted = {
  readonly accepted: number;
  readonly rejected: readonly { readonly index: number; readonly reason: string; readonly message: string }[];
};

/** Posts events in requests the API takes, one after the other. `index` counts over all of `messages`. */
export async function postEvents(connection: Connection, messages: readonly Message[], adapter?: string): Promise<Posted> {
  const path = adapter === undefined ? "/v1/events" : `/v1/events?adapter=${encodeURIComponent(adapter)}`;
  let accepted = 0;
  const rejected: Posted["rejected"][number][] = [];
  let start = 0;
  for (const chunk of chunks(messages)) {
    const answer = await post(connection, path, chunk);
    accepted += answer.accepted;
    for (const { index, reason, message } of answer.rejected) rejected.push({ index: start + index, reason, message: message ?? reason });
    start += chunk.length;
  }
  return { accepted, rejected };
}

function* chunks(messages: readonly Message[]): Generator<readonly Message[]> {
  let chunk: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = (message.bytes?.length ?? 0) + 1;
    if (chunk.length === MOST_EVENTS || (chunk.length > 0 && bytes + size > MOST_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(message);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

type Answer = { accepted: number; rejected: { index: number; reason: string; message?: string }[] };

/** A busy daemon is asked again: events are known by their identity, so none counts twice. */
async function post(connection: Connection, path: string, messages: readonly Message[]): Promise<Answer> {
  const body = Buffer.concat(messages.flatMap(({ bytes }) => [bytes ?? new Uint8Array(), NEWLINE]));
  const giveUpAt = performance.now() + RETRY_FOR;
  for (let attempt = 0; ; attempt++) {
    const response = await connection.request(path, { method: "POST", headers: { "content-type": "application/x-ndjson" }, body });
    if (response.ok) return (await response.json()) as Answer;
    const wait = waitBefore(attempt, response.headers.get("retry-after"));
    const busy = response.status === 503 || response.status === 429;
    if (!busy || performance.now() + wait > giveUpAt) throw await requestFailure(response);
    await response.body?.cancel();
    await sleep(wait);
  }
}

const NEWLINE = Buffer.from("\n");

function waitBefore(attempt: number, retryAfter: string | null): Millis {
  const asked = retryAfter === null ? Number.NaN : Number(retryAfter) * SECOND;
  return Math.min(LONGEST_WAIT, Number.isFinite(asked) && asked >= 0 ? asked : 500 * 2 ** attempt);
}
