import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from './snapshot.ts';
import { createStatusView, formatBytes, renderStatus, renderTalkers, type StatusInput } from './status.ts';

test('bytes have three digits and a decimal unit', () => {
  for (const [bytes, text] of [
    [0, '0 B'],
    [7, '7 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [12_345, '12.3 kB'],
    [12_345_678, '12.3 MB'],
    [999_000_000, '999 MB'],
    [1_500_000_000, '1.50 GB'],
    [20_000_000_000_000, '20.0 TB'],
  ] as const)
    assert.equal(formatBytes(bytes), text);
});

const snapshot: Snapshot = {
  seen: { packets: 1_234_567, bytes: 987_654_321 },
  selected: 12_345,
  lost: { ring_full: 1000, copy_failed: 5 },
  published: 11_340,
  unpublished: 0,
  decoded: 11_340,
  deadLettered: 2,
  flows: 678,
  openFlows: 90,
  rows: 650,
  sflow: { datagrams: 2000, flowSamples: 11_340, counterSamples: 40 },
  lagMessages: 3,
};

const input: StatusInput = {
  seconds: 61.4,
  snapshot,
  samplesPerSecond: 205.6,
  store: { rows: 650, samples: 11_000, packets: 1_100_000, bytes: 970_000_000, bytesVariance: 1e12 },
  talkers: [],
};

const talkers = [
  {
    src: '192.0.2.1',
    dst: '198.51.100.2',
    protocol: 'tcp',
    port: 443,
    bytes: 5_000_000,
    margin: 98_000,
    samples: 1234,
  },
  { src: '2001:db8::1', dst: '2001:db8::2', protocol: 'icmp6', port: 32_768, bytes: 900, margin: 12.6, samples: 9 },
  { src: '192.0.2.1', dst: '192.0.2.255', protocol: '47', port: 0, bytes: 64_000, margin: 0, samples: 64 },
];

test('the status is a block of aligned numbers', () => {
  assert.equal(
    renderStatus(input),
    `after 61 s
  packets seen        1,234,567   988 MB
  samples                12,345   206/s, 1,005 lost
  flows                     678   90 open
  rows                      650   970 MB ± 1.96 MB estimated so far
  sFlow datagrams         2,000   with 11,340 flow, 40 counter samples
  lag                         3   messages waiting, 2 dead-lettered`,
  );
});

test('talkers are a table: text to the left, numbers to the right, no port where there is none', () => {
  assert.deepEqual(renderTalkers(talkers), [
    '  top talkers: from  to            service    bytes       95 %  samples',
    '  192.0.2.1          198.51.100.2  tcp/443  5.00 MB  ± 98.0 kB    1,234',
    '  2001:db8::1        2001:db8::2   icmp6      900 B     ± 13 B        9',
    '  192.0.2.1          192.0.2.255   47       64.0 kB      ± 0 B       64',
  ]);
});

test('talkers follow the numbers behind an empty line', () => {
  const withTalkers = renderStatus({ ...input, talkers });
  assert.equal(withTalkers, `${renderStatus(input)}\n\n${renderTalkers(talkers).join('\n')}`);
});

test('without a terminal there is a line every ten seconds, and the whole block with the first talkers', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const written: string[] = [];
  const stream = { isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  const view = createStatusView(stream);
  const line = '61 s: 1,234,567 packets seen, 12,345 samples, 650 rows, 2,000 sFlow datagrams, 3 messages waiting\n';
  view.show(input);
  t.mock.timers.tick(9999);
  view.show(input);
  assert.deepEqual(written, [line]);
  view.show({ ...input, talkers });
  view.show({ ...input, talkers });
  assert.deepEqual(written.slice(1), [`${renderStatus({ ...input, talkers })}\n`]);
  t.mock.timers.tick(10_000);
  view.show({ ...input, talkers });
  view.end();
  assert.deepEqual(written.slice(2), [line]);
});
