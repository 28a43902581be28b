// Flow and counter structures as lists of fields in the order of the wire, by the documents of sflow.org: for reading and
// writing all those that have no code of their own (docs/reference/sflow.md lists them).
//
// A field is `name:kind`; without a kind it is u32. counter, counter64: all ones is "not counted". Lists: `u32[]`.

export type ScalarKind =
  | 'u32'
  | 'i32'
  | 'u64'
  | 'f32'
  | 'u8'
  | 'counter'
  | 'counter64'
  | 'mac'
  | 'ipv4'
  | 'ipv6'
  | 'address'
  | 'string'
  | 'uuid'
  | 'u32[]'
  | 'mac[]';

export type Field = { name: string; kind: ScalarKind } | { name: string; kind: 'list'; of: readonly Field[] };

export interface Structure {
  /** enterprise << 12 | format. */
  tag: number;
  name: string;
  fields: readonly Field[];
  /** An older edition ends before this field; those that it has not are null. */
  optionalFrom?: number;
}

function fields(text: string): Field[] {
  return text
    .trim()
    .split(/\s+/)
    .map((part) => {
      const [name = '', kind = 'u32'] = part.split(':');
      return { name, kind: kind as ScalarKind };
    });
}

function counters(text: string): Field[] {
  return fields(text).map((field) => (field.kind === 'u32' ? { name: field.name, kind: 'counter' } : field));
}

const structure = (tag: number, name: string, list: string | readonly Field[]): Structure => ({
  ...{ tag, name },
  fields: typeof list === 'string' ? fields(list) : list,
});

const ETHERNET = 'length sourceMac:mac destinationMac:mac type';
const IPV4 = 'length protocol source:ipv4 destination:ipv4 sourcePort destinationPort tcpFlags tos';
const IPV6 = 'length protocol source:ipv6 destination:ipv6 sourcePort destinationPort tcpFlags priority';
const SOCKET4 = 'protocol localAddress:ipv4 remoteAddress:ipv4 localPort remotePort';
const SOCKET6 = 'protocol localAddress:ipv6 remoteAddress:ipv6 localPort remotePort';

/** But sampled_header (1) and extended_switch (1001). */
export const FLOW_STRUCTURES: readonly Structure[] = [
  structure(2, 'sampled_ethernet', ETHERNET),
  structure(3, 'sampled_ipv4', IPV4),
  structure(4, 'sampled_ipv6', IPV6),
  structure(1002, 'extended_router', 'nextHop:address sourceMaskBits destinationMaskBits'),
  structure(1003, 'extended_gateway', [
    ...fields('nextHop:address as sourceAs sourcePeerAs'),
    { name: 'destinationPath', kind: 'list', of: fields('type as:u32[]') },
    ...fields('communities:u32[] localPreference'),
  ]),
  structure(1004, 'extended_user', 'sourceCharset sourceUser:string destinationCharset destinationUser:string'),
  structure(1005, 'extended_url', 'direction url:string host:string'),
  structure(1006, 'extended_mpls', 'nextHop:address inStack:u32[] outStack:u32[]'),
  structure(1007, 'extended_nat', 'source:address destination:address'),
  structure(1008, 'extended_mpls_tunnel', 'lspName:string tunnelId cos'),
  structure(1009, 'extended_mpls_vc', 'instanceName:string vcId labelCos'),
  structure(1010, 'extended_mpls_ftn', 'description:string mask'),
  structure(1011, 'extended_mpls_ldp_fec', 'prefixBits'),
  structure(1012, 'extended_vlan_tunnel', 'stack:u32[]'),
  structure(1020, 'extended_nat_port', 'sourcePort destinationPort'),
  structure(1021, 'extended_l2_tunnel_egress', ETHERNET),
  structure(1022, 'extended_l2_tunnel_ingress', ETHERNET),
  structure(1023, 'extended_ipv4_tunnel_egress', IPV4),
  structure(1024, 'extended_ipv4_tunnel_ingress', IPV4),
  structure(1025, 'extended_ipv6_tunnel_egress', IPV6),
  structure(1026, 'extended_ipv6_tunnel_ingress', IPV6),
  structure(1027, 'extended_decapsulate_egress', 'innerHeaderOffset'),
  structure(1028, 'extended_decapsulate_ingress', 'innerHeaderOffset'),
  structure(1029, 'extended_vni_egress', 'vni'),
  structure(1030, 'extended_vni_ingress', 'vni'),
  structure(1034, 'extended_vlan_in', 'stack:u32[]'),
  structure(1035, 'extended_vlan_out', 'stack:u32[]'),
  structure(1036, 'extended_egress_queue', 'queue'),
  structure(1037, 'extended_acl', 'number name:string direction'),
  structure(1038, 'extended_function', 'symbol:string'),
  structure(1039, 'extended_transit_delay', 'delayNs'),
  structure(1040, 'extended_queue_depth', 'depthBytes'),
  structure(1041, 'extended_hw_trap', 'group:string trap:string'),
  structure(1042, 'extended_linux_drop_reason', 'reason:string'),
  structure(1043, 'extended_timestamp', 'timeNs:u64'),
  structure(2100, 'extended_socket_ipv4', SOCKET4),
  structure(2101, 'extended_socket_ipv6', SOCKET6),
  structure(2102, 'extended_proxy_socket_ipv4', SOCKET4),
  structure(2103, 'extended_proxy_socket_ipv6', SOCKET6),
  structure(
    2209,
    'extended_tcp_info',
    'direction sendMss receiveMss unacked lost retransmits pathMtu rttUs rttVarianceUs congestionWindow reordering minRttUs',
  ),
  structure(2210, 'extended_entities', 'sourceClass sourceIndex destinationClass destinationIndex'),
];

/** But if_counters (1) and port_name (1005). */
export const COUNTER_STRUCTURES: readonly Structure[] = [
  structure(
    2,
    'ethernet_counters',
    counters(`alignmentErrors fcsErrors singleCollisionFrames multipleCollisionFrames sqeTestErrors deferredTransmissions
      lateCollisions excessiveCollisions internalMacTransmitErrors carrierSenseErrors frameTooLongs
      internalMacReceiveErrors symbolErrors`),
  ),
  structure(
    3,
    'tokenring_counters',
    counters(`lineErrors burstErrors acErrors abortTransErrors internalErrors lostFrameErrors receiveCongestions
      frameCopiedErrors tokenErrors softErrors hardErrors signalLoss transmitBeacons recoveries lobeWires removes singles
      freqErrors`),
  ),
  structure(
    4,
    'vg_counters',
    counters(`inHighPriorityFrames inHighPriorityOctets:counter64 inNormPriorityFrames inNormPriorityOctets:counter64
      inIpmErrors inOversizeFrameErrors inDataErrors inNullAddressedFrames outHighPriorityFrames
      outHighPriorityOctets:counter64 transitionIntoTrainings hcInHighPriorityOctets:counter64
      hcInNormPriorityOctets:counter64 hcOutHighPriorityOctets:counter64`),
  ),
  structure(5, 'vlan_counters', [
    ...fields('vlanId'),
    ...counters('octets:counter64 unicast multicast broadcast discards'),
  ]),
  structure(
    6,
    'ieee80211_counters',
    counters(`transmittedFragments multicastTransmittedFrames failed retry multipleRetry frameDuplicates rtsSuccess
      rtsFailure ackFailure receivedFragments multicastReceivedFrames fcsErrors transmittedFrames wepUndecryptable
      qosDiscardedFragments associatedStations qosCfPollsReceived qosCfPollsUnused qosCfPollsUnusable qosCfPollsLost`),
  ),
  structure(7, 'lag_port_stats', [
    ...fields(`actorSystemId:mac partnerSystemId:mac attachedAggId
      actorAdminPortState:u8 actorOperPortState:u8 partnerAdminPortState:u8 partnerOperPortState:u8`),
    ...counters('lacpdusRx markerPdusRx markerResponsePdusRx unknownRx illegalRx lacpdusTx markerPdusTx'),
    ...counters('markerResponsePdusTx'),
  ]),
  structure(10, 'optical_transceiver', [
    ...fields('moduleId totalLanes supplyMillivolts temperatureMillidegrees:i32'),
    {
      name: 'lanes',
      kind: 'list',
      of: fields(`index txBiasMicroamperes txPowerMicrowatts txPowerMin txPowerMax txWavelengthNm rxPowerMicrowatts
        rxPowerMin rxPowerMax rxWavelengthNm`),
    },
  ]),
  structure(11, 'pfc_counters', counters('requests indications pauseDuration stormDetected stormRestored')),
  structure(1001, 'processor', 'fiveSeconds:i32 oneMinute:i32 fiveMinutes:i32 totalMemory:u64 freeMemory:u64'),
  structure(1002, 'radio_utilization', 'elapsedMs onChannelMs onChannelBusyMs'),
  structure(1004, 'openflow_port', 'datapathId:u64 portNumber'),
  structure(2000, 'host_descr', 'hostname:string uuid:uuid machineType osName osRelease:string'),
  structure(2001, 'host_adapters', [{ name: 'adapters', kind: 'list', of: fields('ifIndex macs:mac[]') }]),
  structure(2002, 'host_parent', 'containerClass containerIndex'),
  {
    ...structure(2003, 'host_cpu', [
      ...fields('loadOne:f32 loadFive:f32 loadFifteen:f32 procRun procTotal cpuNum cpuSpeed uptime'),
      ...counters('user nice system idle wio intr softIntr interrupts contexts steal guest guestNice'),
    ]),
    optionalFrom: 17,
  },
  structure(2004, 'host_memory', [
    ...fields('total:u64 free:u64 shared:u64 buffers:u64 cached:u64 swapTotal:u64 swapFree:u64'),
    ...counters('pageIn pageOut swapIn swapOut'),
  ]),
  structure(2005, 'host_disk_io', [
    ...fields('total:u64 free:u64 partMaxUsed:i32'),
    ...counters('reads bytesRead:counter64 readTime writes bytesWritten:counter64 writeTime'),
  ]),
  structure(
    2006,
    'host_net_io',
    counters('bytesIn:counter64 packetsIn errorsIn dropsIn bytesOut:counter64 packetsOut errorsOut dropsOut'),
  ),
  structure(2007, 'mib2_ip_group', [
    ...fields('forwarding defaultTtl'),
    ...counters('inReceives inHdrErrors inAddrErrors forwDatagrams inUnknownProtos inDiscards inDelivers outRequests'),
    ...counters('outDiscards outNoRoutes'),
    ...fields('reasmTimeout'),
    ...counters('reasmReqds reasmOks reasmFails fragOks fragFails fragCreates'),
  ]),
  structure(
    2008,
    'mib2_icmp_group',
    counters(`inMsgs inErrors inDestUnreachs inTimeExcds inParamProbs inSrcQuenchs inRedirects inEchos inEchoReps
      inTimestamps inAddrMasks inAddrMaskReps outMsgs outErrors outDestUnreachs outTimeExcds outParamProbs outSrcQuenchs
      outRedirects outEchos outEchoReps outTimestamps outTimestampReps outAddrMasks outAddrMaskReps`),
  ),
  structure(2009, 'mib2_tcp_group', [
    ...fields('rtoAlgorithm rtoMin rtoMax maxConn:i32'),
    ...counters('activeOpens passiveOpens attemptFails estabResets'),
    ...fields('currEstab'),
    ...counters('inSegs outSegs retransSegs inErrs outRsts inCsumErrors'),
  ]),
  structure(
    2010,
    'mib2_udp_group',
    counters('inDatagrams noPorts inErrors outDatagrams rcvbufErrors sndbufErrors inCsumErrors'),
  ),
  structure(2100, 'virt_node', 'mhz cpus memory:u64 memoryFree:u64 domains'),
  structure(2101, 'virt_cpu', [...fields('state'), ...counters('cpuTime'), ...fields('cpus')]),
  structure(2102, 'virt_memory', 'memory:u64 maxMemory:u64'),
  structure(2103, 'virt_disk_io', [
    ...fields('capacity:u64 allocation:u64 physical:u64'),
    ...counters('readRequests readBytes:counter64 writeRequests writeBytes:counter64 errors'),
  ]),
  structure(
    2104,
    'virt_net_io',
    counters('bytesIn:counter64 packetsIn errorsIn dropsIn bytesOut:counter64 packetsOut errorsOut dropsOut'),
  ),
  structure(
    2201,
    'http_counters',
    counters(`methodOption methodGet methodHead methodPost methodPut methodDelete methodTrace methodConnect methodOther
      status1xx status2xx status3xx status4xx status5xx statusOther`),
  ),
  structure(2207, 'ovs_datapath', [...counters('hits misses lost maskHits'), ...fields('flows masks')]),
];
