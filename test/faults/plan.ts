// What a seed means: how the pipeline is set up, and which faults happen when. Pure, so that a seed repeats both.

import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import type { CutPoint } from './proxy.ts';
import { type Service, services } from './workers.ts';

export interface Settings {
  partitions: number;
  windowMs: number;
  blockRows: number;
  maxOpenFlows: number;
  concurrency: number;
  /** How many of each run all the time. */
  workers: Record<Service, number>;
}

export const engineNames = ['kafka', 'clickhouse'] as const;
export type Target = Service | (typeof engineNames)[number];

export type Fault = { atMs: number; target: Target } & (
  | { action: 'kill' | 'restart' | 'freeze' | 'slow' | 'stall' | 'add'; ms: number }
  | { action: 'killAt'; request: string; ms: number }
  | { action: 'cut'; percent: number }
  | { action: 'cutAt'; request: string; at: CutPoint }
  | { action: 'delay'; ms: number; delayMs: number }
  | { action: 'clock'; stepMs: number; afterMs: number }
);

/** Fault without its time. */
type Choice = (random: Random, target: Target) => Fault extends infer Each ? Omit<Each & Fault, 'atMs'> : never;

const between = (random: Random, from: number, until: number) => from + random.below(until - from);

/** Beyond 6 s the group goes on without a member that is frozen, which then still believes in itself. */
const freezeMs = (random: Random) => (random.chance(40) ? between(random, 7000, 12_000) : between(random, 200, 4000));

/** Requests in whose middle something happens, by whom. */
const requests: Record<Target, readonly string[]> = {
  decode: ['Produce', 'OffsetCommit', 'Fetch'],
  aggregate: ['EndTxn', 'TxnOffsetCommit', 'AddOffsetsToTxn', 'AddPartitionsToTxn', 'InitProducerId', 'Produce'],
  writer: ['OffsetCommit', 'OffsetFetch', 'SyncGroup'],
  kafka: ['EndTxn', 'TxnOffsetCommit', 'Produce', 'Produce', 'OffsetCommit', 'InitProducerId', 'JoinGroup'],
  clickhouse: ['Insert', 'InsertBody'],
};

const choices: Record<'worker' | 'engine', readonly [weight: number, choose: Choice][]> = {
  worker: [
    [25, (random, target) => ({ target, action: 'kill', ms: between(random, 0, 3000) })],
    [
      25,
      (random, target) => ({
        ...{ target, action: 'killAt', ms: between(random, 0, 30) },
        request: random.pick([...requests[target], ...(target === 'writer' ? requests.clickhouse : [])]),
      }),
    ],
    [25, (random, target) => ({ target, action: 'freeze', ms: freezeMs(random) })],
    [8, (random, target) => ({ target, action: 'restart', ms: between(random, 0, 2000) })],
    [10, (random, target) => ({ target, action: 'add', ms: between(random, 3000, 12_000) })],
    [
      7,
      (random, target) => ({
        ...{ target, action: 'clock', stepMs: random.pick([-3_600_000, -20_000, -2000, 2000, 20_000, 3_600_000]) },
        afterMs: between(random, 0, 6000),
      }),
    ],
  ],
  engine: [
    [12, (random, target) => ({ target, action: 'kill', ms: between(random, 0, 1500) })],
    [
      8,
      (random, target) => ({ target, action: 'killAt', request: random.pick(requests[target]), ms: random.below(30) }),
    ],
    [5, (random, target) => ({ target, action: 'restart', ms: between(random, 0, 2000) })],
    [10, (random, target) => ({ target, action: 'freeze', ms: between(random, 200, 8000) })],
    [10, (random, target) => ({ target, action: 'slow', ms: between(random, 2000, 6000) })],
    [10, (random, target) => ({ target, action: 'stall', ms: between(random, 200, 6000) })],
    [
      8,
      (random, target) => ({
        target,
        action: 'delay',
        ms: between(random, 2000, 6000),
        delayMs: between(random, 5, 200),
      }),
    ],
    [12, (random, target) => ({ target, action: 'cut', percent: random.pick([20, 50, 100]) })],
    [
      25,
      (random, target) => ({
        ...{ target, action: 'cutAt', request: random.pick(requests[target]) },
        at: random.pick<CutPoint>(['request', 'answer']),
      }),
    ],
  ],
};

const targets: readonly Target[] = [
  ...['decode', 'decode', 'aggregate', 'aggregate', 'aggregate', 'writer', 'writer', 'writer'],
  ...['kafka', 'kafka', 'kafka', 'clickhouse', 'clickhouse', 'clickhouse'],
] as Target[];

function chooseFault(random: Random): Omit<Fault, 'atMs'> {
  const target = random.pick(targets);
  const list = choices[services.includes(target as Service) ? 'worker' : 'engine'];
  let left = random.below(list.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, choose] of list) {
    left -= weight;
    if (left < 0) return choose(random, target);
  }
  throw new Error('the weights do not add up');
}

export interface Plan {
  settings: Settings;
  faults: Fault[];
}

/** @param everyMs between faults, on average */
export function makePlan(seed: number, durationMs: number, everyMs: number): Plan {
  const random = seededRandom(seed);
  const settings: Settings = {
    partitions: random.pick([2, 3, 4]),
    windowMs: random.pick([2000, 5000, 10_000]),
    blockRows: random.pick([20, 200, 100_000]),
    maxOpenFlows: random.pick([40, 1_000_000]),
    concurrency: random.pick([1, 4]),
    workers: { decode: 1 + random.below(2), aggregate: 1 + random.below(2), writer: 1 + random.below(2) },
  };
  const faults: Fault[] = [];
  for (let atMs = everyMs; atMs < durationMs; atMs += 1 + random.below(2 * everyMs))
    faults.push({ atMs, ...chooseFault(random) } as Fault);
  return { settings, faults };
}

/** `kafka cutAt request EndTxn at answer` */
export function describeFault({ atMs: _, target, action, ...rest }: Fault): string {
  const details = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
  return [target, action, ...details].join(' ');
}
