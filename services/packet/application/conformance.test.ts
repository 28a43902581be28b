// Names and versions of the shared captures against tshark. Compared wherever tshark shows one outside of an ICMP quote.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { linkTypeOf } from '../link/link-types.ts';
import { decode } from '../testing/decode.ts';
import { ethernet, ipv4, tcp, udpTo } from '../testing/frames.ts';
import { clientHello, dnsMessage, quicLongHeader } from '../testing/payloads.ts';
import { readCapture, writePcap } from '../testing/pcap.ts';
import { tsharkInstalled } from '../testing/tshark.ts';
import { applicationAlpn, applicationName, createApplicationHeader, decodeApplication } from './application.ts';

const folder = join(import.meta.dirname, '../../../../shared/pcaps');
const expected = join(folder, 'expected.jsonl');
const skip = tsharkInstalled || process.env.CI === 'true' ? false : 'tshark is not installed';
const skipShared = existsSync(expected) ? false : `no captures at ${folder}`;

const columns = {
  number: 'frame.number',
  protocols: 'frame.protocols',
  dnsName: 'dns.qry.name',
  dnsType: 'dns.qry.type',
  dnsResponse: 'dns.flags.response',
  dnsCode: 'dns.flags.rcode',
  serverName: 'tls.handshake.extensions_server_name',
  alpn: 'tls.handshake.extensions_alpn_str',
  version: 'tls.handshake.extensions.supported_version',
  host: 'http.host',
  quic: 'quic.version',
};
type Row = Record<keyof typeof columns, string>;

function filesWith(protocols: RegExp): string[] {
  const lines = readFileSync(expected, 'utf8').trimEnd().split('\n');
  const packets = lines.map((line) => JSON.parse(line) as { file: string; protocols: string });
  return [...new Set(packets.filter((packet) => protocols.test(packet.protocols)).map(({ file }) => file))];
}

function readRows(file: string): Row[] {
  const fields = Object.values(columns).flatMap((name) => ['-e', name]);
  // Of several questions the first one; without reassembly, as a sampler has it.
  const options = [
    '-n',
    '-o',
    'tcp.desegment_tcp_streams:FALSE',
    '-o',
    'ip.defragment:FALSE',
    '-o',
    'ipv6.defragment:FALSE',
  ];
  const text = execFileSync('tshark', ['-r', file, ...options, '-T', 'fields', '-E', 'occurrence=f', ...fields], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const names = Object.keys(columns);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => Object.fromEntries(line.split('\t').map((value, index) => [names[index], value])) as Row);
}

type Compared = Record<'dns' | 'http' | 'tls' | 'quic', number>;

function compareFile(path: string, compared: Compared, found: string[]): void {
  const packets = readCapture(readFileSync(path));
  for (const row of readRows(path)) {
    const packet = packets[Number(row.number) - 1];
    const linkType = packet && linkTypeOf(packet.linkType);
    if (!packet || !linkType || /icmp/.test(row.protocols)) continue;
    const out = createApplicationHeader();
    decodeApplication(packet.data, decode(packet.data, { linkType, frameBytes: packet.wireBytes }), out);
    const name = applicationName(packet.data, out);
    const check = (what: keyof Compared, ours: unknown, theirs: unknown): void => {
      compared[what]++;
      if (ours !== theirs) found.push(`${path} ${row.number}: ${what} ${ours}, tshark has ${theirs}`);
    };
    if (row.dnsName) {
      check('dns', name, row.dnsName === '<Root>' ? '.' : row.dnsName);
      check('dns', out.type, Number(row.dnsType));
      check('dns', out.code, ['1', 'True'].includes(row.dnsResponse) ? Number(row.dnsCode) : -1);
    }
    if (row.host) check('http', name, row.host);
    if (row.serverName && /:tcp/.test(row.protocols)) {
      check('tls', name, row.serverName);
      if (row.alpn) check('tls', applicationAlpn(packet.data, out), row.alpn);
      if (row.version) check('tls', out.version, Number(row.version));
    }
    if (row.quic) check('quic', out.version, Number(row.quic));
  }
}

test('names, types and versions of the shared captures are those of tshark', {
  skip: skip || skipShared,
}, (context) => {
  const found: string[] = [];
  const compared = { dns: 0, http: 0, tls: 0, quic: 0 };
  for (const file of filesWith(/:(dns|http|tls|quic|mdns|llmnr)/)) compareFile(join(folder, file), compared, found);
  assert.deepEqual(found, []);
  assert.ok(compared.dns > 60 && compared.http > 0, JSON.stringify(compared));
  context.diagnostic(JSON.stringify(compared));
});

test('names, types and versions of own payloads are those of tshark', { skip }, () => {
  const overTcp = (port: number, payload: Buffer): Buffer => {
    const segment = tcp(0x5018, payload);
    segment.writeUInt16BE(port, 2);
    return ethernet(0x0800, ipv4(6, segment));
  };
  const overUdp = (port: number, payload: Buffer): Buffer => ethernet(0x0800, ipv4(17, udpTo(port, payload)));
  const frames = [
    overUdp(53, dnsMessage(0x0100, ['www', 'example', 'com'], 65)),
    overUdp(53, dnsMessage(0x8183, ['nowhere', 'example'], 28)),
    overUdp(53, dnsMessage(0x0100, [], 2)),
    overTcp(443, clientHello({ serverName: 'example.com', alpn: ['h2', 'http/1.1'], versions: [0x0304] })),
    overTcp(8443, clientHello({ serverName: 'example.org', alpn: ['http/1.1'], versions: [0x0303] })),
    overTcp(80, Buffer.from('GET / HTTP/1.1\r\nAccept: */*\r\nHost: example.net\r\n\r\n')),
    overUdp(443, quicLongHeader(1)),
  ];
  const temporary = mkdtempSync(join(tmpdir(), 'tcxflow-application-'));
  const found: string[] = [];
  const compared = { dns: 0, http: 0, tls: 0, quic: 0 };
  try {
    const file = join(temporary, 'own.pcap');
    writeFileSync(file, writePcap(frames));
    compareFile(file, compared, found);
  } finally {
    rmSync(temporary, { recursive: true });
  }
  assert.deepEqual(found, []);
  assert.deepEqual(compared, { dns: 9, http: 1, tls: 6, quic: 1 });
});
