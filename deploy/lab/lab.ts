// A small network on this machine to look at: a server with two interfaces, a client behind each.
//
//   client-b eth0 ── eth0 server eth1 ── eth0 client-c
//
// All in namespaces of their own, joined by veth; the machine's own network is not touched. Neighbours are permanent and
// IPv6 autoconfiguration is off, so that nothing but the lab's traffic passes and the truth can be counted.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inNetns, ip, ipBatch, netnsName, removeStaleNetns } from './netns.ts';
import type { ClientPlan } from './traffic.ts';
import { addTotals, readReceivedTotals, type Totals } from './truth.ts';

const KIND = 'tcxflow-lab';
/** The kernel repeats its multicast reports (RFC 3810 9.11) a second after an interface came up: they are not the lab's traffic. */
const SETTLE_MS = 1300;
const QUIET_MS = 300;

export interface LabOptions {
  /** Times the usual traffic, about 25 Mbit/s. Default 1. */
  scale?: number;
  /** Switch segmentation offloads off (ethtool), for comparison. Default on. */
  offloads?: boolean;
}

export interface Lab {
  /** Namespace to sample: interfaces eth0 and eth1. */
  readonly netns: string;
  /** Wire packets and bytes that passed the server's interfaces since the lab was made, both directions. */
  truth(): Promise<Totals>;
  startTraffic(): Promise<void>;
  /** Resolves when no more packets are under way. */
  stopTraffic(): Promise<void>;
  remove(): Promise<void>;
}

interface Side {
  netns: string;
  serverIf: string;
  network4: string;
  network6: string;
  serverMac: string;
  clientMac: string;
}

const trafficScript = fileURLToPath(new URL('traffic.ts', import.meta.url));

/** Removes labs whose owner is gone. @returns names of their namespaces */
export function removeStaleLabs(): Promise<string[]> {
  return removeStaleNetns(KIND);
}

export async function createLab(options: LabOptions = {}): Promise<Lab> {
  const server = netnsName(KIND, 'server');
  const sides: Side[] = [
    side('client-b', 'eth0', '192.0.2', '2001:db8:2', 0xb),
    side('client-c', 'eth1', '198.51.100', '2001:db8:c', 0xc),
  ];
  const namespaces = [server, ...sides.map(({ netns }) => netns)];
  const remove = async () => {
    for (const netns of namespaces) await ip('netns', 'delete', netns);
  };
  try {
    for (const netns of namespaces) await createQuietNetns(netns);
    for (const entry of sides) await connectSide(server, entry, options.offloads ?? true);
    await waitUntilQuiet(() => totalsOf(namespaces), SETTLE_MS);
  } catch (error) {
    await remove().catch((secondary: unknown) => Object.assign(error as object, { secondary }));
    throw error;
  }

  let processes: ChildProcess[] = [];
  let rawSent: Totals = { packets: 0, bytes: 0 };
  const truth = async () => addTotals(rawSent, await totalsOf(namespaces));

  return {
    netns: server,
    truth,
    async startTraffic() {
      processes = [startScript(server, 'server')];
      await waitForListeners(server);
      processes.push(
        ...sides.map((entry) => startScript(entry.netns, 'client', clientPlan(entry, options.scale ?? 1))),
      );
    },
    async stopTraffic() {
      // Clients first: a server that leaves first makes them report errors.
      for (const child of processes.reverse()) rawSent = addTotals(rawSent, await endScript(child));
      processes = [];
      await waitUntilQuiet(truth, QUIET_MS);
    },
    async remove() {
      for (const child of processes.reverse()) await endScript(child);
      processes = [];
      await remove();
    },
  };
}

function side(role: string, serverIf: string, network4: string, network6: string, id: number): Side {
  const mac = (host: number) => `02:00:00:00:0${id.toString(16)}:0${host}`;
  return { netns: netnsName(KIND, role), serverIf, network4, network6, serverMac: mac(1), clientMac: mac(2) };
}

/** No link-local addresses, no duplicate address detection, no router solicitation, no delayed multicast reports. */
async function createQuietNetns(netns: string): Promise<void> {
  await ip('netns', 'add', netns);
  const settings = ['accept_dad=0', 'router_solicitations=0', 'addr_gen_mode=1', 'mldv2_unsolicited_report_interval=1'];
  const keys = settings.flatMap((setting) => [`net.ipv6.conf.all.${setting}`, `net.ipv6.conf.default.${setting}`]);
  for (const key of keys) {
    const [name = '', value = ''] = key.split('=');
    await inNetns(netns, 'sh', '-c', `echo ${value} > /proc/sys/${name.replaceAll('.', '/')}`);
  }
}

async function connectSide(server: string, entry: Side, offloads: boolean): Promise<void> {
  const { netns, serverIf, network4, network6, serverMac, clientMac } = entry;
  await ipBatch(server, [
    `link add ${serverIf} address ${serverMac} type veth peer name eth0 address ${clientMac} netns ${netns}`,
    `address add ${network4}.1/24 dev ${serverIf}`,
    `address add ${network6}::1/64 dev ${serverIf} nodad`,
    `neighbour add ${network4}.2 lladdr ${clientMac} dev ${serverIf} nud permanent`,
    `neighbour add ${network6}::2 lladdr ${clientMac} dev ${serverIf} nud permanent`,
    `link set ${serverIf} up`,
  ]);
  await ipBatch(netns, [
    `address add ${network4}.2/24 dev eth0`,
    `address add ${network6}::2/64 dev eth0 nodad`,
    `neighbour add ${network4}.1 lladdr ${serverMac} dev eth0 nud permanent`,
    `neighbour add ${network6}::1 lladdr ${serverMac} dev eth0 nud permanent`,
    'link set eth0 up',
  ]);
  if (offloads) return;
  await inNetns(server, 'ethtool', '-K', serverIf, 'tso', 'off', 'gso', 'off', 'gro', 'off');
  await inNetns(netns, 'ethtool', '-K', 'eth0', 'tso', 'off', 'gso', 'off', 'gro', 'off');
}

function clientPlan(entry: Side, scale: number): string {
  const plan: ClientPlan = {
    ifName: 'eth0',
    address4: `${entry.network4}.1`,
    address6: `${entry.network6}::1`,
    localAddress4: `${entry.network4}.2`,
    srcMac: entry.clientMac,
    dstMac: entry.serverMac,
    scale,
  };
  return JSON.stringify(plan);
}

function startScript(netns: string, ...args: string[]): ChildProcess {
  return spawn('ip', ['netns', 'exec', netns, process.execPath, trafficScript, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** Closing stdin ends the script. @returns what it sent as raw frames */
async function endScript(child: ChildProcess): Promise<Totals> {
  if (child.exitCode !== null) return { packets: 0, bytes: 0 };
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const closed = once(child, 'close');
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await closed;
  clearTimeout(timer);
  return output ? (JSON.parse(output) as Totals) : { packets: 0, bytes: 0 };
}

async function waitForListeners(netns: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const listeners = await inNetns(netns, 'cat', '/proc/net/tcp6', '/proc/net/udp6');
    // Ports 443 and 53 in hexadecimal: the script opens its sockets in one go.
    if (listeners.includes(':01BB') && listeners.includes(':0035')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the traffic server did not start within 5 s');
}

async function totalsOf(namespaces: readonly string[]): Promise<Totals> {
  return addTotals(...(await Promise.all(namespaces.map(readReceivedTotals))));
}

/** Resolves when no packet has passed for so long. @throws {Error} when that takes half a minute */
async function waitUntilQuiet(truth: () => Promise<Totals>, quietMs: number): Promise<void> {
  let last = await truth();
  let quietSince = performance.now();
  for (const until = performance.now() + 30_000; performance.now() - quietSince < quietMs; ) {
    if (performance.now() > until) throw new Error('the lab does not become quiet: something else sends packets in it');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await truth();
    if (now.packets !== last.packets) quietSince = performance.now();
    last = now;
  }
}
