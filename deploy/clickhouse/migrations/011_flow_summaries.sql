-- Summaries of flows by the key sets of aggregate.key_sets; column names are those of schemas/flow-summary.v1.avsc.
CREATE TABLE IF NOT EXISTS flow_summaries
(
    windowStart DateTime64(3, 'UTC') COMMENT 'Start of the event-time window' CODEC(DoubleDelta, ZSTD(1)),
    windowMs UInt32 COMMENT 'Length of the window',
    late Bool COMMENT 'A further record of a window that had been emitted before',
    keySet LowCardinality(String) COMMENT 'Name of the key set: ask one at a time, all are sums of the same samples',
    keyFields LowCardinality(String) COMMENT 'Columns that the rows are told apart by, all others up to dstNetwork are zero or empty; /24/48 behind an address: bits of IPv4 and IPv6 that count',
    agent LowCardinality(String) COMMENT 'Host or switch that sampled',
    agentSite LowCardinality(String) COMMENT 'Where the agent is',
    agentRole LowCardinality(String) COMMENT 'What the agent does',
    ifIndex UInt32 COMMENT 'Interface of the measuring point',
    ifName LowCardinality(String) COMMENT 'Its name',
    ifAlias LowCardinality(String) COMMENT 'Of the measuring point',
    ifBoundary LowCardinality(String) COMMENT 'external, internal, or empty',
    direction LowCardinality(String) COMMENT 'ingress or egress as seen from the interface, empty = not in the key',
    inputIfIndex UInt32 COMMENT 'Where a forwarded packet came in, 0 = unknown or local',
    outputIfIndex UInt32 COMMENT 'Where it is routed, 0 = unknown or local',
    vlanId UInt16 COMMENT 'Outer VLAN, 0 = untagged',
    innerVlanId UInt16 COMMENT 'Second VLAN tag, 0 = none',
    etherType UInt16 COMMENT 'After VLAN tags',
    srcAddress IPv6 COMMENT 'IPv4 mapped; :: when the packet has none' CODEC(ZSTD(1)),
    dstAddress IPv6 COMMENT 'As srcAddress' CODEC(ZSTD(1)),
    protocol UInt8 COMMENT 'IP protocol',
    srcPort UInt16 COMMENT '0 = none' CODEC(ZSTD(1)),
    dstPort UInt16 COMMENT 'ICMP: type * 256 + code' CODEC(ZSTD(1)),
    dscp UInt8 COMMENT 'Differentiated services code point of the IP header',
    stop UInt8 COMMENT 'Why decoding ended: 0 complete, 1 truncated, 2 malformed, 3 unsupported',
    tunnelKind UInt8 COMMENT 'Of the innermost tunnel: 0 none, 1 GRE, 4 VXLAN, 6 Geneve, …; tunnel_name() says it',
    tunnelId UInt64 COMMENT 'Its VNI, key, TEID, session or SPI' CODEC(T64, ZSTD(1)),
    outerSrcAddress IPv6 COMMENT 'Of the outermost IP header; :: without a tunnel' CODEC(ZSTD(1)),
    outerDstAddress IPv6 COMMENT 'As outerSrcAddress' CODEC(ZSTD(1)),
    mplsLabel UInt32 COMMENT 'Top label',
    srcAs UInt32 COMMENT 'Autonomous system of srcAddress, 0 = unknown' CODEC(ZSTD(1)),
    dstAs UInt32 COMMENT 'Of dstAddress' CODEC(ZSTD(1)),
    srcCountry LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2, empty = unknown',
    dstCountry LowCardinality(String) COMMENT 'Of dstAddress',
    srcNetwork LowCardinality(String) COMMENT 'Name of the network that srcAddress is in, empty = in none',
    dstNetwork LowCardinality(String) COMMENT 'Of dstAddress',
    samples UInt64 COMMENT 'Packets sampled: n' CODEC(T64, ZSTD(1)),
    packets UInt64 COMMENT 'Estimated packets' CODEC(T64, ZSTD(1)),
    bytes UInt64 COMMENT 'Estimated Ethernet bytes without FCS' CODEC(T64, ZSTD(1)),
    ipBytes UInt64 COMMENT 'Estimated IP bytes' CODEC(T64, ZSTD(1)),
    packetsVariance Float64 COMMENT 'Variance of packets: interval is +- 1.96 * sqrt(sum)' CODEC(ZSTD(1)),
    bytesVariance Float64 COMMENT 'Variance of bytes' CODEC(ZSTD(3)),
    firstNs DateTime64(9, 'UTC') COMMENT 'First sample' CODEC(T64, ZSTD(1)),
    lastNs DateTime64(9, 'UTC') COMMENT 'Last sample' CODEC(T64, ZSTD(1)),
    tcpFlags UInt16 COMMENT 'OR of all samples',
    minTtl UInt8 COMMENT 'Smallest TTL or hop limit' CODEC(ZSTD(1)),
    maxTtl UInt8 COMMENT 'Largest TTL or hop limit' CODEC(ZSTD(1)),
    minLength UInt32 COMMENT 'Shortest frame' CODEC(T64, ZSTD(1)),
    maxLength UInt32 COMMENT 'Longest frame' CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(windowStart)
ORDER BY (keySet, windowStart, agent, ifIndex, direction, protocol, srcAddress, dstAddress, srcAs, dstAs, srcPort, dstPort)
TTL toDateTime(windowStart) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Sums by the key sets of aggregate.key_sets, several records per key and window: choose one keySet and sum() the measures';
