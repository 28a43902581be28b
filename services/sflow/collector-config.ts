// What one collector wants.

import { z } from 'zod';
import { isPrefix } from './allow-list.ts';

const isPort = (port: number) => port >= 1 && port <= 65_535;

export const collectorAddress = z
  .string()
  .regex(/^.+:\d+$/, 'host:port')
  .refine((text) => isPort(Number(text.slice(text.lastIndexOf(':') + 1))), 'a port of 1 to 65535');

export const datagramBytes = z.int().min(200).max(8192);
export const headerBytes = z.int().min(64).max(256);
const DSCP_MAX = 63;
const DATAGRAMS_PER_S_MAX = 100_000;

const prefix = z
  .string()
  .refine(
    (text) => isPrefix(text.replace(/^!/, '')),
    'an address or a prefix, as 192.0.2.0/24; ! before it leaves it out',
  );

export const collector = z.strictObject({
  address: collectorAddress.describe('host:port; IPv6 in brackets.'),
  datagramBytes: datagramBytes.optional().describe('UDP payload; without it as for all.'),
  headerBytes: headerBytes.optional().describe('Header bytes of a flow sample; without it as for all.'),
  portNames: z.boolean().optional().describe('Interface names in counter samples (port_name, 1005); false by default.'),
  vlans: z
    .boolean()
    .optional()
    .describe(
      'VLAN and priority of tagged packets (extended_switch, 1001); false by default: pmacct and nfdump show what is not known as VLAN 65535.',
    ),
  tunnels: z
    .boolean()
    .optional()
    .describe(
      'VNI of VXLAN, Geneve and NVGRE, and where the inner frame begins (1027 to 1030); false by default: nfdump 1.7.1 loses the datagram.',
    ),
  timestamps: z
    .boolean()
    .optional()
    .describe('When the kernel saw the packet, in ns (timestamp, 1043); false by default: few collectors read it.'),
  host: z.boolean().optional().describe('Counters of the machine (2000 to 2010); true by default.'),
  discards: z
    .boolean()
    .optional()
    .describe(
      'Dropped packets, in datagrams of their own (sample type 5); false by default: not every collector knows it.',
    ),
  dscp: z
    .int()
    .min(0)
    .max(DSCP_MAX)
    .optional()
    .describe('Differentiated services code point of the datagrams; 0 by default, best effort.'),
  maxDatagramsPerS: z
    .int()
    .min(1)
    .max(DATAGRAMS_PER_S_MAX)
    .optional()
    .describe('Spreads bursts: at most so many a second. What would wait longer than 1 s is dropped and counted.'),
  spoofSource: z
    .boolean()
    .optional()
    .describe(
      "The agent's address as the sender's, for collectors that know agents by it; false by default. It needs CAP_NET_RAW.",
    ),
  thin: z
    .int()
    .min(1)
    .max(65_536)
    .optional()
    .describe('One of so many flow samples, at so many times the rate; 1 by default: all.'),
  agents: z.array(z.string().min(1)).optional().describe('Only of agents with these names: `*`, `?`, `!` leaves out.'),
  interfaces: z
    .array(z.string().min(1))
    .optional()
    .describe('Only flow samples and counters of interfaces with these names: `*`, `?`, `!` leaves out.'),
  prefixes: z
    .array(prefix)
    .optional()
    .describe(
      'Only flow samples of packets with an address, in a tunnel innermost or outermost, in one of these prefixes; `!` leaves out.',
    ),
});
