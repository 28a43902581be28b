// pmacct's sFlow collector (Debian: pmacct) with the print plugin.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Collector, type FlowRow, portOf } from './flow-row.ts';
import { freeUdpPort, startCollector } from './processes.ts';

type JsonObject = Record<string, string | number>;

export interface Sfacctd extends Collector {
  /** After stop(): each counters sample as it logged it, with the fields of if_counters by their IF-MIB names. */
  counters(): Promise<JsonObject[]>;
  /** After stop(): datagrams whose sequence was not the one after the last of that agent and sub-agent, with `checks`. */
  jumps(): SequenceJump[];
}

export interface SequenceJump {
  agent: string;
  expected: number;
  received: number;
}

/** The datagram's sequence number is one, so that rows of one key are added up within a datagram only. */
const KEYS =
  'peer_src_ip, src_host, dst_host, src_port, dst_port, proto, in_iface, out_iface, vlan, sampling_rate, export_proto_seqno';
const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, 'ipv6-icmp': 58 };

/** @param dir where it may make a folder of its own @param checks whether it looks at sequences; by default it does not */
export async function startSfacctd(dir: string, checks = false): Promise<Sfacctd> {
  const folder = await mkdtemp(join(dir, 'sfacctd-'));
  const port = await freeUdpPort();
  const [config, flows, counters] = ['sfacctd.conf', 'flows.json', 'counters.json'].map((name) => join(folder, name));
  const settings = {
    daemonize: 'false',
    sfacctd_ip: '127.0.0.1',
    sfacctd_port: port,
    sfacctd_disable_checks: String(!checks),
    plugins: 'print',
    aggregate: KEYS,
    print_output: 'json',
    print_output_file: flows,
    // Longer than any test: it writes when it ends.
    print_refresh_time: 3600,
    sfacctd_counter_file: counters,
    sfacctd_counter_output: 'json',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`);
  await writeFile(config!, lines.join(''));
  const process = await startCollector('sfacctd', ['-f', config!], port);
  let log = '';
  return {
    port,
    async stop() {
      log = await process.end('SIGINT');
      if (/\b(WARN|ERROR)\b|discarding/.test(log)) throw new Error(`sfacctd complains: ${log}`);
      return (await readJsonLines(flows!)).map(toRow);
    },
    async counters() {
      return (await readJsonLines(counters!)).filter((entry) => entry.event_type === 'log');
    },
    jumps: () =>
      [...log.matchAll(/expecting flow '(\d+)' but received '(\d+)' collector=\S+ agent=(\S+):\d+$/gm)].map(
        ([, expected, received, agent = '']) => ({ agent, expected: Number(expected), received: Number(received) }),
      ),
  };
}

/** Neither file is there when there was nothing to write. */
async function readJsonLines(path: string): Promise<JsonObject[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function toRow(flow: JsonObject): FlowRow {
  const name = String(flow.ip_proto);
  const protocol = PROTOCOLS[name] ?? Number(name);
  return {
    exporter: String(flow.peer_ip_src),
    subAgentId: null,
    sourceAddress: String(flow.ip_src),
    destinationAddress: String(flow.ip_dst),
    protocol,
    sourcePort: portOf(protocol, Number(flow.port_src)),
    destinationPort: portOf(protocol, Number(flow.port_dst)),
    vlan: Number(flow.vlan),
    input: Number(flow.iface_in),
    output: Number(flow.iface_out),
    packets: Number(flow.packets),
    bytes: Number(flow.bytes),
    samplingRate: Number(flow.sampling_rate),
  };
}
