/** One header as tshark names it; keys as in make-expected.py of the shared captures. */
export interface SeenLayer {
  l: string;
  [field: string]: number | string | undefined;
}

export interface SeenPacket {
  len: number;
  caplen: number;
  protocols: string;
  malformed: boolean;
  layers: SeenLayer[];
}

export const extensionKinds = new Set(['ipv6.hopopts', 'ipv6.routing', 'ipv6.dstopts', 'ipv6.fraghdr', 'ah']);

/** Header → tshark's field → key. */
export const tsharkFields: Record<string, Record<string, string>> = {
  eth: { 'eth.dst': 'dst', 'eth.src': 'src', 'eth.type': 'type', 'eth.len': 'len' },
  sll: { 'sll.src.eth': 'src', 'sll.etype': 'type', 'sll.ltype': 'ltype' },
  chdlc: { 'chdlc.protocol': 'type' },
  nflog: { 'nflog.family': 'family' },
  null: { 'null.family': 'family' },
  vlan: { 'vlan.id': 'id', 'vlan.etype': 'type', 'vlan.len': 'len' },
  ieee8021ad: { 'ieee8021ad.id': 'id' },
  etag: {},
  cmd: {},
  etherip: {},
  ieee8021ah: {
    'ieee8021ah.isid': 'isid',
    'ieee8021ah.cdst': 'dst',
    'ieee8021ah.csrc': 'src',
    'ieee8021ah.etype': 'type',
  },
  vntag: {},
  llc: { 'llc.dsap': 'dsap', 'llc.control': 'ctrl', 'llc.oui': 'oui', 'llc.type': 'type' },
  macsec: { 'macsec.etype': 'type' },
  mpls: { 'mpls.label': 'label', 'mpls.bottom': 'bos' },
  pppoes: { 'pppoe.code': 'code' },
  pppoed: { 'pppoe.code': 'code' },
  ppp: { 'ppp.protocol': 'proto' },
  arp: {
    'arp.hw.type': 'hw',
    'arp.proto.type': 'proto',
    'arp.src.proto_ipv4': 'spa',
    'arp.dst.proto_ipv4': 'tpa',
  },
  ip: {
    'ip.src': 'src',
    'ip.dst': 'dst',
    'ip.proto': 'proto',
    'ip.len': 'len',
    'ip.ttl': 'ttl',
    'ip.dsfield': 'tos',
    'ip.flags.mf': 'mf',
  },
  ipv6: {
    'ipv6.src': 'src',
    'ipv6.dst': 'dst',
    'ipv6.plen': 'plen',
    'ipv6.nxt': 'nxt',
    'ipv6.hlim': 'ttl',
    'ipv6.tclass': 'tos',
    'ipv6.flow': 'flow',
  },
  'ipv6.hopopts': { 'ipv6.hopopts.nxt': 'nxt', 'ipv6.opt.jumbo': 'jumbo' },
  'ipv6.routing': { 'ipv6.routing.nxt': 'nxt' },
  'ipv6.dstopts': { 'ipv6.dstopts.nxt': 'nxt' },
  'ipv6.fraghdr': { 'ipv6.fraghdr.nxt': 'nxt', 'ipv6.fraghdr.more': 'mf' },
  // HIP, Shim6 and mobility are protocols of their own there.
  hip: { 'hip.proto': 'nxt' },
  shim6: { 'shim6.nxt': 'nxt' },
  mipv6: { 'mipv6.proto': 'nxt' },
  ah: { 'ah.next_header': 'nxt', 'ah.spi': 'spi' },
  esp: { 'esp.spi': 'spi' },
  tcp: {
    'tcp.srcport': 'sport',
    'tcp.dstport': 'dport',
    'tcp.flags': 'flags',
    'tcp.window_size_value': 'win',
    'tcp.options.mss_val': 'mss',
  },
  udp: { 'udp.srcport': 'sport', 'udp.dstport': 'dport' },
  udplite: { 'udp.srcport': 'sport', 'udp.dstport': 'dport' },
  sctp: { 'sctp.srcport': 'sport', 'sctp.dstport': 'dport' },
  dccp: { 'dccp.srcport': 'sport', 'dccp.dstport': 'dport' },
  icmp: { 'icmp.type': 'type', 'icmp.code': 'code' },
  icmpv6: { 'icmpv6.type': 'type', 'icmpv6.code': 'code' },
  igmp: {},
  pim: {},
  ospf: {},
  vrrp: {},
  gre: {
    'gre.flags.checksum': 'c',
    'gre.flags.key': 'k',
    'gre.flags.sequence_number': 's',
    'gre.flags.version': 'ver',
    'gre.proto': 'proto',
    'gre.key': 'key',
    'gre.key.call_id': 'call_id',
  },
  erspan: { 'erspan.version': 'ver', 'erspan.spanid': 'span' },
  vxlan: { 'vxlan.vni': 'vni', 'vxlan.next_proto': 'next' },
  geneve: { 'geneve.vni': 'vni', 'geneve.proto_type': 'proto' },
  nsh: {},
  gtp: { 'gtp.message': 'msg', 'gtp.teid': 'teid' },
  l2tp: {
    'l2tp.type': 'type',
    'l2tp.tunnel': 'tunnel',
    'l2tp.session': 'session',
    'l2tp.sid': 'sid',
    'l2tp.version': 'ver',
  },
  pwethcw: {},
  teredo: {},
  wg: { 'wg.type': 'type', 'wg.receiver': 'receiver' },
};
