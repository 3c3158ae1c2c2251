import type { Registry } from "prom-client";
import { IGNORE_REASONS, REJECT_REASONS, type Half, type IgnoreReason, type RejectReason } from "../model/event.ts";
import { registerCounter, registerGauge } from "./kept-elsewhere.ts";

/** What the pipeline has counted since it was made. */
export type Ingested = {
  readonly received: number;
  readonly bytes: number;
  readonly predictions: number;
  readonly labels: number;
  readonly rejected: ReadonlyMap<RejectReason, number>;
  readonly ignored: ReadonlyMap<IgnoreReason, number>;
  readonly halves: ReadonlyMap<Half["side"], number>;
  readonly unpaired: readonly { readonly adapter: string; readonly side: Half["side"]; readonly halves: number }[];
  readonly derivedIds: number;
  readonly replacedTexts: number;
  readonly conflicts: number;
  readonly unknownFields: ReadonlyMap<string, number>;
  readonly otherUnknownFields: number;
  readonly retries: number;
  readonly unsentLetters: number;
};

export function registerIngestion(registry: Registry, read: () => Ingested): void {
  const single = (name: string, help: string, value: (ingested: Ingested) => number) =>
    registerCounter(registry, { name, help }, () => [{ value: value(read()) }]);

  single("driftwatch_events_received_total", "Messages that were taken in hand, repeats included.", ({ received }) => received);
  single(
    "driftwatch_events_received_bytes_total",
    "Bytes of the messages that were taken in hand, repeats included.",
    ({ bytes }) => bytes,
  );
  registerCounter(
    registry,
    {
      name: "driftwatch_events_accepted_total",
      help: "Events that are stored, by their type. The same event sent again counts again, and is stored once.",
      labels: ["type"],
    },
    () => {
      const { predictions, labels } = read();
      return [
        { labels: { type: "prediction" }, value: predictions },
        { labels: { type: "label" }, value: labels },
      ];
    },
  );
  registerCounter(
    registry,
    { name: "driftwatch_events_rejected_total", help: "Messages that became dead letters, by reason.", labels: ["reason"] },
    () => {
      const { rejected } = read();
      return REJECT_REASONS.map((reason) => ({ labels: { reason }, value: rejected.get(reason) ?? 0 }));
    },
  );
  registerCounter(
    registry,
    {
      name: "driftwatch_events_ignored_total",
      help: "Messages that adapters took for no event, such as health checks, by reason. Repeats are included.",
      labels: ["reason"],
    },
    () => {
      const { ignored } = read();
      return IGNORE_REASONS.map((reason) => ({ labels: { reason }, value: ignored.get(reason) ?? 0 }));
    },
  );
  registerCounter(
    registry,
    {
      name: "driftwatch_events_halves_total",
      help: "Requests and answers that came apart and are stored, by side. Repeats are included.",
      labels: ["side"],
    },
    () => {
      const { halves } = read();
      return (["request", "response"] as const).map((side) => ({ labels: { side }, value: halves.get(side) ?? 0 }));
    },
  );
  registerGauge(
    registry,
    {
      name: "driftwatch_unpaired_halves",
      help: "Requests without an answer and answers without a request, of those that are remembered and had their time, by side.",
      labels: ["side"],
    },
    () => {
      const { unpaired } = read();
      return (["request", "response"] as const).map((side) => ({
        labels: { side },
        value: unpaired.filter((one) => one.side === side).reduce((sum, { halves }) => sum + halves, 0),
      }));
    },
  );
  single(
    "driftwatch_events_derived_ids_total",
    "Predictions that came without an id and can never be labelled, repeats included.",
    ({ derivedIds }) => derivedIds,
  );
  single("driftwatch_events_conflicts_total", "Predictions whose id is also that of a different one.", ({ conflicts }) => conflicts);
  single(
    "driftwatch_events_repaired_texts_total",
    "Texts that were no Unicode and were repaired, repeats included.",
    ({ replacedTexts }) => replacedTexts,
  );
  // By name they stand in /v1/status: names come from events, and are no labels.
  single(
    "driftwatch_events_unknown_fields_total",
    "Fields of events that mean nothing here and were ignored, repeats included.",
    ({ unknownFields, otherUnknownFields }) => [...unknownFields.values()].reduce((sum, count) => sum + count, otherUnknownFields),
  );
  single(
    "driftwatch_dead_letters_unsent_total",
    "Dead letters that their Kafka topic did not take. They are in the store all the same.",
    ({ unsentLetters }) => unsentLetters,
  );
  single(
    "driftwatch_store_retries_total",
    "Statements of ingestion that were tried again because the store had failed.",
    ({ retries }) => retries,
  );
}
