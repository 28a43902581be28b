// The receiver, UDP on the loopback → Kafka: the CPU time that it takes for a million flow samples.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { type Measurement, summarize } from '../../../test/bench/measure.ts';
import { BURST, createSflowSender } from '../../../test/bench/sflow-sender.ts';
import { cpuSecondsOf } from '../../../test/support/processes.ts';
import { scrape, sumOf } from '../../cli/up/scrape.ts';

const tcxflow = fileURLToPath(new URL('../../cli/tcxflow.mjs', import.meta.url));
const RUNS = 3;
const DATAGRAMS = 60_000;

async function measure(): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-bench-'));
  const kafka = await startKafka({ dataDir: folder, log: recordingLog(), port: 0 });
  const [http, udp] = [await choosePort(0), await choosePort(0)];
  const config = join(folder, 'receiver.yaml');
  const sections = [`kafka: {brokers: [${kafka.brokers}]}`, `http: {port: ${http}}`, 'log: {level: warn}'];
  writeFileSync(config, `${sections.join('\n')}\nreceiver: {listen: ["127.0.0.1:${udp}"]}\n`);
  const child = spawn(process.execPath, [tcxflow, 'receiver', '--config', config], { stdio: 'inherit' });
  try {
    const done = async () =>
      sumOf(await scrape(`http://127.0.0.1:${http}`).catch(() => []), 'tcxflow_receiver_samples_total');
    const send = createSflowSender(udp);
    while ((await done()) === 0) {
      if (child.exitCode !== null) throw new Error(`receiver ended with ${child.exitCode}`);
      await send(BURST);
      await sleep(200);
    }
    await send(DATAGRAMS / 4); // Compiled by then.
    const values: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      await sleep(1500);
      const [cpu, samples] = [cpuSecondsOf(child.pid as number).total, await done()];
      await send(DATAGRAMS);
      await sleep(1500);
      values.push(((cpuSecondsOf(child.pid as number).total - cpu) / ((await done()) - samples)) * 1e6);
    }
    return summarize(values, 'CPU s', 3);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const benchmarks: Record<string, () => Promise<Measurement>> = {
  'sflow.receive_cpu_s_per_million': measure,
};
