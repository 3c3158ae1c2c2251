import { formatTime, MINUTE, type Millis } from "../model/time.ts";
import type { SourceStatus } from "./source.ts";

const SLACK = 15 * MINUTE;

/**
 * Why what was counted of a model may be of part of its events, in a sentence; null when all that was sent has come, as
 * far as the sources tell. Events that wait at their source are no cause while they are young: some always wait.
 */
export function whyBehind(options: {
  readonly sources: readonly (Pick<SourceStatus, "error" | "partitions"> & { readonly name: string })[];
  readonly watermark: Millis | null;
  readonly lateness: Millis;
  readonly bucket: Millis;
  readonly now: Millis;
}): string | null {
  const { sources, watermark, lateness, bucket, now } = options;
  const broken = sources.find(({ error }) => error !== null);
  if (broken) return `Events cannot be read from ${broken.name}.`;
  const waiting = sources.some(({ partitions }) => partitions.some(({ drained }) => !drained));
  if (!waiting || watermark === null || watermark >= now - lateness - Math.max(bucket, SLACK)) return null;
  return `Ingestion is behind: events up to ${formatTime(watermark)} have been read.`;
}
