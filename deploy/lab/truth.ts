// What really passed, by counters that have nothing to do with us: the namespaces' own IP statistics (SNMP, RFC 4293).
//
// Linux counts the ECN classes of incoming packets per wire packet (a GSO buffer as its segments), but octets and
// receives per buffer. Each further segment of a buffer repeated its headers on the wire, which the octets lack.

import { inNetns } from './netns.ts';

export interface Totals {
  packets: number;
  /** Ethernet bytes without FCS. */
  bytes: number;
}

const ETHERNET_HEADER_BYTES = 14;
/** Only TCP with timestamps makes GSO buffers in the lab: 32 bytes behind the IP header. */
const TCP_HEADER_BYTES = 32;
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
const ECN_CLASSES = ['InNoECTPkts', 'InECT1Pkts', 'InECT0Pkts', 'InCEPkts'];

/** "Ip: A B\nIp: 1 2" → { "Ip.A": 1, "Ip.B": 2 } (/proc/net/snmp, /proc/net/netstat) */
export function parsePairedLines(text: string): Map<string, number> {
  const values = new Map<string, number>();
  const lines = text.trim().split('\n');
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const [prefix = '', ...names] = (lines[index] ?? '').split(/\s+/);
    const numbers = (lines[index + 1] ?? '').split(/\s+/).slice(1);
    for (const [at, name] of names.entries()) values.set(`${prefix}${name}`, Number(numbers[at] ?? 0));
  }
  return values;
}

/** "Ip6InReceives  5" (/proc/net/snmp6) */
export function parseSingleLines(text: string): Map<string, number> {
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .map(([name = '', value]) => [name, Number(value ?? 0)]),
  );
}

/** Wire packets and bytes that IP received. Pure. */
export function receivedTotals(snmp: string, netstat: string, snmp6: string): Totals {
  const ip4 = new Map([...parsePairedLines(snmp), ...parsePairedLines(netstat)]);
  const ip6 = parseSingleLines(snmp6);
  const family = (values: Map<string, number>, receives: string, prefix: string, headerBytes: number): Totals => {
    const value = (name: string) => values.get(name) ?? 0;
    const packets = ECN_CLASSES.reduce((sum, name) => sum + value(`${prefix}${name}`), 0);
    const repeated = packets - value(receives);
    return {
      packets,
      bytes: value(`${prefix}InOctets`) + repeated * headerBytes + packets * ETHERNET_HEADER_BYTES,
    };
  };
  return addTotals(
    family(ip4, 'Ip:InReceives', 'IpExt:', IPV4_HEADER_BYTES + TCP_HEADER_BYTES),
    family(ip6, 'Ip6InReceives', 'Ip6', IPV6_HEADER_BYTES + TCP_HEADER_BYTES),
  );
}

export function addTotals(...totals: Totals[]): Totals {
  return totals.reduce((sum, { packets, bytes }) => ({ packets: sum.packets + packets, bytes: sum.bytes + bytes }), {
    packets: 0,
    bytes: 0,
  });
}

export async function readReceivedTotals(netns: string): Promise<Totals> {
  const read = (file: string) => inNetns(netns, 'cat', `/proc/net/${file}`);
  return receivedTotals(await read('snmp'), await read('netstat'), await read('snmp6'));
}
