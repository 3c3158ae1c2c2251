import { replayFeed, peekTime } from "../ingest/file-source.ts";
import type { Message } from "../ingest/source.ts";
import { floorTo, type Millis } from "../model/time.ts";

/** From here on the feed of `visib` sends kilometres: the one thing the demo makes up. */
export const FAULT_FROM: Millis = Date.UTC(2013, 8, 1);
const KILOMETRES_PER_MILE = 1.609344;

/** One stretch of the feed: all events up to the first one of the next stretch, in order of event time. */
export type Stretch = { readonly from: Millis; readonly messages: readonly Message[]; readonly bytes: number };

/** The flights in order of event time, cut at multiples of `stretchMs`, with the fault put in. */
export async function* flightFeed(
  files: readonly string[],
  stretchMs: Millis,
  onBytes: (file: string, bytes: number) => void,
): AsyncGenerator<Stretch> {
  let messages: Message[] = [];
  let from: Millis | null = null;
  let bytes = 0;
  for await (const message of replayFeed(files, { onBytes })) {
    const time = message.bytes === null ? null : peekTime(message.bytes);
    const stretch: Millis | null = time === null ? from : floorTo(time, stretchMs);
    if (from !== null && stretch !== from) {
      yield { from, messages, bytes };
      messages = [];
      bytes = 0;
    }
    from = stretch;
    bytes += message.bytes?.length ?? 0;
    messages.push(time !== null && time >= FAULT_FROM ? inKilometres(message) : message);
  }
  if (from !== null) yield { from, messages, bytes };
}

function inKilometres(message: Message): Message {
  if (message.bytes === null) return message;
  const text = Buffer.from(message.bytes).toString("utf8");
  const changed = text.replace(/"visib":(-?[\d.]+)/, (_, miles: string) => `"visib":${Number(miles) * KILOMETRES_PER_MILE}`);
  return changed === text ? message : { ...message, bytes: Buffer.from(changed) };
}
