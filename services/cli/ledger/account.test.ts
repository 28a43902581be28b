import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AgentRow, accountOf, type GapRow, type MinuteRow, tableOf } from './account.ts';
import { rangeOf } from './ledger.ts';

function minute(fields: Partial<MinuteRow> = {}): MinuteRow {
  const counts = { chosen: 10, captured: 10, missing: 0, twice: 0, decoded: 10, aggregated: 10, stored: 10 };
  const none = { lost: {}, letters: 0, waiting: 0, balance: 0, settled: 1, wrong: [], verdict: 'all there' };
  return { minute: '2026-01-01T00:00:00Z', agent: 'a', ...counts, ...none, ...fields };
}

function agent(fields: Partial<AgentRow> = {}): AgentRow {
  const times = { lastSample: '2026-01-01T00:05:00.000000000Z', lastHeard: '2026-01-01T00:05:00.000000000Z' };
  return {
    agent: 'a',
    state: 'live',
    completeUntil: '2026-01-01T00:04:00Z',
    gaveUp: {},
    onDisk: 0,
    restarts: 0,
    ...times,
    ...fields,
  };
}

test('nothing missing is one sentence, with how far that goes: as far as the last agent', () => {
  const agents = [agent(), agent({ agent: 'b', state: 'quiet', completeUntil: '2026-01-01T00:03:00Z' })];
  const account = accountOf({ minutes: [minute(), minute({ waiting: 3, balance: 3, stored: 7 })], gaps: [], agents });
  assert.equal(account.sentence, 'complete up to 2026-01-01 00:03:00; nothing missing');
  assert.partialDeepStrictEqual(account, { ok: true, chosen: 20, stored: 17, waiting: 3, missing: 0 });
});

test('what is missing is said with who, when, how many and which numbers; what was told with its cause', () => {
  const gaps: GapRow[] = [
    {
      ...{ minute: '2026-01-01T00:00:00Z', agent: 'a' },
      ifName: 'eth0',
      direction: 'ingress',
      missing: 5,
      untold: 3,
      gaps: [
        [7, 9],
        [20, 21],
      ],
    },
    {
      ...{ minute: '2026-01-01T00:00:00Z', agent: 'a' },
      ifName: 'eth1',
      direction: 'ingress',
      missing: 1,
      untold: 1,
      gaps: [[4, 4]],
    },
    {
      ...{ minute: '2026-01-01T00:01:00Z', agent: 'a' },
      ifName: 'eth2',
      direction: 'egress',
      missing: 2,
      untold: 0,
      gaps: [[1, 2]],
    },
  ];
  const wrong = ['4 missing between the kernel and Kafka, of no cause that was told', 'dead letters: 1'];
  const minutes = [
    minute({ lost: { ring_full: 2 }, balance: 4, wrong, letters: 1 }),
    minute({ minute: '2026-01-01T00:01:00Z', lost: { ring_full: 2 } }),
  ];
  const account = accountOf({ minutes, gaps, agents: [agent()] });
  assert.equal(
    account.sentence,
    'complete up to 2026-01-01 00:04:00; 4 lost: ring_full, 4 missing, dead letters: 1\n' +
      '  2026-01-01 00:00:00 a: 4 missing between the kernel and Kafka, of no cause that was told; ' +
      'dead letters: 1 (eth0 ingress 7–9, 20–21; eth1 ingress 4)',
  );
  assert.equal(account.ok, false);
});

test('a loss that was told is no mystery, and not nothing either', () => {
  const account = accountOf({ minutes: [minute({ lost: { ring_full: 1234 } })], gaps: [], agents: [agent()] });
  assert.equal(account.sentence, 'complete up to 2026-01-01 00:04:00; 1,234 lost: ring_full');
  assert.equal(account.ok, false);
});

test('what capture says of itself stands beside what is missing', () => {
  const agents = [agent({ gaveUp: { spool_full: 1500, disk_error: 1 }, onDisk: 30, restarts: 2 })];
  const wrong = ['9 missing between the kernel and Kafka, of no cause that was told'];
  const { sentence } = accountOf({ minutes: [minute({ balance: 9, wrong })], gaps: [], agents });
  assert.match(
    sentence,
    /9 missing\n.*\n {2}capture of a gave up 1,500 as spool_full, 1 as disk_error\n {2}capture of a has 30 on disk, still to be sent\n {2}a was started again \(2\): if it was killed, .*$/,
  );
});

test('an agent that says nothing holds up nobody, and is named', () => {
  const silent = agent({
    agent: 'b',
    state: 'silent',
    completeUntil: '2026-01-01T00:00:00Z',
    lastHeard: '2026-01-01T00:00:30.5Z',
  });
  const account = accountOf({ minutes: [minute()], gaps: [], agents: [agent(), silent] });
  assert.equal(
    account.sentence,
    'complete up to 2026-01-01 00:04:00; nothing missing\n' +
      '  b is silent since 2026-01-01 00:00:30: what it sampled after that is not known',
  );
  assert.match(accountOf({ minutes: [], gaps: [], agents: [] }).sentence, /^no agent says anything; nothing missing$/);
});

test('the table has a row for each minute and agent, and one for all', () => {
  const lines = tableOf([minute(), minute({ agent: 'longer', chosen: 1500, lost: { x: 3, y: 4 }, verdict: 'odd' })]);
  assert.deepEqual(lines, [
    'minute            agent   chosen  captured  decoded  aggregated  stored  lost  on their way',
    '2026-01-01 00:00  a           10        10       10          10      10     0             0  all there',
    '2026-01-01 00:00  longer   1,500        10       10          10      10     7             0  odd',
    'in all                     1,510        20       20          20      20     7             0',
  ]);
});

test('times are UTC; without any it is the hour before now, from a whole minute on', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  assert.deepEqual(rangeOf({}, now), { from: '2026-01-02 02:04:00', to: '2026-01-02 03:04:05' });
  assert.deepEqual(rangeOf({ from: '2026-01-01', to: '2026-01-01 12:30' }, now), {
    from: '2026-01-01 00:00:00',
    to: '2026-01-01 12:30:00',
  });
  assert.deepEqual(rangeOf({ from: '2026-01-01T12:00:00+01:00' }, now).from, '2026-01-01 11:00:00');
  assert.throws(() => rangeOf({ from: 'yesterday' }, now), { message: /--from yesterday is no time/ });
  assert.throws(() => rangeOf({ from: '2026-01-03' }, now), { message: /not before/ });
});
