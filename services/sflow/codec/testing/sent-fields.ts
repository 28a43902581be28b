// What tshark and pmacct should show of the test stream, field by field.

import type { InterfaceCounters } from '@tcxflow/schemas/generated.ts';
import { HEADER_ETHERNET } from '../constants.ts';
import type { SentDatagram, SentFlow } from './stream.ts';

const U32 = 2 ** 32;
const UNKNOWN = U32 - 1;

export function frameLength({ sample }: SentFlow): number {
  return sample.wireBytes + (sample.headerProtocol === HEADER_ETHERNET ? 4 : 0);
}

/** The objects of RFC 2863, as every collector names them. */
export function sentCounters(counters: InterfaceCounters): Record<string, number> {
  const unicast = (packets: number, multicast: number | null, broadcast: number | null) =>
    (packets - (multicast ?? 0) - (broadcast ?? 0)) % U32;
  return {
    ifIndex: counters.ifIndex,
    ifType: counters.ifType,
    ifSpeed: counters.ifSpeed,
    ifDirection: counters.ifDirection,
    ifStatus: (counters.adminUp ? 1 : 0) + (counters.operUp ? 2 : 0),
    ifInOctets: counters.inOctets,
    ifInUcastPkts: unicast(counters.inPackets, counters.inMulticast, counters.inBroadcast),
    ifInMulticastPkts: counters.inMulticast ?? UNKNOWN,
    ifInBroadcastPkts: counters.inBroadcast ?? UNKNOWN,
    ifInDiscards: counters.inDiscards,
    ifInErrors: counters.inErrors % U32,
    ifInUnknownProtos: UNKNOWN,
    ifOutOctets: counters.outOctets,
    ifOutUcastPkts: unicast(counters.outPackets, counters.outMulticast, counters.outBroadcast),
    ifOutMulticastPkts: counters.outMulticast ?? UNKNOWN,
    ifOutBroadcastPkts: counters.outBroadcast ?? UNKNOWN,
    ifOutDiscards: counters.outDiscards,
    ifOutErrors: counters.outErrors,
    ifPromiscuousMode: counters.promiscuous ? 1 : 2,
  };
}

const DATAGRAM_FIELDS = [
  'sflow_245.version',
  'sflow_245.agent',
  'sflow_245.agent.v6',
  'sflow_245.sub_agent_id',
  'sflow_245.sequence_number',
  'sflow_245.sysuptime',
  'sflow_245.numsamples',
] as const;

function sentDatagramFields(datagram: SentDatagram): Record<string, string[]> {
  const v6 = datagram.agent.includes(':');
  return {
    'sflow_245.version': ['5'],
    'sflow_245.agent': v6 ? [] : [datagram.agent],
    'sflow_245.agent.v6': v6 ? [datagram.agent] : [],
    'sflow_245.sub_agent_id': [String(datagram.subAgentId)],
    'sflow_245.sequence_number': [String(datagram.sequence)],
    'sflow_245.sysuptime': [String(datagram.uptimeMs)],
    'sflow_245.numsamples': [String(datagram.flows.length + datagram.counters.length)],
  };
}

/** The value each flow sample should show; undefined where its sample has no such field. */
const SENT_FLOW = {
  'sflow.flow_sample.sequence_number': ({ sample }) => sample.sequence,
  'sflow.flow_sample.source_id_index': ({ sample }) => sample.ifIndex,
  'sflow.flow_sample.sampling_rate': ({ sample }) => sample.samplingRate,
  'sflow.flow_sample.sample_pool': ({ sample }) => sample.samplePool % U32,
  'sflow.flow_sample.dropped_packets': ({ sample }) => sample.drops,
  'sflow.flow_sample.input_interface_format': () => 0,
  'sflow.flow_sample.input_interface_value': ({ sample }) => sample.input,
  'sflow.flow_sample.output_interface.format': () => 0,
  'sflow.flow_sample.output_interface_value': ({ sample }) => sample.output,
  'sflow_245.vlan.in': ({ sample }) => sample.extendedSwitch?.sourceVlan,
  'sflow_245.header_protocol': ({ sample }) => sample.headerProtocol,
  'sflow_245.header.frame_length': (flow) => frameLength(flow),
  'sflow_245.header.payload_stripped': (flow) => frameLength(flow) - flow.sample.wireBytes,
  'sflow_245.header.sampled_header_length': ({ sample }) => Math.min(sample.headerLength, 128),
  'vlan.id': ({ vlan }) => (vlan === 0 ? undefined : vlan),
  'ip.src': ({ packet }) => (packet.source.includes(':') ? undefined : packet.source),
  'ip.dst': ({ packet }) => (packet.source.includes(':') ? undefined : packet.destination),
  'ipv6.src': ({ packet }) => (packet.source.includes(':') ? packet.source : undefined),
  'ipv6.dst': ({ packet }) => (packet.source.includes(':') ? packet.destination : undefined),
  'tcp.srcport': ({ packet }) => (packet.protocol === 'tcp' ? packet.sourcePort : undefined),
  'tcp.dstport': ({ packet }) => (packet.protocol === 'tcp' ? packet.destinationPort : undefined),
  'udp.srcport': ({ packet }) => (packet.protocol === 'udp' ? packet.sourcePort : undefined),
  'udp.dstport': ({ packet }) => (packet.protocol === 'udp' ? packet.destinationPort : undefined),
} satisfies Record<string, (flow: SentFlow) => number | string | undefined>;
const FLOW_FIELDS = Object.keys(SENT_FLOW) as (keyof typeof SENT_FLOW)[];

/** The datagram itself comes over UDP and IPv4 (testing/pcap.ts). */
const CARRIER: Record<string, string[]> = {
  'ip.src': ['192.0.2.1'],
  'ip.dst': ['192.0.2.2'],
  'udp.srcport': ['6343'],
  'udp.dstport': ['6343'],
};

function sentFlowFields(datagram: SentDatagram): Record<string, string[]> {
  const values = FLOW_FIELDS.map((field) => {
    const shown = datagram.flows.map((flow) => SENT_FLOW[field](flow)).filter((value) => value !== undefined);
    return [field, [...(CARRIER[field] ?? []), ...shown.map(String)]];
  });
  return Object.fromEntries(values);
}

/** tshark's names of the objects of RFC 2863; ifStatus is two booleans there. */
const COUNTER_NAMES = {
  'sflow_245.ifindex': 'ifIndex',
  'sflow_245.iftype': 'ifType',
  'sflow_245.ifspeed': 'ifSpeed',
  'sflow_245.ifdirection': 'ifDirection',
  'sflow_245.ifinoct': 'ifInOctets',
  'sflow_245.ifinpkt': 'ifInUcastPkts',
  'sflow_245.ifinmcast': 'ifInMulticastPkts',
  'sflow_245.ifinbcast': 'ifInBroadcastPkts',
  'sflow_245.ifindisc': 'ifInDiscards',
  'sflow_245.ifinerr': 'ifInErrors',
  'sflow_245.ifinunk': 'ifInUnknownProtos',
  'sflow_245.ifoutoct': 'ifOutOctets',
  'sflow_245.ifoutpkt': 'ifOutUcastPkts',
  'sflow_245.ifoutmcast': 'ifOutMulticastPkts',
  'sflow_245.ifoutbcast': 'ifOutBroadcastPkts',
  'sflow_245.ifoutdisc': 'ifOutDiscards',
  'sflow_245.ifouterr': 'ifOutErrors',
  'sflow_245.ifpromisc': 'ifPromiscuousMode',
};
const COUNTER_FIELDS = [
  ...(Object.keys(COUNTER_NAMES) as (keyof typeof COUNTER_NAMES)[]),
  'sflow.counters_sample.sequence_number',
];

function sentCounterFields(datagram: SentDatagram): Record<string, string[]> {
  const samples = datagram.counters.map(({ counters }) => sentCounters(counters));
  const values = Object.entries(COUNTER_NAMES).map(([field, name]) => [
    field,
    samples.map((sample) => String(sample[name])),
  ]);
  return {
    ...Object.fromEntries(values),
    'sflow.counters_sample.sequence_number': datagram.counters.map(({ sequence }) => String(sequence)),
  };
}

export const TSHARK_FIELDS = [...DATAGRAM_FIELDS, ...FLOW_FIELDS, ...COUNTER_FIELDS];

export function sentTsharkFields(datagram: SentDatagram): Record<string, string[]> {
  return { ...sentDatagramFields(datagram), ...sentFlowFields(datagram), ...sentCounterFields(datagram) };
}
