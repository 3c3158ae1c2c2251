import { MINUTE, type Millis } from "../model/time.ts";

/** What one event may hold. Beyond these it is refused, or the one value is, before it costs memory or a query. */
export type DecodeLimits = {
  readonly bytes: number;
  readonly depth: number;
  readonly features: number;
  readonly nameLength: number;
  readonly textLength: number;
  readonly idLength: number;
  readonly telemetry: number;
  readonly rows: number;
  readonly items: number;
  readonly itemsLength: number;
  readonly notBefore: Millis;
  readonly notAfter: Millis;
  readonly ahead: Millis;
};

export const DECODE_LIMITS: DecodeLimits = {
  // Kafka's own default for one message: larger events do not get this far without someone raising it on purpose.
  bytes: 1024 * 1024,
  // Native events nest three deep; a parser recurses, so the rest is refused before it parses.
  depth: 16,
  // The cap OpenTelemetry puts on attribute sets: a model with more columns sends embeddings.
  features: 2_000,
  // Feature, class and version names become dictionary entries and axis labels.
  nameLength: 256,
  // A longer category is free text: counting its values says nothing.
  textLength: 1_024,
  idLength: 512,
  telemetry: 256,
  // Of one request of many rows: two bytes can be a row, and a row becomes a thousand.
  rows: 10_000,
  // As deep as a list is measured; a thousand ids of 64 characters.
  items: 1_000,
  itemsLength: 65_536,
  // A month is a partition, and months outside these come from broken clocks and units.
  notBefore: Date.UTC(2000, 0, 1),
  notAfter: Date.UTC(2100, 0, 1),
  // Clocks of serving hosts disagree by seconds; minutes mean a wrong clock, and would carry the watermark away.
  ahead: 5 * MINUTE,
};

/** Weights are relative; the sums of what weighs far more are beyond what is stored. */
export const MOST_WEIGHT = 1e9;
