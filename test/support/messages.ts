import type { Message } from "../../src/ingest/source.ts";

/** Rows as the lines of a file. */
export function ndjson(rows: readonly object[]): string {
  return rows.map((row) => JSON.stringify(row)).join("\n");
}

/** Events, or lines as they are, as the messages of one request. */
export function messagesOf(events: readonly (object | string)[]): Message[] {
  return events.map((event, index) => ({
    origin: { source: "http", topic: "", partition: 0, offset: String(index) },
    bytes: Buffer.from(typeof event === "string" ? event : JSON.stringify(event)),
    timestamp: null,
  }));
}
