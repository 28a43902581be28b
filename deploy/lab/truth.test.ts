import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { addTotals, parsePairedLines, parseSingleLines, receivedTotals } from './truth.ts';

// Linux 6.18's files, most columns left out.
const snmp = `Ip: Forwarding DefaultTTL InReceives InHdrErrors OutRequests
Ip: 2 64 7 0 90
Icmp: InMsgs InErrors
Icmp: 5 1
Udp: InDatagrams NoPorts InErrors
Udp: 20 0 3
`;
const netstat = `TcpExt: SyncookiesSent TCPTimeouts
TcpExt: 8 9
IpExt: InNoRoutes InMcastPkts InOctets OutOctets InNoECTPkts InECT1Pkts InECT0Pkts InCEPkts
IpExt: 0 0 6000 70000 6 1 2 3
`;
const snmp6 = `Ip6InReceives                   \t3
Ip6InOctets                     \t2500
Ip6OutOctets                    \t9999
Ip6InNoECTPkts                  \t3
Ip6InECT1Pkts                   \t0
Ip6InECT0Pkts                   \t0
Ip6InCEPkts                     \t1
Icmp6InMsgs                     \t4
`;

test('packets are the ECN classes together; segments beyond a buffer’s first add their headers', () => {
  // IPv4: 6 + 1 + 2 + 3 = 12 packets in 7 buffers: 5 repeated 20 + 32 bytes. 6000 + 5 * 52 + 12 * 14 = 6428
  assert.deepEqual(receivedTotals(snmp, netstat, ''), { packets: 12, bytes: 6428 });
  // IPv6: 4 packets in 3 buffers: 1 repeated 40 + 32 bytes. 2500 + 72 + 4 * 14 = 2628
  assert.deepEqual(receivedTotals('', '', snmp6), { packets: 4, bytes: 2628 });
  assert.deepEqual(receivedTotals(snmp, netstat, snmp6), { packets: 16, bytes: 9056 });
});

test('a namespace that received nothing has nothing', () => {
  assert.deepEqual(receivedTotals('', '', ''), { packets: 0, bytes: 0 });
});

test('paired lines are read by the names above the numbers, each with its prefix', () => {
  assert.deepEqual(
    [...parsePairedLines(snmp)],
    [
      ['Ip:Forwarding', 2],
      ['Ip:DefaultTTL', 64],
      ['Ip:InReceives', 7],
      ['Ip:InHdrErrors', 0],
      ['Ip:OutRequests', 90],
      ['Icmp:InMsgs', 5],
      ['Icmp:InErrors', 1],
      ['Udp:InDatagrams', 20],
      ['Udp:NoPorts', 0],
      ['Udp:InErrors', 3],
    ],
  );
  assert.equal(parsePairedLines('Tcp: MaxConn CurrEstab\nTcp: -1 4\n').get('Tcp:MaxConn'), -1);
});

test('single lines are read whatever the space between name and number', () => {
  assert.deepEqual(
    [...parseSingleLines('Ip6InReceives 5\nIp6InOctets \t 12\n')],
    [
      ['Ip6InReceives', 5],
      ['Ip6InOctets', 12],
    ],
  );
});

test('this kernel has the counters that the truth is made of', (context) => {
  const read = (file: string) => readFileSync(`/proc/net/${file}`, 'utf8');
  const ip4 = new Map([...parsePairedLines(read('snmp')), ...parsePairedLines(read('netstat'))]);
  for (const name of ['InOctets', 'InNoECTPkts', 'InECT1Pkts', 'InECT0Pkts', 'InCEPkts'])
    assert.ok(Number.isSafeInteger(ip4.get(`IpExt:${name}`)), name);
  assert.ok(Number.isSafeInteger(ip4.get('Ip:InReceives')));
  if (!existsSync('/proc/net/snmp6')) return context.diagnostic('no IPv6 here');
  const ip6 = parseSingleLines(read('snmp6'));
  for (const name of ['InReceives', 'InOctets', 'InNoECTPkts', 'InECT1Pkts', 'InECT0Pkts', 'InCEPkts'])
    assert.ok(Number.isSafeInteger(ip6.get(`Ip6${name}`)), name);
});

test('totals add up, none give zero', () => {
  const sum = addTotals({ packets: 1, bytes: 60 }, { packets: 2, bytes: 3000 }, { packets: 0, bytes: 0 });
  assert.deepEqual(sum, { packets: 3, bytes: 3060 });
  assert.deepEqual(addTotals(), { packets: 0, bytes: 0 });
});
