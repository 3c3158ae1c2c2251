import type { Event, Half, IgnoreReason, RejectReason } from "../../model/event.ts";
import type { AdapterSettings } from "../../model/settings.ts";
import { decode, type DecodeContext } from "../decode.ts";
import type { Message } from "../source.ts";
import { adaptCloudEvent } from "./cloudevents.ts";
import { adaptMapped } from "./mapped.ts";

/** What an adapter makes of one message. It is taken as a whole or not at all. */
export type Adapted =
  | { readonly kind: "events"; readonly events: readonly Event[] }
  /** Half of one or more predictions: whoever holds the store joins it to the other. */
  | { readonly kind: "half"; readonly half: Half }
  /** It is no event, and none was expected. */
  | { readonly kind: "ignored"; readonly reason: IgnoreReason }
  | { readonly kind: "rejected"; readonly reason: RejectReason; readonly message: string };

/** Makes our events of another system's message. A pure function of both. */
export type Adapter = (message: Message, context: DecodeContext) => Adapted;

/** The adapter of a message; messages that name none are events already. */
export function createAdapters(settings: ReadonlyMap<string, AdapterSettings>): Adapter {
  return (message, context) => {
    if (message.adapter === undefined) {
      const decoded = decode(message, context);
      return decoded.ok ? { kind: "events", events: [decoded.event] } : { kind: "rejected", ...decoded };
    }
    const adapter = settings.get(message.adapter);
    if (!adapter) throw new Error(`There is no adapter named ${message.adapter}.`);
    return adapter.type === "mapped" ? adaptMapped(adapter, message, context) : adaptCloudEvent(adapter, message, context);
  };
}
