// `tcxflow decode explain`: one packet, header by header; an agent and its interface, rule by rule.

import { parseArgs } from 'node:util';
import { loadConfig } from '@tcxflow/common/config.ts';
import { ConfigError, TcxflowError } from '@tcxflow/common/errors.ts';
import { communityId } from '@tcxflow/packet/community-id.ts';
import { createTunnelPorts, type LinkType } from '@tcxflow/packet/decode.ts';
import { linkTypeOf } from '@tcxflow/packet/link/link-types.ts';
import { decodeSchema } from '../config.ts';
import { createClassifier } from '../enrich/classify.ts';
import type { Rule } from '../enrich/rules.ts';
import type { ServiceNames } from '../enrich/service-names.ts';
import { readCaptureFile } from './capture-file.ts';
import { type Explanation, explainPacket } from './layers.ts';
import { layerName, stopName } from './readable.ts';
import { formatRules } from './rules.ts';
import { readServiceNames, serviceOf } from './services.ts';

const linkTypes: readonly LinkType[] = ['ethernet', 'ip', 'linux-sll', 'linux-sll2', 'null', 'ppp', 'chdlc'];

const usage = `Usage: tcxflow decode explain HEX [--link TYPE] [--bytes N] [--config FILE]
       tcxflow decode explain FILE --packet N [--config FILE]
       tcxflow decode explain --agent NAME [--interface NAME …] [--config FILE]

Shows which bytes of a packet are which header, and what each of them told; and which rule of decode.enrich.rules won.

  HEX              the first bytes of a packet in hexadecimal digits; spaces and colons are let be
  -p, --packet N   the Nth packet of a capture file
      --link TYPE  what the bytes start with: ${linkTypes.join(', ')}; default ethernet
      --bytes N    length on the wire, when HEX is only its beginning
      --agent NAME       by which rules this agent is classified
      --interface NAME   and this interface of it, with
      --alias TEXT, --kind KIND, --speed-mbps N
  -c, --config     for decode.tunnel_ports, services_file and rules
`;

const options = {
  packet: { type: 'string', short: 'p' },
  link: { type: 'string', default: 'ethernet' },
  bytes: { type: 'string' },
  agent: { type: 'string' },
  interface: { type: 'string' },
  alias: { type: 'string' },
  kind: { type: 'string' },
  'speed-mbps': { type: 'string' },
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
} as const;

interface Subject {
  packet: Buffer;
  linkType: LinkType;
  frameBytes: number;
}

/** @returns the exit code @throws {TcxflowError} */
export async function explainCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  const hasPacket = positionals.length > 0;
  if (values.help || (!hasPacket && values.agent === undefined)) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const { decode } = loadConfig(decodeSchema, { file: values.config });
  if (values.agent !== undefined) process.stdout.write(explainRules(decode.enrich.rules, values.agent, values));
  if (!hasPacket) return 0;
  const subject =
    values.packet === undefined
      ? fromHex(positionals.join(''), values.link, values.bytes)
      : await fromFile(positionals[0] as string, Number(values.packet));
  const ports = createTunnelPorts(decode.tunnelPorts);
  const explanation = explainPacket(subject.packet, subject.linkType, subject.frameBytes, ports);
  const services = readServiceNames(decode.enrich.servicesFile);
  process.stdout.write(formatExplanation(subject.packet, explanation, services));
  return 0;
}

interface InterfaceFlags {
  interface?: string | undefined;
  alias?: string | undefined;
  kind?: string | undefined;
  'speed-mbps'?: string | undefined;
}

function explainRules(rules: readonly Rule[], agent: string, flags: InterfaceFlags): string {
  const { interface: name, alias, kind, 'speed-mbps': speed } = flags;
  const megabits = Number(speed ?? 0);
  if (!(megabits >= 0)) throw new ConfigError(`--speed-mbps ${speed}`, { hint: 'a number, as 10000' });
  const hasInterface = [name, alias, kind, speed].some((flag) => flag !== undefined);
  const traits = { name: name ?? '', alias: alias ?? '', kind: kind ?? '', speedBps: megabits * 1_000_000 };
  return formatRules(rules, createClassifier(rules), agent, hasInterface ? traits : undefined);
}

function fromHex(text: string, link: string, bytes: string | undefined): Subject {
  const digits = text.replace(/[\s:]/g, '').replace(/^0x/, '');
  if (!/^([0-9a-f]{2})+$/i.test(digits))
    throw new ConfigError(`"${text.slice(0, 40)}" is not a packet`, {
      hint: 'hexadecimal digits, two a byte; for a file, --packet N',
    });
  const linkType = linkTypes.find((type) => type === link);
  if (!linkType) throw new ConfigError(`--link ${link}`, { hint: linkTypes.join(', ') });
  const packet = Buffer.from(digits, 'hex');
  const frameBytes = bytes === undefined ? packet.length : Number(bytes);
  if (!(frameBytes >= packet.length)) throw new ConfigError(`--bytes ${bytes}`, { hint: `at least ${packet.length}` });
  return { packet, linkType, frameBytes };
}

async function fromFile(path: string, number: number): Promise<Subject> {
  for await (const { number: at, linkType, data, wireBytes } of readCaptureFile(path)) {
    if (at !== number) continue;
    const known = linkTypeOf(linkType);
    if (!known) throw new TcxflowError('CAPTURE_FILE', `packet ${number} has the unknown link type ${linkType}`);
    return { packet: data, linkType: known, frameBytes: wireBytes };
  }
  throw new ConfigError(`${path} has no packet ${number}`, { hint: 'packets are numbered from 1' });
}

const HEX_BYTES_MAX = 24;

/** A line a header, its bytes, and below what it told. */
export function formatExplanation(packet: Buffer, { steps, header }: Explanation, services: ServiceNames): string {
  const lines = steps.flatMap(({ layer, start, end, fields }) => [
    `${layer.padEnd(14)} ${`${start}–${end - 1}`.padEnd(9)} ${hexOf(packet, start, end)}`,
    ...Object.entries(fields).map(([name, value]) => `${' '.repeat(25)}${name} ${value}`),
  ]);
  const end = steps.at(-1)?.end ?? 0;
  if (end < packet.length)
    lines.push(
      `${'not decoded'.padEnd(14)} ${`${end}–${packet.length - 1}`.padEnd(9)} ${hexOf(packet, end, packet.length)}`,
    );
  lines.push('', `${stopName(header.stop)} at ${layerName(header.stopLayer)}`);
  const service = serviceOf(services, header);
  if (service) lines.push(`service ${service}`);
  const id = communityId(header);
  if (id) lines.push(`Community ID ${id}`);
  return `${lines.join('\n')}\n`;
}

function hexOf(packet: Buffer, start: number, end: number): string {
  const shown = packet.subarray(start, Math.min(end, start + HEX_BYTES_MAX));
  const text = [...shown].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return end - start > HEX_BYTES_MAX ? `${text} …` : text;
}
