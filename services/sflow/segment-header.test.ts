import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ethernet, ipv4, ipv6, tag, tcp, udp } from '@tcxflow/packet/testing/frames.ts';
import { stateSegment } from './segment-header.ts';
import { batch, headerOf, raw, session, source } from './testing/session.ts';

const [IPV4, IPV6] = [0x0800, 0x86dd];
/** Of the buffer: more than any segment has. */
const total = { totalBytes: 40_000 };

/** RFC 1071, over the whole header. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** @returns the header as it is after, in a message where something stands before it */
function stated(frame: Buffer, frameBytes: number, linkType: 'ethernet' | 'ip' = 'ethernet', etherType = 0): Buffer {
  const message = Buffer.concat([Buffer.alloc(7, 0xee), frame, Buffer.alloc(7, 0xee)]);
  const header = { headerAt: 7, headerBytes: frame.length, etherType };
  stateSegment(message, header, linkType, frameBytes);
  const once = Buffer.from(message);
  stateSegment(message, header, linkType, frameBytes);
  assert.deepEqual(message, once, 'again changes nothing');
  assert.deepEqual(
    [message.subarray(0, 7), message.subarray(7 + frame.length)],
    [Buffer.alloc(7, 0xee), Buffer.alloc(7, 0xee)],
  );
  return message.subarray(7, 7 + frame.length);
}

test('an IPv4 header states what its segment has, behind tags too, and its checksum is right', () => {
  const ip = ipv4(6, tcp(), total);
  ip.writeUInt16BE(0, 10);
  ip.writeUInt16BE(checksum(ip.subarray(0, 20)), 10);
  for (const [frame, l2Bytes] of [
    [ethernet(IPV4, ip), 14],
    [ethernet(0x8100, tag(100, IPV4, ip)), 18],
    [ethernet(0x88a8, tag(100, 0x8100, tag(7, IPV4, ip))), 22],
  ] as const) {
    const got = stated(frame, 1500 + l2Bytes);
    assert.equal(got.readUInt16BE(l2Bytes + 2), 1500);
    assert.equal(checksum(got.subarray(l2Bytes, l2Bytes + 20)), 0);
  }
  assert.equal(stated(ip, 1500, 'ip', IPV4).readUInt16BE(2), 1500);
});

test('IPv6 states its payload, UDP its length', () => {
  assert.equal(stated(ethernet(IPV6, ipv6(6, tcp())), 14 + 1500).readUInt16BE(14 + 4), 1460);
  const over6 = stated(ethernet(IPV6, ipv6(17, udp())), 14 + 1240);
  assert.deepEqual([over6.readUInt16BE(14 + 4), over6.readUInt16BE(14 + 40 + 4)], [1200, 1200]);
  const over4 = stated(ethernet(IPV4, ipv4(17, udp(), total)), 14 + 1220);
  assert.deepEqual([over4.readUInt16BE(14 + 2), over4.readUInt16BE(14 + 20 + 4)], [1220, 1200]);
});

test('what is cut, no IP, or makes no sense stays as it is', () => {
  const frame = ethernet(IPV4, ipv4(6, tcp(), total));
  for (let bytes = 0; bytes < 14 + 20; bytes++)
    assert.deepEqual(stated(frame.subarray(0, bytes), 1514), frame.subarray(0, bytes));
  assert.deepEqual(stated(ethernet(0x0806, Buffer.alloc(40, 9)), 1514), ethernet(0x0806, Buffer.alloc(40, 9)));
  for (const frameBytes of [0, 20, 70_000]) assert.deepEqual(stated(frame, frameBytes), frame);
});

test('segments of a buffer go out with headers of their own length; what is no segment is left alone', () => {
  const to = session();
  const header = ethernet(IPV4, ipv4(6, tcp(), total));
  const gso = { segments: 20, wireBytes: 20 * 1514, header };
  to.add(batch([raw(1, gso), raw(2, { header, wireBytes: 1514 })], [source()]));
  const [segment, whole] = to.flows().map((flow) => headerOf(flow));
  assert.deepEqual([segment?.frameLength, segment?.header.readUInt16BE(14 + 2)], [1518, 1500]);
  assert.equal(whole?.header.readUInt16BE(14 + 2), 40_000);
});
