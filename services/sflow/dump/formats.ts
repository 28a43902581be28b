// What `tcxflow sflow dump` prints: a tree, a JSON object a line, or a CSV line a sample in the columns of sflowtool -l.

import { formatAddress, formatMac } from '@tcxflow/packet/address.ts';
import { createDecodedHeader, decodeHeader, Field } from '@tcxflow/packet/decode.ts';
import { HEADER_ETHERNET, HEADER_IPV4, HEADER_IPV6 } from '../codec/constants.ts';
import type { DecodedIfCounters } from '../codec/decode-counter-sample.ts';
import type { Datagram } from '../codec/decode-datagram.ts';
import type { DecodedExtendedSwitch, DecodedFlowSample, DecodedSampledHeader } from '../codec/decode-flow-sample.ts';
import { type Plain, type PlainObject, plainDatagram } from './plain.ts';

export type Format = 'tree' | 'json' | 'csv';

/** @returns lines, each ended */
export const formats: Record<Format, (datagram: Datagram, from: string) => string> = {
  tree: (datagram, from) => `${from}\n${treeText(plainDatagram(datagram), 1)}`,
  json: (datagram, from) => `${JSON.stringify({ from, ...plainDatagram(datagram) })}\n`,
  csv: csvText,
};

function treeText(object: PlainObject, depth: number): string {
  const indent = '  '.repeat(depth);
  return Object.entries(object)
    .map(([name, value]) => {
      const list = Array.isArray(value) && value.some(isObject) ? (value as PlainObject[]) : undefined;
      if (!list) return `${indent}${name}: ${scalarText(value)}\n`;
      return list.map((entry) => `${indent}${name.replace(/s$/, '')}\n${treeText(entry, depth + 1)}`).join('');
    })
    .join('');
}

const isObject = (value: Plain) => typeof value === 'object' && value !== null;

/** Text is of the wire: what could move a cursor is shown as an escape. */
function scalarText(value: Plain): string {
  if (value === null) return 'unknown';
  if (typeof value !== 'string') return JSON.stringify(value);
  const text = JSON.stringify(value).slice(1, -1);
  return text.replace(/[\u007f-\u009f]/g, (code) => `\\u00${code.charCodeAt(0).toString(16)}`);
}

const decoded = createDecodedHeader();

function csvText(datagram: Datagram): string {
  const agent = formatAddress(datagram.agentAddress);
  let lines = '';
  for (const sample of datagram.samples) {
    if (sample.kind === 'flow') lines += `${flowLine(agent, sample)}\n`;
    if (sample.kind === 'counters')
      for (const record of sample.records)
        if (record.kind === 'if_counters') lines += `${counterLine(agent, record)}\n`;
    if (sample.kind === 'discard') lines += `DROP,${agent},${sample.input},${sample.output},${sample.reason}\n`;
  }
  return lines;
}

const is = (field: number) => (decoded.fields & (1 << field)) !== 0;

function flowLine(agent: string, sample: DecodedFlowSample): string {
  const header = sample.records.find((record): record is DecodedSampledHeader => record.kind === 'sampled_header');
  const vlans = sample.records.find((record): record is DecodedExtendedSwitch => record.kind === 'extended_switch');
  const head = ['FLOW', agent, sample.input, sample.output];
  if (!header || ![HEADER_ETHERNET, HEADER_IPV4, HEADER_IPV6].includes(header.protocol))
    return [...head, ...Array<string>(15).fill(''), header?.frameLength ?? '', '', sample.samplingRate].join(',');
  const bytes = header.header;
  const frameBytes = Math.max(0, header.frameLength - header.stripped);
  decodeHeader(
    bytes,
    0,
    bytes.length,
    header.protocol === HEADER_ETHERNET ? 'ethernet' : 'ip',
    header.protocol === HEADER_IPV4 ? 0x0800 : 0x86dd,
    frameBytes,
    decoded,
  );
  const mac = (value: number) => (is(Field.macs) ? formatMac(value).replaceAll(':', '') : '');
  const address = (value: Buffer) => (is(Field.addresses) ? formatAddress(value) : '');
  return [
    ...head,
    ...[mac(decoded.srcMac), mac(decoded.dstMac), `0x${decoded.etherType.toString(16).padStart(4, '0')}`],
    ...[vlans?.sourceVlan ?? decoded.vlanId, vlans?.destinationVlan ?? 0],
    ...[address(decoded.srcAddress), address(decoded.dstAddress), decoded.protocol],
    ...[`0x${((decoded.dscp << 2) | decoded.ecn).toString(16).padStart(2, '0')}`, decoded.ttl],
    ...[decoded.srcPort, decoded.dstPort, `0x${(decoded.tcpFlags & 0xff).toString(16).padStart(2, '0')}`],
    ...[header.frameLength, decoded.ipBytes, sample.samplingRate],
  ].join(',');
}

function counterLine(agent: string, { kind: _, ...counters }: DecodedIfCounters): string {
  return ['CNTR', agent, ...Object.values(counters).map((value) => value ?? '')].join(',');
}
