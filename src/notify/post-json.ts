import type { Notification, SendOutcome } from "../model/alert.ts";
import type { Call } from "../model/call.ts";
import { sendOutcome } from "./send-outcome.ts";

/** Posts a body and says what became of it. */
export async function postJson(call: Call, { at }: Pick<Notification, "at">, url: string, body: string): Promise<SendOutcome> {
  return sendOutcome(await call({ url, method: "POST", headers: { "content-type": "application/json" }, body }), at);
}
