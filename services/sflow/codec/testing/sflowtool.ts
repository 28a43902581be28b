// Structures as sflowtool 6 prints them: its values in the order of the wire, so that no name of ours is compared.

import type { DecodedStructure, Value, Values } from '../decode-structure.ts';

/** sflowtool's keys in the order of the wire, where it prints them in another. */
const FLOW_KEYS: Record<string, string[]> = {
  '0:2': ['ethernet_len', 'ethernet_src', 'ethernet_dst', 'ethernet_type'],
  '0:3': ['IPSize', 'IPProtocol', 'srcIP', 'dstIP', 'UDPSrcPort', 'UDPDstPort', 'TCPFlags', 'IPTOS'],
  '0:1002': ['nextHop', 'srcSubnetMask', 'dstSubnetMask'],
  '0:1003': ['bgp_nexthop', 'my_as', 'src_as', 'src_peer_as', 'dst_as_path', 'BGP_communities', 'BGP_localpref'],
  '0:1036': ['discarded_egress_queue_id'],
};

export function theirValues(element: Record<string, string>): (string | undefined)[] {
  const { counterBlock_tag: counters, ...values } = element;
  if (counters) return Object.values(values).map((value) => (Array.isArray(value) ? JSON.stringify(value) : value));
  const tag = element.flowBlock_tag ?? element.discarded_flowBlock_tag ?? '';
  return (FLOW_KEYS[tag] ?? [`${tag} is not in the table`]).map(
    (key) => element[key] ?? element[key.replace('UDP', 'TCP')],
  );
}

/** @param theirs what they do not print is not compared */
export function ourValues({ name, values }: DecodedStructure, theirs: readonly unknown[]): (string | undefined)[] {
  // Of host_cpu's first edition the last three are not there.
  const sent = Object.entries(values).slice(0, name === 'host_cpu' ? theirs.length : undefined);
  return sent.map(([key, value], index) => (theirs[index] === undefined ? undefined : text(name, key, value)));
}

function text(structure: string, key: string, value: Value): string {
  if (key === 'destinationPath') return pathText(value as Values[]);
  if (key === 'communities') return (value as number[]).join('-');
  if (key === 'adapters') return JSON.stringify((value as Values[]).map(adapterText));
  if (structure === 'processor' && !key.endsWith('Memory')) return (Number(value) / 100).toFixed(2);
  if (key === 'partMaxUsed') return (Number(value) / 100).toFixed(2);
  if (key.startsWith('load')) return Number(value).toFixed(3);
  if (key === 'maxConn') return String(Number(value) >>> 0);
  if (key === 'uuid') return (value as Buffer).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  if (value === null)
    return key.startsWith('bytes') || key.startsWith('octets') ? String(2n ** 64n - 1n) : '4294967295';
  if (Buffer.isBuffer(value)) return value.length === 4 ? value.join('.') : value.toString('hex');
  return String(value);
}

function pathText(segments: Values[]): string {
  return segments.flatMap(({ as }) => as as number[]).join('-');
}

function adapterText({ ifIndex, macs }: Values) {
  const list = (macs as Buffer[]).map((mac) => mac.toString('hex'));
  return { ifIndex: String(ifIndex), MACs: String(list.length), mac_list: list };
}
