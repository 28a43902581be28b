// A share of a processor for one process: it is stopped while it has had more (SIGSTOP, SIGCONT). So the worker is what is
// scarce, and a second one has room beside it, Kafka and ClickHouse on the same two cores.

import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOf } from '../support/processes.ts';
import type { Worker } from './workers.ts';

const LOOK_MS = 10;

/** @param share of one processor @returns lets it run freely again */
export function throttle(worker: Worker, share: number): () => void {
  const { pid } = worker;
  if (pid === undefined) throw new Error(`${worker.name} is not running`);
  const usedBefore = cpuSecondsOf(pid).total;
  const beganAt = performance.now();
  let on = true;
  let isStopped = false;
  const loop = async () => {
    for (; on && worker.pid === pid; await sleep(LOOK_MS)) {
      const allowed = (share * (performance.now() - beganAt)) / 1000;
      const isOver = cpuSecondsOf(pid).total - usedBefore > allowed;
      if (isOver !== isStopped) worker.signal(isOver ? 'SIGSTOP' : 'SIGCONT');
      isStopped = isOver;
    }
  };
  const looping = loop().catch(() => undefined); // it has ended between two looks
  return () => {
    on = false;
    void looping.then(() => worker.signal('SIGCONT'));
  };
}
