import type { Message } from "./source.ts";

/** What is around a message's bytes, as far as an adapter reads it. `cut` says that there was more than is kept. */
export type Envelope = Pick<Message, "adapter" | "key" | "headers" | "timestamp"> & { readonly cut: boolean };

type Written = {
  readonly adapter: string;
  readonly key?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly timestamp?: number | null;
};

/** As text of at most `limit` characters; empty for a message that no adapter reads. */
export function writeEnvelope({ adapter, key, headers, timestamp }: Message, limit: number): string {
  if (adapter === undefined) return "";
  const written: Written = { adapter, ...(key === undefined ? {} : { key }), headers: [...(headers ?? [])], timestamp };
  const text = JSON.stringify(written);
  return text.length <= limit ? text : JSON.stringify({ adapter });
}

/** Null for a message that no adapter read. */
export function readEnvelope(text: string): Envelope | null {
  if (text === "") return null;
  const { adapter, key, headers, timestamp = null } = JSON.parse(text) as Written;
  return { adapter, timestamp, headers: new Map(headers), ...(key === undefined ? {} : { key }), cut: headers === undefined };
}
