// Interfaces that wait to be attached. The kernel takes some 10 ms a hook, so they go in slices, in the background; what is
// attached is sampled while the others wait.

import type { Attachment, AttachRequest, AttachResult, Capture } from 'libbpf-ts/capture.ts';
import { CaptureError } from 'libbpf-ts/errors.ts';

export interface AttachQueueOptions<Item> {
  capture: Pick<Capture, 'attachMany' | 'detachMany'>;
  requestOf: (item: Item) => AttachRequest;
  onAttached: (item: Item, result: Exclude<AttachResult, CaptureError>) => void;
  onFailed: (item: Item, error: CaptureError) => void;
  /** Let the kernel hurry when this many wait. */
  expediteAbove: number;
}

export interface AttachQueue<Item> {
  /** In place of what waits under this ifIndex; what is being attached for that meanwhile is detached again. */
  put(ifIndex: number, item: Item): void;
  get(ifIndex: number): Item | undefined;
  remove(ifIndex: number): void;
  readonly size: number;
  /** Resolves when nothing waits. */
  empty(): Promise<void>;
  /** Nothing is attached any more. */
  stop(): void;
}

/** So many at most that the first of them is sampled within a second where each takes its full time. */
const SLICE = 16;

export function createAttachQueue<Item extends object>(options: AttachQueueOptions<Item>): AttachQueue<Item> {
  const { capture } = options;
  const waiting = new Map<number, Item>();
  let running: Promise<void> | undefined;
  let stopped = false;

  async function run(): Promise<void> {
    // What is put in together is attached together.
    await Promise.resolve();
    while (waiting.size > 0 && !stopped) {
      const slice = [...waiting].slice(0, SLICE);
      const expedite = waiting.size > options.expediteAbove;
      const results = await capture.attachMany(
        slice.map(([, item]) => options.requestOf(item)),
        { expedite },
      );
      const surplus: Attachment[] = [];
      for (const [at, [ifIndex, item]] of slice.entries()) {
        const result = results[at] as AttachResult;
        const wanted = waiting.get(ifIndex) === item && !stopped;
        if (wanted) waiting.delete(ifIndex);
        if (result instanceof CaptureError) {
          if (wanted) options.onFailed(item, result);
        } else if (wanted) options.onAttached(item, result);
        else surplus.push(result.attachment);
      }
      await capture.detachMany(surplus, { expedite });
    }
  }

  return {
    put(ifIndex, item) {
      if (stopped) return;
      waiting.set(ifIndex, item);
      running ??= run().finally(() => {
        running = undefined;
      });
    },
    get: (ifIndex) => waiting.get(ifIndex),
    remove: (ifIndex) => waiting.delete(ifIndex),
    get size() {
      return waiting.size;
    },
    async empty() {
      while (running) await running;
    },
    stop() {
      stopped = true;
      waiting.clear();
    },
  };
}
