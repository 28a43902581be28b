import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batch, raw, session, source } from './testing/session.ts';

const UNKNOWN = 0xffffffff;

/** @param tags type and tag control information of each @param cutAt bytes that were captured */
function frame(tags: string, cutAt = 60): Buffer {
  const bytes = Buffer.from(`02000000000b02000000000a${tags}0800`, 'hex');
  return Buffer.concat([bytes, Buffer.alloc(60)]).subarray(0, cutAt);
}

/** Priority 3, drop eligible, VLAN 42. */
const TAG = '8100702a';

test('a tag of a packet that comes in is that of the source, of one that leaves that of the destination', () => {
  const to = session({ vlans: true });
  const samples = [raw(1, { header: frame(TAG) }), raw(1, { source: 1, header: frame('88a8e0018100a002') })];
  to.add(batch(samples, [source(), source({ direction: 'egress' })]));
  assert.deepEqual(
    to.flows().map(({ records }) => records[0]),
    [
      {
        kind: 'extended_switch',
        ...{ sourceVlan: 42, sourcePriority: 3, destinationVlan: UNKNOWN, destinationPriority: UNKNOWN },
      },
      {
        kind: 'extended_switch',
        ...{ sourceVlan: UNKNOWN, sourcePriority: UNKNOWN, destinationVlan: 1, destinationPriority: 7 },
      },
    ],
  );
  assert.ok(to.flows().every(({ records }) => records.at(-1)?.kind === 'sampled_header' && records.length === 2));
});

test('what has no tag, or none that was captured, has no VLAN to tell; nor does it keep that of the packet before', () => {
  const to = session({ vlans: true });
  const headers = [frame(TAG), frame(''), frame(TAG, 15), frame(TAG, 0)].map((header, i) => raw(i + 1, { header }));
  const ip = raw(1, { source: 1, header: frame(TAG) });
  to.add(batch([...headers, ip], [source(), source({ ifIndex: 9, linkType: 'ip' })]));
  assert.deepEqual(
    to.flows().map(({ records }) => records.length),
    [2, 1, 1, 1, 1],
  );
});

test('the time of a packet is that of the kernel, to the nanosecond', () => {
  const to = session({ timestamps: true });
  to.add(batch([raw(1, { timeOffsetNs: 1_000_001 }), raw(2, { timeOffsetNs: -3 })]));
  assert.deepEqual(
    to.flows().map(({ records }) => records[0]),
    [1_767_225_605_001_000_001n, 1_767_225_604_999_999_997n].map((timeNs) => ({
      ...{ kind: 'structure', tag: 1043, name: 'extended_timestamp', values: { timeNs } },
    })),
  );
});

test('unless it is asked for, a flow sample has its header and nothing else', () => {
  const to = session();
  to.add(batch([raw(1, { header: frame(TAG) })]));
  assert.deepEqual(
    to.flows().map(({ records }) => records.map(({ kind }) => kind)),
    [['sampled_header']],
  );
});
