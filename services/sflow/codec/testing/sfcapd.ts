// nfdump's collector (Debian: nfdump-sflow) and nfdump to read what it stored.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Collector, type FlowRow, portOf } from './flow-row.ts';
import { findProgram, freeUdpPort, startCollector } from './processes.ts';

const run = promisify(execFile);
/** Longer than any test: one file, written when it ends; two, of which one may be empty, over the full hour. */
const ROTATION_SECONDS = '3600';

/** @param dir where it may make a folder of its own */
export async function startSfcapd(dir: string): Promise<Collector> {
  const folder = await mkdtemp(join(dir, 'sfcapd-'));
  const port = await freeUdpPort();
  const args = ['-b', '127.0.0.1', '-p', String(port), '-w', folder, '-t', ROTATION_SECONDS];
  const process = await startCollector('sfcapd', args, port);
  return {
    port,
    async stop() {
      const log = await process.end('SIGTERM');
      if (!log.includes('Sequence Errors: 0, Bad Packets: 0') || /length error|exception|unexpected/i.test(log)) {
        throw new Error(`sfcapd complains: ${log}`);
      }
      return readFlows(folder, subAgents(log));
    },
  };
}

/** sfcapd numbers its exporters and says once which sub-agent each is. */
function subAgents(log: string): Map<number, number> {
  const found = log.matchAll(/SysID: (\d+), agentSubId: (\d+)/g);
  return new Map(Array.from(found, ([, sysId, subAgentId]) => [Number(sysId), Number(subAgentId)]));
}

async function readFlows(folder: string, subAgentOf: Map<number, number>): Promise<FlowRow[]> {
  const rows: FlowRow[] = [];
  const files = (await readdir(folder)).filter((name) => /^nfcapd\.\d+$/.test(name)).sort();
  for (const file of files) {
    const nfdump = findProgram('nfdump') ?? 'nfdump';
    const { stdout } = await run(nfdump, ['-r', join(folder, file), '-o', 'json'], { maxBuffer: 2 ** 28 });
    // Of an empty file nfdump says so in words, within the brackets of a list.
    const flows: Record<string, string | number>[] = stdout.includes('No matching') ? [] : JSON.parse(stdout);
    for (const flow of flows) rows.push(toRow(flow, subAgentOf));
  }
  return rows;
}

function toRow(flow: Record<string, string | number>, subAgentOf: Map<number, number>): FlowRow {
  const protocol = Number(flow.proto);
  return {
    exporter: String(flow.ip4_router ?? flow.ip6_router),
    subAgentId: subAgentOf.get(Number(flow.export_sysid)) ?? null,
    sourceAddress: String(flow.src4_addr ?? flow.src6_addr),
    destinationAddress: String(flow.dst4_addr ?? flow.dst6_addr),
    protocol,
    sourcePort: portOf(protocol, Number(flow.src_port)),
    destinationPort: portOf(protocol, Number(flow.dst_port)),
    vlan: Number(flow.src_vlan ?? 0),
    input: Number(flow.input_snmp),
    output: Number(flow.output_snmp),
    packets: Number(flow.in_packets),
    bytes: Number(flow.in_bytes),
    samplingRate: null,
  };
}
