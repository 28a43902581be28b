// One run: the pipeline, faults, rest, check, and what to say of it.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Event, inject } from './inject.ts';
import { startPipeline } from './pipeline.ts';
import { describeFault, makePlan } from './plan.ts';
import { reportDeviations } from './report.ts';

export interface RunOptions {
  seed: number;
  /** Of load and faults. */
  durationMs: number;
  /** Between faults, on average. */
  everyMs: number;
  hosts: number;
  /** Of a batch. */
  samplesMax: number;
  say: (line: string) => void;
  /** Also without a deviation. */
  keepFolder: boolean;
}

export interface RunResult {
  faults: number;
  samples: number;
  flows: number;
  repeatedBatches: number;
  /** Lines that say what is wrong; [] = nothing. */
  problems: string[];
}

const CALM_MS = 2000;

export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { seed, say } = options;
  const { settings, faults } = makePlan(seed, options.durationMs, options.everyMs);
  const title = `seed ${seed}, ${faults.length} faults`;
  const pipeline = await startPipeline({ ...options, seed: seed + 1, settings, title });
  const { engines, workers, log, logs } = pipeline;
  const events: Event[] = [];
  let clean = false;
  try {
    const beganMs = Date.now();
    await inject(faults, {
      engines,
      workers,
      seed: seed + 2,
      onEvent(event) {
        events.push(event);
        say(eventLine(event, beganMs));
        log.info(event, 'fault');
      },
    });
    await sleep(Math.max(CALM_MS, beganMs + options.durationMs - Date.now()));
    const result = await pipeline.rest();
    const problems = [
      ...(result.isSent ? [] : ['the load could not send all of its samples']),
      ...reportDeviations(result.deviations, events),
    ];
    if (problems.length > 0)
      problems.push(...result.repeated.map((batch) => `sent twice: ${batch}`), ...markersSkipped(pipeline.folder));
    clean = problems.length === 0;
    const { samples, flows, repeated } = result;
    return { faults: events.length, samples, flows, repeatedBatches: repeated.length, problems };
  } finally {
    const planned = faults.map((fault) => `${fault.atMs} ms ${describeFault(fault)}\n`).join('');
    writeFileSync(join(logs, 'plan.txt'), planned);
    await pipeline.end(!clean || options.keepFolder);
  }
}

/** KAFKA-20734: these transactions were closed without markers, so that what they wrote counts beside what was made again. */
function markersSkipped(folder: string): string[] {
  const lines = readFileSync(join(folder, 'kafka/logs/kafka.log'), 'utf8').split('\n');
  return lines.filter((line) => line.includes('likely deleted already')).map((line) => `Kafka (KAFKA-20734): ${line}`);
}

function eventLine({ what, startedMs, endedMs, note }: Event, beganMs: number): string {
  const at = new Date(startedMs).toISOString().slice(11, 23);
  const took = ((endedMs - startedMs) / 1000).toFixed(1);
  const after = ((startedMs - beganMs) / 1000).toFixed(1);
  return `${at} +${after} s, ${took} s: ${what}${note ? ` (${note})` : ''}`;
}
