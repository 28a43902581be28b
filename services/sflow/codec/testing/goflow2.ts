// GoFlow2, where it is installed: no package of Debian's has it.

import { type Collector, type FlowRow, portOf } from './flow-row.ts';
import { freeUdpPort, startCollector } from './processes.ts';

const PROTOCOLS: Record<string, number> = { ICMP: 1, TCP: 6, UDP: 17, ICMPv6: 58, 'IPv6-ICMP': 58 };

export interface Goflow2 extends Collector {
  /** Its own numbers are of datagrams: what it saw of them, in order. Known after `stop`. */
  sequences(): { agent: string; sequence: number }[];
}

export async function startGoflow2(): Promise<Goflow2> {
  const port = await freeUdpPort();
  // One worker, so that lines are in the order of datagrams; port 0 for its metrics.
  const args = ['-listen', `sflow://127.0.0.1:${port}?count=1&workers=1`, '-addr', '127.0.0.1:0', '-format', 'json'];
  const process = await startCollector('goflow2', args, port);
  let sequences: { agent: string; sequence: number }[] = [];
  return {
    port,
    sequences: () => sequences,
    async stop() {
      const lines = (await process.end('SIGTERM')).trim().split('\n');
      const complaint = lines.find((line) => /level=(WARN|ERROR)/.test(line));
      if (complaint) throw new Error(`goflow2 complains: ${complaint}`);
      const flows = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
      sequences = flows.map((flow) => ({ agent: String(flow.sampler_address), sequence: Number(flow.sequence_num) }));
      return flows.map(toRow);
    },
  };
}

function toRow(flow: Record<string, string | number>): FlowRow {
  const protocol = PROTOCOLS[String(flow.proto)] ?? 0;
  return {
    exporter: String(flow.sampler_address),
    subAgentId: null,
    sourceAddress: String(flow.src_addr),
    destinationAddress: String(flow.dst_addr),
    protocol,
    sourcePort: portOf(protocol, Number(flow.src_port)),
    destinationPort: portOf(protocol, Number(flow.dst_port)),
    vlan: Number(flow.vlan_id),
    input: Number(flow.in_if),
    output: Number(flow.out_if),
    packets: Number(flow.packets),
    bytes: Number(flow.bytes),
    samplingRate: Number(flow.sampling_rate),
  };
}
