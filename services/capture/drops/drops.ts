// Dropped packets: from the kernel's tracepoint to DropBatch messages. Where the kernel has none, or we lack the right to
// see it, that is said once and sampling goes on: drops are worth having, not worth an outage.

import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { Metrics } from '@tcxflow/common/metrics.ts';
import type { ReasonState } from '@tcxflow/schemas/generated.ts';
import { reasonOfSlot } from 'libbpf-ts/drop-record.ts';
import { type Drops, type DropsOptions, openDrops } from 'libbpf-ts/drops.ts';
import { CaptureError } from 'libbpf-ts/errors.ts';
import { readClockOffset } from 'libbpf-ts/links.ts';
import type { AgentIdentity } from '../identity.ts';
import type { DropsConfig } from './config.ts';
import { createDropBatchBuilder } from './drop-batch.ts';
import { exposeDrops } from './metrics.ts';

export interface DropWatch extends Component {
  start(): void;
  /** Backpressure: drops wait in the ring, then the kernel counts them as lost. */
  setPaused(paused: boolean): void;
  /** Stops counting, delivers what is in the ring and the last state of all reasons; counters can still be read. */
  quiesce(): Promise<void>;
}

export interface DropWatchOptions {
  config: DropsConfig;
  identity: AgentIdentity;
  lingerMs: number;
  /** How often the state of all reasons is published. */
  stateIntervalMs: number;
  /** @param message a DropBatch, framed */
  emit: (message: Buffer) => void;
  metrics: Metrics;
  log: Logger;
  open?: (options: DropsOptions) => Drops;
}

const BATCH_DROPS = 256;

export function createDropWatch(options: DropWatchOptions): DropWatch {
  const { config, log } = options;
  const { open = openDrops } = options;
  const problems = throttled(60_000);
  let drops: Drops | undefined;
  let timers: NodeJS.Timeout[] = [];
  let quiesced = false;
  let paused = false;

  const readReason = (slot: number): ReasonState => ({
    name: drops?.reasonName(slot) ?? '',
    number: reasonOfSlot(slot),
    ...(drops as Drops).counters(slot),
  });
  const slots = () => drops?.slots() ?? [];
  const missed = () => drops?.missed() ?? 0;
  exposeDrops(options.metrics, { reasons: () => slots().map(readReason), missed });

  const builder = createDropBatchBuilder({
    identity: options.identity,
    batchDrops: BATCH_DROPS,
    readClock: readClockOffset,
    readReason,
    readMissed: missed,
    emit: options.emit,
  });

  /** What a timer does must not end the process; the next round tries again. */
  function every(intervalMs: number, work: () => void): NodeJS.Timeout {
    return setInterval(() => {
      try {
        work();
      } catch (error) {
        problems((skipped) => log.warn({ err: error, skipped }, 'dropped packets cannot be told; trying again'));
      }
    }, intervalMs);
  }

  function start(): void {
    if (config.rate === 0) return;
    try {
      drops = open({ ...config, onBatch: builder.add });
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      log.warn({ code: error.code, err: error }, `dropped packets are not looked at: ${error.hint}`);
      return;
    }
    drops.setPaused(paused);
    log.info(config, 'dropped packets are looked at');
    timers = [
      every(Math.max(1, options.lingerMs / 4), () => {
        if (builder.waitingMs(Date.now()) >= options.lingerMs) builder.flush();
      }),
      every(options.stateIntervalMs, () => builder.emitState(slots())),
    ];
  }

  return {
    name: 'drops',
    start,
    setPaused(next) {
      paused = next;
      drops?.setPaused(next);
    },
    async quiesce() {
      if (quiesced || !drops) return;
      quiesced = true;
      for (const timer of timers) clearInterval(timer);
      drops.detach();
      await drops.flush();
      builder.emitState(slots());
    },
    async stop() {
      await this.quiesce();
      drops?.close();
      drops = undefined;
    },
  };
}
