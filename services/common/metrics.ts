// Prometheus metrics: tcxflow_<service>_<what>_<unit>[_total]. Every queue has a gauge, every loss a counter with its cause.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  counter<Label extends string = never>(name: string, help: string, labels?: readonly Label[]): Counter<Label>;
  /** A counter that is kept elsewhere, in the kernel for example, and read when somebody asks. */
  mirrored<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    read: () => { labels: Record<Label, string>; value: number }[],
  ): void;
  gauge<Label extends string = never>(name: string, help: string, labels?: readonly Label[]): Gauge<Label>;
  histogram<Label extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labels?: readonly Label[],
  ): Histogram<Label>;
}

export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const full = (name: string) => `tcxflow_${service}_${name}`;
  const registers = [registry];
  return {
    registry,
    counter: (name, help, labels = []) => new Counter({ name: full(name), help, labelNames: labels, registers }),
    mirrored(name, help, labels, read) {
      const counter = new Counter({
        name: full(name),
        help,
        labelNames: labels,
        registers,
        collect() {
          counter.reset();
          for (const entry of read()) counter.inc(entry.labels, entry.value);
        },
      });
    },
    gauge: (name, help, labels = []) => new Gauge({ name: full(name), help, labelNames: labels, registers }),
    histogram: (name, help, buckets, labels = []) =>
      new Histogram({ name: full(name), help, buckets, labelNames: labels, registers }),
  };
}
