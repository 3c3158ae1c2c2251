import type { Registry } from "prom-client";
import { SECOND, type Millis } from "../model/time.ts";
import { registerCounter, registerGauge, type Sample } from "./kept-elsewhere.ts";

type Partition = {
  readonly key: string;
  readonly committed: string | null;
  readonly highWatermark: string | null;
  readonly drained: boolean;
};

export type Source = {
  readonly name: string;
  readonly running: boolean;
  readonly error: string | null;
  readonly partitions: readonly Partition[];
  readonly gaps: number;
  readonly lost: number;
};

/** What is read, and how far. Partitions are those this process reads now, so a revoked one disappears. */
export function registerSources(registry: Registry, read: () => readonly Source[]): void {
  const ofSource = (value: (source: Source) => number) => () =>
    read().map((source) => ({ labels: { source: source.name }, value: value(source) }));
  const ofPartition = (value: (partition: Partition) => number | null) => () =>
    read().flatMap((source) =>
      source.partitions.flatMap((partition): Sample[] => {
        const known = value(partition);
        return known === null ? [] : [{ labels: { source: source.name, partition: partition.key }, value: known }];
      }),
    );
  const labels = ["source", "partition"];

  registerGauge(
    registry,
    { name: "driftwatch_source_up", help: "Whether a source is read, and without an error: 1 or 0.", labels: ["source"] },
    ofSource(({ running, error }) => (running && error === null ? 1 : 0)),
  );
  registerCounter(
    registry,
    { name: "driftwatch_source_gaps_total", help: "How often messages were gone before they could be read.", labels: ["source"] },
    ofSource(({ gaps }) => gaps),
  );
  registerCounter(
    registry,
    {
      name: "driftwatch_source_lost_messages_total",
      help: "Messages that were gone before they could be read. Their retention was shorter than the lag.",
      labels: ["source"],
    },
    ofSource(({ lost }) => lost),
  );
  registerGauge(
    registry,
    {
      name: "driftwatch_source_committed_offset",
      help: "The next offset to be read after a restart. Absent while nothing was ever committed.",
      labels,
    },
    ofPartition(({ committed }) => offset(committed)),
  );
  registerGauge(
    registry,
    { name: "driftwatch_source_high_watermark_offset", help: "The offset the next message to arrive will get.", labels },
    ofPartition(({ highWatermark }) => offset(highWatermark)),
  );
  registerGauge(
    registry,
    {
      name: "driftwatch_source_lag_messages",
      help: "Messages that wait to be read and stored: 0 once drained, else the distance of the offsets.",
      labels,
    },
    ofPartition(lag),
  );
  registerGauge(
    registry,
    { name: "driftwatch_source_drained", help: "Whether nothing further waits in a partition: 1 or 0.", labels },
    ofPartition(({ drained }) => (drained ? 1 : 0)),
  );
}

/** Up to when the events of each configured model are taken to be complete. */
export function registerWatermarks(registry: Registry, models: readonly string[], watermark: (model: string) => Millis | null): void {
  registerGauge(
    registry,
    {
      name: "driftwatch_watermark_timestamp_seconds",
      help: "Up to when the events of a model are taken to be complete, in event time. Absent while nothing tells it.",
      labels: ["model"],
    },
    () =>
      models.flatMap((model): Sample[] => {
        const mark = watermark(model);
        return mark === null ? [] : [{ labels: { model }, value: mark / SECOND }];
      }),
  );
}

function offset(text: string | null): number | null {
  return text === null || !/^\d+$/.test(text) ? null : Number(text);
}

/** A drained partition may end in records that are no messages: they lengthen the distance, and never shorten it again. */
function lag({ drained, committed, highWatermark }: Partition): number | null {
  if (drained) return 0;
  const [from, to] = [offset(committed), offset(highWatermark)];
  return from === null || to === null ? null : Math.max(0, to - from);
}
