import type { Origin } from "../model/event.ts";
import type { Millis } from "../model/time.ts";

/** One message as its source holds it, not looked into yet. */
export type Message = {
  readonly origin: Origin;
  /** Null for a tombstone: a key whose value was withdrawn. */
  readonly bytes: Uint8Array | null;
  /** When the source took it in; null when it does not say. */
  readonly timestamp: Millis | null;
  /** The key of a Kafka record. */
  readonly key?: string;
  /** Headers by name in lower case, bounded. */
  readonly headers?: ReadonlyMap<string, string>;
  /** The adapter that makes events of it; none where it is an event already. */
  readonly adapter?: string;
};

const MOST_HEADERS = 64;
const HEADER_LENGTH = 8 * 1024;
/** As long as the longest id. */
const KEY_LENGTH = 512;

/** Headers as a message keeps them: what is beyond the bounds is nothing a serving system needs to say. */
export function boundHeaders(headers: Iterable<readonly [name: string, value: string]>): ReadonlyMap<string, string> {
  const kept = new Map<string, string>();
  for (const [name, value] of headers) {
    if (kept.size === MOST_HEADERS) break;
    if (name.length <= 256 && value.length <= HEADER_LENGTH) kept.set(name.toLowerCase(), value);
  }
  return kept;
}

/** A record's key as text; undefined where there is none, or none that could be an id. Cut short it would be another. */
export function boundKey(key: Uint8Array | null | undefined): string | undefined {
  if (!key || key.length === 0 || key.length > KEY_LENGTH) return undefined;
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("utf8");
}

export type PartitionProgress = {
  /** `topic/partition`. */
  readonly key: string;
  /** Once these messages are handled, nothing further is waiting at the source. */
  readonly drained: boolean;
};

/**
 * Takes one batch of one partition, in order, and resolves once it is durable. When it rejects, the same messages
 * come again; they may come again after a crash or a rebalance too, so handling a batch twice must be harmless.
 */
export type BatchHandler = (messages: readonly Message[], partition: PartitionProgress) => Promise<void>;

export type PartitionStatus = {
  readonly key: string;
  /** The next offset to be read after a restart; null while nothing was ever committed. */
  readonly committed: string | null;
  /** The offset the next message to arrive will get; null until the source told. */
  readonly highWatermark: string | null;
  readonly drained: boolean;
};

export type SourceStatus = {
  readonly running: boolean;
  readonly error: string | null;
  /** The partitions this process reads now, empty ones included. A revoked one is gone from here. */
  readonly partitions: readonly PartitionStatus[];
  /** How often messages were found gone before they could be read. */
  readonly gaps: number;
  /** How many messages were in those gaps. */
  readonly lost: number;
};

export type EventSource = {
  readonly name: string;
  /** Resolves once messages can flow; rejects with a SourceError. */
  start(handle: BatchHandler): Promise<void>;
  /** Resolves once what is in hand is handled and committed, and the source is left. */
  stop(): Promise<void>;
  status(): SourceStatus;
};

/** What is wrong with a source, and what a person can do about it. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
