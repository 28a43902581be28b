import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '../testing/decode.ts';
import { ethernet, hex, ipv4, tcp, udpTo } from '../testing/frames.ts';
import { clientHello, dnsMessage, quicLongHeader } from '../testing/payloads.ts';
import {
  type ApplicationHeader,
  ApplicationKind,
  applicationAlpn,
  applicationName,
  createApplicationHeader,
  decodeApplication,
} from './application.ts';

const overUdp = (port: number, payload: Buffer): Buffer => ethernet(0x0800, ipv4(17, udpTo(port, payload)));
const overTcp = (payload: Buffer): Buffer => ethernet(0x0800, ipv4(6, tcp(0x5018, payload)));

function read(frame: Buffer, length = frame.length): ApplicationHeader & { name: string; alpn: string } {
  const out = createApplicationHeader();
  decodeApplication(frame, decode(frame, { length, frameBytes: frame.length }), out);
  return { ...out, name: applicationName(frame, out), alpn: applicationAlpn(frame, out) };
}

test('a DNS query has a name and a type, a response a code too', () => {
  const query = read(overUdp(53, dnsMessage(0x0100, ['www', 'example', 'com'], 28)));
  assert.deepEqual([query.kind, query.name, query.type, query.code], [1, 'www.example.com', 28, -1]);
  const response = read(overUdp(53, dnsMessage(0x8183, ['nowhere'], 1)));
  assert.deepEqual([response.name, response.type, response.code], ['nowhere', 1, 3]);
  assert.equal(read(overUdp(53, dnsMessage(0x0100, [], 2))).name, '.');
});

test('DNS over TCP has its length in front', () => {
  const message = dnsMessage(0x0100, ['example', 'org'], 1);
  const segment = tcp(0x5018, Buffer.concat([hex('001d'), message]));
  segment.writeUInt16BE(53, 2);
  assert.equal(read(ethernet(0x0800, ipv4(6, segment))).name, 'example.org');
});

test('bytes that are no text, and dots inside labels, are escaped', () => {
  assert.equal(read(overUdp(53, dnsMessage(0, ['a.b', 'c\x00\xff', 'd'], 1))).name, 'a\\.b.c\\000\\255.d');
});

test('what a capture cut is left out, not made up', () => {
  const frame = overUdp(53, dnsMessage(0x0100, ['www', 'example', 'com'], 28));
  const whole = frame.length;
  assert.deepEqual([read(frame, whole - 3).name, read(frame, whole - 3).type], ['www.example.com', 0]);
  assert.deepEqual([read(frame, whole - 6).kind, read(frame, whole - 6).name], [1, '']);
  assert.equal(read(frame, 42 + 11).kind, ApplicationKind.none);
});

test('a name longer than 255 bytes, or compressed, is none', () => {
  const long = Array.from({ length: 5 }, () => 'x'.repeat(60));
  assert.equal(read(overUdp(53, dnsMessage(0, long, 1))).name, '');
  const frame = overUdp(53, Buffer.concat([dnsMessage(0, [], 1).subarray(0, 12), hex('c00c 0001 0001')]));
  assert.deepEqual([read(frame).kind, read(frame).name], [1, '']);
});

test('a ClientHello has server name, first ALPN protocol and the highest version that is none of GREASE', () => {
  const hello = clientHello({
    serverName: 'example.com',
    alpn: ['h2', 'http/1.1'],
    versions: [0x7a7a, 0x0304, 0x0303],
  });
  const out = read(overTcp(hello));
  assert.deepEqual([out.kind, out.name, out.alpn, out.version], [2, 'example.com', 'h2', 0x0304]);
  assert.deepEqual(read(overTcp(clientHello({}))).version, 0x0303);
});

test('a ClientHello that is cut keeps what stood before', () => {
  const hello = clientHello({ versions: [0x0304], serverName: 'example.com' });
  const frame = overTcp(hello);
  const cut = read(frame, frame.length - 1);
  assert.deepEqual([cut.kind, cut.version, cut.name], [2, 0x0304, '']);
});

test('QUIC versions are known by their long header; unknown ones on port 443 only', () => {
  assert.deepEqual([read(overUdp(443, quicLongHeader(1))).kind, read(overUdp(443, quicLongHeader(1))).version], [3, 1]);
  assert.equal(read(overUdp(8443, quicLongHeader(0x6b3343cf))).version, 0x6b3343cf);
  assert.equal(read(overUdp(443, quicLongHeader(0xdeadbeef))).kind, 3);
  assert.equal(read(overUdp(8443, quicLongHeader(0xdeadbeef))).kind, 0);
});

test('an HTTP request has its host, in any case of letters', () => {
  const request = 'GET /a?host:b HTTP/1.1\r\nAccept: *\r\nhOsT:  example.net:8080 \r\n\r\n';
  assert.deepEqual(
    [read(overTcp(Buffer.from(request))).kind, read(overTcp(Buffer.from(request))).name],
    [4, 'example.net:8080'],
  );
  const cut = overTcp(Buffer.from('GET / HTTP/1.1\r\nHost: exam'));
  assert.deepEqual([read(cut).kind, read(cut).name], [4, '']);
});

test('neither every prefix nor every changed byte of a payload throws or gives more than 255 bytes of name', () => {
  const frames = [
    overUdp(53, dnsMessage(0x8180, ['www', 'example', 'com'], 28)),
    overTcp(clientHello({ serverName: 'example.com', alpn: ['h2'], versions: [0x0304] })),
    overUdp(443, quicLongHeader(1)),
    overTcp(Buffer.from('POST / HTTP/1.1\r\nHost: example.net\r\n\r\n')),
  ];
  for (const frame of frames) {
    for (let length = 0; length <= frame.length; length++) check(frame, length);
    for (let at = 42; at < frame.length; at++) {
      const mutant = Buffer.from(frame);
      for (let value = 0; value < 256; value++) {
        mutant[at] = value;
        check(mutant, mutant.length);
      }
    }
  }
});

function check(frame: Buffer, length: number): void {
  const out = read(frame, length);
  assert.ok(out.nameEnd <= length && out.alpnEnd <= length && out.nameEnd - out.nameAt <= 256);
  assert.ok(out.nameEnd >= out.nameAt && out.alpnEnd >= out.alpnAt);
}
