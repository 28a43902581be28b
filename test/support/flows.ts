// Flows of a middling network: many clients with a few hundred servers, some of them far more than others.

import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import type { Flow } from '@tcxflow/schemas/generated.ts';

const CLIENTS = 4_000;
const SERVERS = 400;
const PORTS = [443, 443, 443, 443, 80, 53, 53, 22, 5432, 8080] as const;
const COUNTRIES = ['CH', 'DE', 'US', 'FR', 'JP', 'NL', ''] as const;
const RATE = 1000;

export const noAddress = Buffer.alloc(16);

/** IPv4, mapped. */
export function mapped(a: number, b: number, c: number, d: number): Buffer {
  return Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]);
}

/** Small numbers far more often than large ones. */
function skewed(random: Random, limit: number): number {
  return Math.floor((random.below(1_000_000) / 1_000_000) ** 3 * limit);
}

/** Flows of one window, each of another connection. */
export function makeFlows(count: number, windowStart: number, seed = 1): Flow[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => makeFlow(random, windowStart));
}

function makeFlow(random: Random, windowStart: number): Flow {
  const client = skewed(random, CLIENTS);
  const server = skewed(random, SERVERS);
  const clientAddress = mapped(10, client >> 16, (client >> 8) & 255, client & 255);
  const serverAddress = mapped(198, 18, server >> 8, server & 255);
  const toServer = random.chance(50);
  const clientPort = 32_768 + random.below(28_232);
  const serverPort = PORTS[server % PORTS.length] as number;
  const samples = 1 + skewed(random, 8);
  const length = toServer ? 80 + random.below(400) : 400 + random.below(1115);
  const packets = samples * RATE;
  const bytes = packets * length;
  const firstNs = BigInt(windowStart) * 1_000_000n + BigInt(random.below(60_000_000)) * 1000n;
  const lastNs = samples === 1 ? firstNs : BigInt(windowStart + 59_999) * 1_000_000n + BigInt(random.below(999_999));
  const [clientAs, serverAs] = [64_512 + (client % 60), 65_000 + (server % 30)];
  const [clientCountry, serverCountry] = [COUNTRIES[client % 7] as string, COUNTRIES[server % 7] as string];
  return {
    windowStart,
    windowMs: 60_000,
    late: false,
    agent: `host-${server % 8}`,
    agentAddress: mapped(192, 0, 2, 1 + (server % 8)),
    ifIndex: 2,
    ifName: 'eth0',
    direction: toServer ? 'ingress' : 'egress',
    inputIfIndex: toServer ? 2 : 0,
    outputIfIndex: 0,
    vlanId: 0,
    innerVlanId: 0,
    etherType: 0x0800,
    srcAddress: toServer ? clientAddress : serverAddress,
    dstAddress: toServer ? serverAddress : clientAddress,
    protocol: serverPort === 53 ? 17 : 6,
    srcPort: toServer ? clientPort : serverPort,
    dstPort: toServer ? serverPort : clientPort,
    dscp: 0,
    stop: 0,
    samples,
    packets,
    bytes,
    ipBytes: bytes - packets * 14,
    packetsVariance: packets * (RATE - 1),
    bytesVariance: packets * (RATE - 1) * length ** 2,
    firstNs,
    lastNs,
    tcpFlags: serverPort === 53 ? 0 : 0x18,
    minTtl: 64 - (client % 12),
    maxTtl: 64 - (client % 12),
    minLength: length,
    maxLength: length,
    decoderVersion: 2,
    tunnelKind: 0,
    tunnelId: 0,
    outerSrcAddress: noAddress,
    outerDstAddress: noAddress,
    mplsLabel: 0,
    srcAs: toServer ? clientAs : serverAs,
    dstAs: toServer ? serverAs : clientAs,
    srcCountry: toServer ? clientCountry : serverCountry,
    dstCountry: toServer ? serverCountry : clientCountry,
    srcNetwork: toServer ? 'clients' : 'servers',
    dstNetwork: toServer ? 'servers' : 'clients',
    ifAlias: '',
    ifBoundary: 'external',
    agentSite: 'zurich',
    agentRole: 'edge',
    communityId: '',
  };
}
