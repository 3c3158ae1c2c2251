import { Counter, Gauge, type Registry } from "prom-client";

type Described = {
  readonly name: string;
  /** One or more full sentences. */
  readonly help: string;
  /** At most one of them may hold free text: series are told apart by names and values joined with commas. */
  readonly labels?: readonly string[];
};

export type Sample = { readonly labels?: Readonly<Record<string, string>>; readonly value: number };

/** A counter that is kept somewhere else already: it is read when somebody asks, and counted once only. */
export function registerCounter(registry: Registry, { name, help, labels = [] }: Described, read: () => Iterable<Sample>): void {
  registry.registerMetric(
    new Counter({
      name,
      help,
      labelNames: [...labels],
      registers: [],
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.inc(labels ?? {}, value);
      },
    }),
  );
}

/** A state that is read when somebody asks. What is not known has no sample: 0 would be an answer. */
export function registerGauge(registry: Registry, { name, help, labels = [] }: Described, read: () => Iterable<Sample>): void {
  registry.registerMetric(
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [],
      collect() {
        this.reset();
        if (labels.length === 0) this.remove();
        for (const { labels, value } of read()) this.set(labels ?? {}, value);
      },
    }),
  );
}
