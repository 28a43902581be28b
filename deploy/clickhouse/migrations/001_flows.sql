-- Flows as the aggregate workers emit them; column names are those of schemas/flow.v1.avsc.
CREATE TABLE IF NOT EXISTS flows
(
    windowStart DateTime64(3, 'UTC') COMMENT 'Start of the event-time window' CODEC(DoubleDelta, ZSTD(1)),
    windowMs UInt32 COMMENT 'Length of the window',
    late Bool COMMENT 'A further record of a window that had been emitted before',
    agent LowCardinality(String) COMMENT 'Host or switch that sampled',
    agentAddress IPv6 COMMENT 'Its sFlow agent address, IPv4 mapped',
    ifIndex UInt32 COMMENT 'Interface of the measuring point',
    ifName LowCardinality(String),
    direction Enum8('ingress' = 0, 'egress' = 1) COMMENT 'As seen from the interface',
    inputIfIndex UInt32 COMMENT 'Where a forwarded packet came in, 0 = unknown or local',
    outputIfIndex UInt32 COMMENT 'Where it is routed, 0 = unknown or local',
    vlanId UInt16 COMMENT 'Outer VLAN, 0 = untagged',
    innerVlanId UInt16,
    etherType UInt16 COMMENT 'After VLAN tags',
    srcAddress IPv6 COMMENT 'IPv4 mapped; :: when the packet has none' CODEC(ZSTD(1)),
    dstAddress IPv6 CODEC(ZSTD(1)),
    protocol UInt8 COMMENT 'IP protocol',
    srcPort UInt16,
    dstPort UInt16 COMMENT 'ICMP: type * 256 + code',
    dscp UInt8,
    stop UInt8 COMMENT 'Why decoding ended: 0 complete, 1 truncated, 2 malformed, 3 unsupported',
    samples UInt64 COMMENT 'Packets sampled: n' CODEC(T64, ZSTD(1)),
    packets UInt64 COMMENT 'Estimated packets' CODEC(T64, ZSTD(1)),
    bytes UInt64 COMMENT 'Estimated Ethernet bytes without FCS' CODEC(T64, ZSTD(1)),
    ipBytes UInt64 COMMENT 'Estimated IP bytes' CODEC(T64, ZSTD(1)),
    packetsVariance Float64 COMMENT 'Variance of packets: interval is +- 1.96 * sqrt(sum)' CODEC(ZSTD(1)),
    bytesVariance Float64 COMMENT 'Variance of bytes' CODEC(ZSTD(1)),
    firstNs DateTime64(9, 'UTC') COMMENT 'First sample' CODEC(Delta, ZSTD(1)),
    lastNs DateTime64(9, 'UTC') COMMENT 'Last sample' CODEC(Delta, ZSTD(1)),
    tcpFlags UInt16 COMMENT 'OR of all samples',
    minTtl UInt8,
    maxTtl UInt8,
    minLength UInt32 COMMENT 'Shortest frame',
    maxLength UInt32,
    decoderVersion UInt16
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(windowStart)
ORDER BY (windowStart, agent, ifIndex, direction, protocol, srcAddress, dstAddress, srcPort, dstPort)
TTL toDateTime(windowStart) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Flow records, one per key and window (more when samples come late); every measure adds up';

CREATE TABLE IF NOT EXISTS flows_1m
(
    minute DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String),
    ifIndex UInt32,
    ifName LowCardinality(String),
    direction Enum8('ingress' = 0, 'egress' = 1),
    vlanId UInt16,
    etherType UInt16,
    protocol UInt8,
    srcAddress IPv6 CODEC(ZSTD(1)),
    dstAddress IPv6 CODEC(ZSTD(1)),
    servicePort UInt16 COMMENT 'The lower of both ports (ICMP: type * 256 + code)',
    flows UInt64 COMMENT 'Flow records' CODEC(T64, ZSTD(1)),
    samples UInt64 CODEC(T64, ZSTD(1)),
    packets UInt64 CODEC(T64, ZSTD(1)),
    bytes UInt64 CODEC(T64, ZSTD(1)),
    ipBytes UInt64 CODEC(T64, ZSTD(1)),
    packetsVariance Float64 CODEC(ZSTD(1)),
    bytesVariance Float64 CODEC(ZSTD(1))
)
ENGINE = SummingMergeTree((flows, samples, packets, bytes, ipBytes, packetsVariance, bytesVariance))
PARTITION BY toYYYYMMDD(minute)
ORDER BY (minute, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort)
TTL minute + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Flows by minute; sum() the measures, rows merge in the background';

CREATE MATERIALIZED VIEW IF NOT EXISTS flows_1m_view TO flows_1m AS
SELECT
    toStartOfMinute(toDateTime(windowStart, 'UTC')) AS minute,
    agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress,
    if(protocol IN (1, 58), dstPort, least(srcPort, dstPort)) AS servicePort,
    count() AS flows,
    sum(flows.samples) AS samples,
    sum(flows.packets) AS packets,
    sum(flows.bytes) AS bytes,
    sum(flows.ipBytes) AS ipBytes,
    sum(flows.packetsVariance) AS packetsVariance,
    sum(flows.bytesVariance) AS bytesVariance
FROM flows
GROUP BY minute, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort;
