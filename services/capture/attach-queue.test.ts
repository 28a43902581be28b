import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attachment, AttachRequest, AttachResult } from 'libbpf-ts/capture.ts';
import { CaptureError } from 'libbpf-ts/errors.ts';
import { createAttachQueue } from './attach-queue.ts';

/** A kernel that attaches when it is told to. */
function makeQueue(fail: (ifIndex: number) => boolean = () => false) {
  const slices: { ifIndexes: number[]; expedite: boolean | undefined; finish: () => void }[] = [];
  const attached: string[] = [];
  const failed: number[] = [];
  const detached: number[] = [];
  const queue = createAttachQueue<{ ifIndex: number; name: string }>({
    capture: {
      attachMany(requests: readonly AttachRequest[], options) {
        const ifIndexes = requests.map(({ ifIndex }) => ifIndex);
        const answer = (ifIndex: number): AttachResult =>
          fail(ifIndex)
            ? new CaptureError('NO_SUCH_INTERFACE', 'gone', { hint: '' })
            : { attachment: { ifIndex } as Attachment, programs: [] };
        return new Promise((resolve) => {
          slices.push({ ifIndexes, expedite: options?.expedite, finish: () => resolve(ifIndexes.map(answer)) });
        });
      },
      detachMany: async (attachments) => void detached.push(...attachments.map(({ ifIndex }) => ifIndex)),
    },
    requestOf: ({ ifIndex }) => ({ ifIndex, sampling: { rate: 1, headerBytes: 64, directions: [] } }),
    onAttached: ({ name }) => attached.push(name),
    onFailed: ({ ifIndex }) => failed.push(ifIndex),
    expediteAbove: 20,
  });
  const put = (ifIndex: number, name = `eth${ifIndex}`) => queue.put(ifIndex, { ifIndex, name });
  /** @returns the slice that the kernel has now */
  async function next() {
    while (slices.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return slices.shift() as (typeof slices)[number];
  }
  return { ...queue, put, next, slices, attached, failed, detached };
}

test('what waits goes in slices, one at a time; the kernel is hurried while many wait', async () => {
  const queue = makeQueue();
  for (let ifIndex = 1; ifIndex <= 40; ifIndex++) queue.put(ifIndex);
  const sizes: [number, boolean | undefined][] = [];
  for (let slice = 0; slice < 3; slice++) {
    const { ifIndexes, expedite, finish } = await queue.next();
    assert.equal(queue.slices.length, 0);
    sizes.push([ifIndexes.length, expedite]);
    finish();
  }
  await queue.empty();
  assert.deepEqual(sizes, [
    [16, true],
    [16, true],
    [8, false],
  ]);
  assert.equal(queue.attached.length, 40);
});

test('an interface that is made anew while it is being attached is attached once more, and the first is let go of', async () => {
  const queue = makeQueue();
  queue.put(1, 'old');
  const first = await queue.next();
  queue.put(1, 'new');
  first.finish();
  (await queue.next()).finish();
  await queue.empty();
  assert.deepEqual([queue.attached, queue.detached], [['new'], [1]]);
});

test('an interface that goes while it is being attached is let go of; one that cannot be attached is told', async () => {
  const queue = makeQueue((ifIndex) => ifIndex === 2);
  queue.put(1);
  queue.put(2);
  const slice = await queue.next();
  queue.remove(1);
  slice.finish();
  await queue.empty();
  assert.deepEqual([queue.attached, queue.detached, queue.failed, queue.get(2)], [[], [1], [2], undefined]);
});

test('after a stop nothing is attached, and what was being attached is let go of', async () => {
  const queue = makeQueue();
  queue.put(1);
  const slice = await queue.next();
  queue.stop();
  queue.put(2);
  slice.finish();
  await queue.empty();
  assert.deepEqual([queue.attached, queue.detached, queue.slices.length], [[], [1], 0]);
});
