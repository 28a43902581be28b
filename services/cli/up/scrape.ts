// Reads the services' own metrics (Prometheus text format 0.0.4).

export interface MetricSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Pure. Lines that are not samples are passed over. */
export function parseMetrics(text: string): MetricSample[] {
  const samples: MetricSample[] = [];
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/.exec(line);
    if (!match || line.startsWith('#')) continue;
    const labels: Record<string, string> = {};
    for (const [, key = '', value = ''] of (match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      labels[key] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    const value = Number((match[3] ?? '').replace(/Inf$/, 'Infinity'));
    if (!Number.isNaN(value)) samples.push({ name: match[1] ?? '', labels, value });
  }
  return samples;
}

/** @returns [] while the service does not answer */
export async function scrape(url: string): Promise<MetricSample[]> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2000) });
    return parseMetrics(await response.text());
  } catch {
    return []; // it is restarting; the next round sees it again
  }
}

/** Sum of a metric over all its labels, or of those that fit. */
export function sumOf(samples: readonly MetricSample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
    .reduce((sum, sample) => sum + sample.value, 0);
}

/** Sums of a metric by the values of one label. */
export function sumBy(samples: readonly MetricSample[], name: string, label: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const sample of samples) {
    const key = sample.labels[label];
    if (sample.name === name && key !== undefined) sums[key] = (sums[key] ?? 0) + sample.value;
  }
  return sums;
}
