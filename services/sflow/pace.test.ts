import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { createPace } from './pace.ts';

/** Sends with a clock of its own. */
function paced(maxPerS: number) {
  mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 5000;
  const sent: [text: string, atMs: number][] = [];
  const pace = createPace(
    maxPerS,
    (datagram) => sent.push([String(datagram), nowMs - 5000]),
    () => nowMs,
  );
  return {
    pace,
    sent,
    push: (text: string | number) => pace.push(Buffer.from(String(text))),
    /** The process does nothing in between: timers fire when it is over. */
    sleep(ms: number) {
      nowMs += ms;
      mock.timers.tick(ms);
    },
    /** A millisecond at a time. */
    run(ms: number) {
      for (let i = 0; i < ms; i++) this.sleep(1);
    },
  };
}

test('a burst is spread: the first goes at once, each of the others has its turn, in order', (t) => {
  t.after(() => mock.timers.reset());
  const to = paced(100);
  for (let i = 0; i < 5; i++) assert.ok(to.push(i));
  assert.equal(to.pace.waiting, 4);
  to.run(60);
  assert.deepEqual(to.sent, [
    ['0', 0],
    ['1', 10],
    ['2', 20],
    ['3', 30],
    ['4', 40],
  ]);
  assert.equal(to.pace.waiting, 0);
});

test('a rest is no credit: after it the next burst is spread as the first', (t) => {
  t.after(() => mock.timers.reset());
  const to = paced(100);
  to.push('a');
  to.run(500);
  for (const text of ['b', 'c']) to.push(text);
  to.run(20);
  assert.deepEqual(to.sent, [
    ['a', 0],
    ['b', 500],
    ['c', 510],
  ]);
});

test('what would wait longer than a second is not taken, and what was taken goes within it', (t) => {
  t.after(() => mock.timers.reset());
  const to = paced(200);
  const taken = Array.from({ length: 1000 }, (_, i) => to.push(i));
  assert.deepEqual([taken.indexOf(false), taken.lastIndexOf(true)], [201, 200]);
  to.run(500);
  assert.ok(to.push('later'));
  to.run(1001);
  assert.equal(to.sent.length, 202);
  assert.ok(to.sent.slice(0, 201).every(([text, atMs]) => atMs === Number(text) * 5));
  assert.deepEqual(to.sent.at(-1), ['later', 1005]);
});

test('faster than a timer ticks, several go at a tick; after a pause of the process those that were due', (t) => {
  t.after(() => mock.timers.reset());
  const to = paced(5000);
  for (let i = 0; i < 1000; i++) to.push(i);
  to.run(100);
  assert.ok(Math.abs(to.sent.length - 500) <= 6, String(to.sent.length));
  to.sleep(50);
  assert.ok(Math.abs(to.sent.length - 750) <= 6, String(to.sent.length));
});

test('drained waits for the last turn; stop gives up what waits', async (t) => {
  t.after(() => mock.timers.reset());
  const to = paced(10);
  for (let i = 0; i < 3; i++) to.push(i);
  let isDrained = false;
  const drained = to.pace.drained().then(() => {
    isDrained = true;
  });
  to.run(199);
  await Promise.resolve();
  assert.equal(isDrained, false);
  to.run(1);
  await drained;
  for (let i = 0; i < 4; i++) to.push(i);
  assert.equal(to.pace.stop(), 4);
  to.run(1000);
  assert.equal(to.sent.length, 3);
});
