// Numbers of the sFlow formats, grouped under the title of the document that assigns them; docs/reference/sflow.md says
// which documents these are.

// sFlow Version 5 (sflow.org, July 2004), section 5: datagram.
export const SFLOW_VERSION = 5;
export const SFLOW_PORT = 6343;
/** sFlowRcvrMaximumDatagramSize, default of the MIB in section 4: UDP payload bytes. */
export const DEFAULT_MAX_DATAGRAM_BYTES = 1400;
/** sFlowFsMaximumHeaderSize, default of the MIB in section 4. */
export const DEFAULT_MAX_HEADER_BYTES = 128;

// sFlow Version 5, section 5: enum address_type.
export const ADDRESS_IPV4 = 1;
export const ADDRESS_IPV6 = 2;

// sFlow Version 5, section 5: sample_data, enterprise 0.
export const FLOW_SAMPLE = 1;
export const COUNTERS_SAMPLE = 2;
export const FLOW_SAMPLE_EXPANDED = 3;
export const COUNTERS_SAMPLE_EXPANDED = 4;
// sFlow Discarded Packet Notification Structures: sample_data, enterprise 0.
export const DISCARDED_PACKET = 5;

// sFlow Version 5, section 5: sflow_data_source. Class 0: the index is an ifIndex.
export const DATA_SOURCE_IF_INDEX = 0;
/** Class 2, entPhysicalEntry: the machine itself; agents name it 2:1. */
export const DATA_SOURCE_PHYSICAL_ENTITY = 2;
export const HOST_INDEX = 1;

// sFlow Version 5, section 5: interface and interface_expanded.
export const INTERFACE_FORMAT_IF_INDEX = 0;
export const INTERFACE_FORMAT_DISCARDED = 1;
export const INTERFACE_FORMAT_MULTIPLE = 2;
/** "Unknown": what an emitter says when the kernel does not know, also for traffic of the host itself. */
export const INTERFACE_UNKNOWN = 0;
/** The device itself in the compact form: 30 bits. Some agents write it in the expanded form too. */
export const INTERFACE_LOCAL_COMPACT = 0x3fffffff;
/** The device itself in the expanded form, after the published erratum. */
export const INTERFACE_LOCAL_EXPANDED = 0xffffffff;

// sFlow Version 5, section 5: flow_data, enterprise 0.
export const SAMPLED_HEADER = 1;
export const EXTENDED_SWITCH = 1001;
// sFlow Tunnel Structures: flow_data, enterprise 0.
export const EXTENDED_DECAPSULATE_EGRESS = 1027;
export const EXTENDED_DECAPSULATE_INGRESS = 1028;
export const EXTENDED_VNI_EGRESS = 1029;
export const EXTENDED_VNI_INGRESS = 1030;
// sFlow structure numbers of sflow.org: flow_data, enterprise 0.
export const EXTENDED_TIMESTAMP = 1043;
// sFlow Discarded Packet Notification Structures: flow_data, enterprise 0.
export const LINUX_DROP_REASON = 1042;

// sFlow Version 5, section 5: enum header_protocol.
export const HEADER_ETHERNET = 1;
export const HEADER_IPV4 = 11;
export const HEADER_IPV6 = 12;

// sFlow Version 5, section 5: counter_data, enterprise 0.
export const IF_COUNTERS = 1;
export const ETHERNET_COUNTERS = 2;
// sFlow Port Name: counter_data, enterprise 0.
export const PORT_NAME = 1005;
// sFlow Host Structures: counter_data, enterprise 0.
export const HOST_DESCR = 2000;
export const HOST_ADAPTERS = 2001;
export const HOST_CPU = 2003;
export const HOST_MEMORY = 2004;
export const HOST_DISK_IO = 2005;
export const HOST_NET_IO = 2006;
export const MIB2_IP_GROUP = 2007;
export const MIB2_ICMP_GROUP = 2008;
export const MIB2_TCP_GROUP = 2009;
export const MIB2_UDP_GROUP = 2010;

/** sFlow Version 5, section 5: a counter that is not supported is sent as the maximum of its type. */
export const UNKNOWN_U32 = 0xffffffff;
export const UNKNOWN_U64 = 0xffffffffffffffffn;

// IEEE 802 numbers: EtherTypes that a raw IP device's header can start with.
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;
/** IEEE 802.3, section 3.2.9: frame check sequence; Linux does not see it, sFlow counts it. */
export const ETHERNET_FCS_BYTES = 4;

// RFC 2863, ifStatus as sFlow packs it (bit 0 ifAdminStatus, bit 1 ifOperStatus), and TruthValue.
export const IF_STATUS_ADMIN_UP = 1;
export const IF_STATUS_OPER_UP = 2;
export const TRUTH_VALUE_TRUE = 1;
export const TRUTH_VALUE_FALSE = 2;

/** Whether input or output of format 0 names the device itself; agents write either value in the expanded form. */
export function isLocalInterface(format: number, value: number): boolean {
  return (
    format === INTERFACE_FORMAT_IF_INDEX && (value === INTERFACE_LOCAL_EXPANDED || value === INTERFACE_LOCAL_COMPACT)
  );
}
