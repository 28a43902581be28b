// `tcxflow decode FILE`: the packets of a capture file, decoded.

import { parseArgs } from 'node:util';
import { loadConfig } from '@tcxflow/common/config.ts';
import { ConfigError } from '@tcxflow/common/errors.ts';
import { formatAddress } from '@tcxflow/packet/address.ts';
import {
  applicationAlpn,
  applicationName,
  createApplicationHeader,
  decodeApplication,
} from '@tcxflow/packet/application/application.ts';
import { communityId } from '@tcxflow/packet/community-id.ts';
import {
  createDecodedHeader,
  createTunnelPorts,
  type DecodedHeader,
  decodeHeader,
  Field,
  Stop,
} from '@tcxflow/packet/decode.ts';
import { linkTypeOf } from '@tcxflow/packet/link/link-types.ts';
import { decodeSchema } from '../config.ts';
import type { ServiceNames } from '../enrich/service-names.ts';
import { type CapturedPacket, readCaptureFile } from './capture-file.ts';
import { layerName, protocolName, readableHeader, stopName, tcpFlagText, tunnelName } from './readable.ts';
import { readServiceNames, serviceOf } from './services.ts';

const usage = `Usage: tcxflow decode FILE [--format table|json] [--limit N] [--application] [--config FILE]

Decodes the packets of a pcap or pcapng file (gzip too), as the worker would.

  -f, --format FORMAT  table (default), or json: an object a line
  -n, --limit N        stop after so many packets
      --application    also DNS, TLS, QUIC and HTTP names
  -c, --config FILE    for decode.tunnel_ports and services_file
`;

const options = {
  format: { type: 'string', short: 'f', default: 'table' },
  limit: { type: 'string', short: 'n' },
  application: { type: 'boolean', default: false },
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
} as const;

const applicationKinds = ['', 'DNS', 'TLS', 'QUIC', 'HTTP'];

/** @returns the exit code @throws {TcxflowError} CAPTURE_FILE */
export async function fileCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  const [path] = positionals;
  if (values.help || path === undefined || positionals.length > 1) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const limit = values.limit === undefined ? Number.POSITIVE_INFINITY : Number(values.limit);
  if (!(limit >= 1)) throw new ConfigError(`--limit ${values.limit}`, { hint: 'a whole number of 1 or more' });
  if (!['table', 'json'].includes(values.format))
    throw new ConfigError(`--format ${values.format}`, { hint: 'table or json' });

  const header = createDecodedHeader();
  const { decode } = loadConfig(decodeSchema, { file: values.config });
  const ports = createTunnelPorts(decode.tunnelPorts);
  const display = { services: readServiceNames(decode.enrich.servicesFile), application: values.application };
  const counts = new Map<string, number>();
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  if (values.format === 'table') await write(`${row(['packet', 'bytes', 'stop', 'source', 'destination', 'what'])}\n`);
  for await (const packet of readCaptureFile(path)) {
    const linkType = linkTypeOf(packet.linkType);
    const { data, wireBytes } = packet;
    if (linkType) decodeHeader(data, 0, data.length, linkType, 0, wireBytes, header, ports);
    const stop = linkType ? stopName(header.stop) : 'unknown link type';
    counts.set(stop, (counts.get(stop) ?? 0) + 1);
    const decoded = linkType ? header : undefined;
    const line = values.format === 'json' ? jsonLine : tableLine;
    await write(`${line(packet, decoded, display)}\n`);
    if (packet.number >= limit) break;
  }
  if (values.format === 'table')
    process.stderr.write(`${[...counts].map(([stop, count]) => `${count} ${stop}`).join(', ') || 'no packets'}\n`);
  return 0;
}

/** Waits where the reader is slow. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
}

interface Display {
  services: ServiceNames;
  application: boolean;
}

function jsonLine(packet: CapturedPacket, header: DecodedHeader | undefined, display: Display): string {
  const { number, timeNs, data, wireBytes, linkType } = packet;
  const time = timeNs === 0n ? undefined : formatTime(timeNs);
  const frame = { number, time, wireBytes, capturedBytes: data.length };
  if (!header) return JSON.stringify({ ...frame, linkType, stop: 'unknown link type' });
  const application = display.application ? applicationOf(data, header) : undefined;
  const service = serviceOf(display.services, header) || undefined;
  const id = communityId(header);
  return JSON.stringify({ ...frame, ...readableHeader(header), service, ...(id && { communityId: id }), application });
}

function applicationOf(data: Buffer, header: DecodedHeader): Record<string, unknown> | undefined {
  const found = createApplicationHeader();
  decodeApplication(data, header, found);
  if (found.kind === 0) return undefined;
  const { kind, version, type, code } = found;
  const alpn = applicationAlpn(data, found);
  return {
    kind: applicationKinds[kind],
    name: applicationName(data, found),
    ...(alpn && { alpn }),
    ...(version > 0 && { version }),
    ...(type > 0 && { type }),
    ...(code >= 0 && { code }),
  };
}

function tableLine(packet: CapturedPacket, header: DecodedHeader | undefined, display: Display): string {
  const { number, wireBytes, data, linkType } = packet;
  if (!header) return row([String(number), String(wireBytes), `link type ${linkType}`, '', '', '']);
  const has = (field: number) => (header.fields & (1 << field)) !== 0;
  const end = (address: Buffer, port: number) => {
    if (!has(Field.addresses)) return '';
    const text = formatAddress(address);
    return has(Field.ports) ? `${text.includes(':') ? `[${text}]` : text}:${port}` : text;
  };
  const application = display.application ? applicationOf(data, header) : undefined;
  const what = [
    has(Field.vlan) && `VLAN ${header.vlanId}${has(Field.innerVlan) ? `.${header.innerVlanId}` : ''}`,
    has(Field.mpls) && `MPLS ${[...header.mplsLabels.subarray(0, header.mplsDepth)].join('/')}`,
    has(Field.tunnel) && `${tunnelName(header.tunnelKind)}${has(Field.tunnelId) ? ` ${header.tunnelId}` : ''}`,
    header.ipBytes > 0 ? protocolName(header.protocol) : layerName(header.stopLayer),
    serviceOf(display.services, header),
    has(Field.tcp) && tcpFlagText(header.tcpFlags),
    has(Field.icmp) && `type ${header.icmpType} code ${header.icmpCode}`,
    has(Field.fragment) && `fragment at ${header.fragmentOffset}`,
    application && `${application.kind} ${application.name}`,
  ];
  const stop = stopName(header.stop) + (header.stop === Stop.complete ? '' : ` at ${layerName(header.stopLayer)}`);
  return row([
    String(number),
    String(wireBytes),
    stop,
    end(header.srcAddress, header.srcPort),
    end(header.dstAddress, header.dstPort),
    what.filter(Boolean).join(' '),
  ]);
}

const widths = [7, 6, 24, 30, 30, 0];
function row(cells: string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(' ')
    .trimEnd();
}

function formatTime(timeNs: bigint): string {
  const seconds = timeNs / 1_000_000_000n;
  const fraction = String(timeNs % 1_000_000_000n).padStart(9, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}
