import type { Clock } from "../model/time.ts";
import type { PartitionProgressRow } from "../store/source-progress.ts";
import type { EventSource, Message, SourceStatus } from "./source.ts";
import type { Watermarks } from "./watermark.ts";

type NamedStatus = SourceStatus & { readonly name: string };

export type Sources = {
  /** Starts them one by one; the watermarks learn of every batch once it is handled. */
  start(handle: (messages: readonly Message[]) => Promise<unknown>): Promise<void>;
  stop(): Promise<void>;
  statuses(): NamedStatus[];
  /** How far each partition was read, to be kept. */
  progress(): PartitionProgressRow[];
  /** Tells the watermarks which partitions there are, and which of them are drained. */
  noteProgress(): void;
};

/** How each source is doing, by its name. */
export function statusesOf(sources: readonly EventSource[]): NamedStatus[] {
  return sources.map((source) => ({ name: source.name, ...source.status() }));
}

/** All sources of a process as one, and what the watermarks learn of them. */
export function createSources(options: {
  sources: readonly EventSource[];
  watermarks: Pick<Watermarks, "progress" | "forget">;
  clock: Clock;
}): Sources {
  const { sources, watermarks, clock } = options;
  let assigned: ReadonlySet<string> = new Set();

  async function start(handle: (messages: readonly Message[]) => Promise<unknown>): Promise<void> {
    for (const source of sources) {
      await source.start(async (messages, partition) => {
        await handle(messages);
        watermarks.progress(partition.key, partition.drained, clock());
      });
    }
  }

  async function stop(): Promise<void> {
    for (const source of sources) await source.stop();
  }

  const statuses = () => statusesOf(sources);

  const progress = () =>
    statuses().flatMap(({ name, partitions }) => partitions.map((one) => ({ source: name, partition: one.key, ...one })));

  /** Partitions without messages hold nothing back: the sources say which are drained, and which are theirs. */
  function noteProgress(): void {
    const current = statuses().flatMap(({ partitions }) => partitions);
    for (const { key, drained } of current) watermarks.progress(key, drained, clock());
    const keys = new Set(current.map(({ key }) => key));
    // What another process reads now must not hold this one's windows open.
    for (const key of assigned) if (!keys.has(key)) watermarks.forget(key);
    assigned = keys;
  }

  return { start, stop, statuses, progress, noteProgress };
}
