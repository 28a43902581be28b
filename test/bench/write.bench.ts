// The writer: messages of flows as Kafka gives them → a real ClickHouse, with all rollups. The rate is of two partitions at the
// same time, and this machine is ClickHouse's too; CPU is of this process alone: reading messages, making blocks, sending them.

import { flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { makeFlows } from '../support/flows.ts';
import { kafkaMessages, openStore } from '../support/store.ts';
import { type Measurement, summarize } from './measure.ts';

const ROWS = 400_000;
const RUNS = 4;
const HOUR_MS = 3_600_000;
const WINDOW_MS = 60_000;

interface WriteRun {
  rowsPerSecond: number;
  cpuSecondsPerMillion: number;
}

const halves = (messages: Buffer[]) => [messages.slice(0, ROWS / 2), messages.slice(ROWS / 2)];

async function runWriter(): Promise<{ runs: WriteRun[]; bytesPerRow: number }> {
  const store = await openStore();
  try {
    const runs: WriteRun[] = [];
    const start = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
    for (let run = 0; run <= RUNS; run++) {
      const messages = makeFlows(ROWS, start + run * WINDOW_MS, run + 1).map((flow) => flowCodec.encode(flow));
      const partitions = halves(messages).map((half) => kafkaMessages((run * ROWS) / 2, half));
      const cpu = process.cpuUsage();
      const startedAt = performance.now();
      await Promise.all(partitions.map((part, partition) => store.process(topicNames.flows, part, { partition })));
      const seconds = (performance.now() - startedAt) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      // The first run compiles, here and there.
      if (run > 0) runs.push({ rowsPerSecond: ROWS / seconds, cpuSecondsPerMillion: (user + system) / ROWS });
    }
    await store.client.command({ query: 'OPTIMIZE TABLE flows FINAL' });
    const [size] = await store.ask<{ bytesPerRow: number }>(
      `SELECT sum(bytes_on_disk) / sum(rows) AS bytesPerRow FROM system.parts WHERE active AND table = 'flows'`,
    );
    return { runs, bytesPerRow: size?.bytesPerRow ?? 0 };
  } finally {
    await store.stop();
  }
}

let measured: ReturnType<typeof runWriter> | undefined;

function metric(pick: (run: WriteRun) => number, unit: string, digits = 0): () => Promise<Measurement> {
  return async () => {
    measured ??= runWriter();
    return summarize((await measured).runs.map(pick), unit, digits);
  };
}

export const benchmarks: Record<string, () => Promise<Measurement>> = {
  'write.rows_per_s': metric((run) => run.rowsPerSecond, 'rows/s'),
  'write.js_cpu_s_per_million': metric((run) => run.cpuSecondsPerMillion, 'CPU s', 3),
  'write.flow_bytes_per_row': async () => {
    measured ??= runWriter();
    return summarize([(await measured).bytesPerRow], 'bytes', 1);
  },
};
