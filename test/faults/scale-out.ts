// One of two workers of each kind goes, another comes, and one is killed, while a known load goes on: how long any partition
// stands still meanwhile, and whether each sample is counted once after it.

import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from './flows-topic.ts';
import { type PauseWatch, watchPauses } from './pauses.ts';
import { SESSION_TIMEOUT_MS, startPipeline } from './pipeline.ts';
import type { Settings } from './plan.ts';
import { reportDeviations } from './report.ts';
import { type Service, services } from './workers.ts';

type Pauses = Record<Service, number>;

export interface ScaleOut {
  leaving: Pauses;
  joining: Pauses;
  /** With SIGKILL: Kafka waits for the session timeout before it gives the partitions to others. */
  killed: Pauses;
  /** Lines that say what is wrong in the tables; [] = nothing. */
  problems: string[];
}

/** A partition may stand still for so long while it moves; beyond the session timeout when its worker was killed. */
const PAUSE_MS_MAX = 5000;
const PARTITIONS = 4;
const settings: Settings = {
  ...{ partitions: PARTITIONS, windowMs: 1000, blockRows: 100_000, maxOpenFlows: 1_000_000, concurrency: 4 },
  workers: { decode: 2, aggregate: 2, writer: 2 },
};
const STEADY_MS = 1000;
const LEAVE_MS = 2500;
/** A process needs two seconds to start. */
const JOIN_MS = 5000;
const KILL_MS = SESSION_TIMEOUT_MS + 2500;
const MOVING_MS = 60_000;

export async function runScaleOut({ seed, say }: { seed: number; say: (line: string) => void }): Promise<ScaleOut> {
  const pipeline = await startPipeline({ seed, settings, title: `seed ${seed}`, hosts: 8, samplesMax: 60, say });
  const { workers, engines } = pipeline;
  const admin = connect(engines.brokers).admin();
  let clean = false;
  try {
    await admin.connect();
    const watch = watchPauses(admin);
    const during = async (what: string, ms: number): Promise<Pauses> => {
      await sleep(ms);
      await allMove(watch); // a pause that has begun belongs to it to its end
      const pauses = watch.longestMs();
      const told = services.map((service) => `${service} ${(pauses[service] / 1000).toFixed(1)} s`);
      say(`longest pause of a partition, ${what}: ${told.join(', ')}`);
      return pauses;
    };
    await allMove(watch);
    watch.longestMs();
    await during('with two of each', STEADY_MS);
    const end = (how: 'SIGTERM' | 'SIGKILL') =>
      Promise.all(services.map((service) => workers.of(service)[0]?.end(how)));
    const [leaving] = await Promise.all([during('while the first goes', LEAVE_MS), end('SIGTERM')]);
    for (const service of services) workers.start(service);
    const joining = await during('while another comes', JOIN_MS);
    const [killed] = await Promise.all([during('after one was killed', KILL_MS), end('SIGKILL')]);
    await watch.stop();
    const result = await pipeline.rest();
    const problems = [...(result.isSent ? [] : ['not all was sent']), ...reportDeviations(result.deviations, [])];
    clean = problems.length === 0;
    return { leaving, joining, killed, problems };
  } finally {
    await admin.disconnect();
    await pipeline.end(!clean);
  }
}

/** Resolves when each partition of each kind has moved since. @throws {Error} when one does not within a minute */
async function allMove(watch: PauseWatch): Promise<void> {
  const since = performance.now();
  const moved = () => Object.values(watch.movedSince(since));
  for (; !moved().every((count) => count === PARTITIONS); await sleep(50))
    if (performance.now() > since + MOVING_MS)
      throw new Error(`of ${PARTITIONS} partitions move: ${JSON.stringify(watch.movedSince(since))}`);
}

/** @returns lines that say which partitions stood still for longer than they may; [] = none */
export function tooLong({ leaving, joining, killed }: Omit<ScaleOut, 'problems'>): string[] {
  const bounds = [
    { what: 'a worker left', pauses: leaving, maxMs: PAUSE_MS_MAX },
    { what: 'a second worker came', pauses: joining, maxMs: PAUSE_MS_MAX },
    { what: 'a worker was killed', pauses: killed, maxMs: SESSION_TIMEOUT_MS + PAUSE_MS_MAX },
  ];
  return bounds.flatMap(({ what, pauses, maxMs }) =>
    services
      .filter((service) => pauses[service] > maxMs)
      .map((service) => `${service}: a partition stood still for ${Math.round(pauses[service])} ms when ${what}`),
  );
}
