import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropsOf } from '../testing/messages.ts';
import { dropRows, dropSampleRows } from './drops.ts';

const common = { agent: 'host-1', bootId: '0102030405060708090a0b0c0d0e0f10', batchSequence: 9 };

test('each reason is a row of totals', () => {
  const counts = { buffers: 5, packets: 6, local: 1, selected: 4, overBound: 2, ringFull: 1 };
  assert.deepEqual(dropRows(dropsOf()), [
    { time: '1767225600.000000000', ...common, missed: 3, reason: 'NO_SOCKET', number: 3, ...counts },
  ]);
});

test('each packet is a row with its reason’s name, and who talked by its header', () => {
  const [drop] = dropsOf().drops;
  const { timeOffsetNs, header, ...others } = drop as NonNullable<typeof drop>;
  assert.deepEqual(dropSampleRows(dropsOf()), [
    {
      time: '1767225600.000000007',
      ...common,
      ...others,
      reason: 'NO_SOCKET',
      srcAddress: '0000:0000:0000:0000:0000:ffff:c000:0201',
      dstAddress: '0000:0000:0000:0000:0000:ffff:c633:6402',
      protocol: 6,
      srcPort: 40_000,
      dstPort: 443,
      tcpFlags: 2,
      header: header.toString('hex'),
    },
  ]);
});

test('a packet without a header has zeros; a reason that the batch lacks is refused', () => {
  const [drop] = dropsOf().drops;
  const bare = { ...(drop as NonNullable<typeof drop>), header: Buffer.alloc(0) };
  assert.partialDeepStrictEqual(dropSampleRows(dropsOf({ drops: [bare] })), [
    { srcAddress: '0000:0000:0000:0000:0000:0000:0000:0000', protocol: 0, dstPort: 0, header: '' },
  ]);
  assert.throws(() => dropSampleRows(dropsOf({ drops: [{ ...bare, reason: 1 }] })), RangeError);
});
