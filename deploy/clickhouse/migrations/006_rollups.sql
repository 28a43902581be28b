-- Rollups: 5 m, 1 h and 1 d as the one of a minute, each made of the next finer one's new rows; hosts and prefixes by hour.
-- Every measure is a sum, so that parts of a block, retries and late records add up in any order.
ALTER TABLE flows_1m
    ADD COLUMN IF NOT EXISTS tunnelKind UInt8 COMMENT 'Of the innermost tunnel, 0 = none',
    ADD COLUMN IF NOT EXISTS srcAs UInt32 COMMENT 'Autonomous system of srcAddress; this and all that follow are those of one of the flows, no part of the key' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS dstAs UInt32 COMMENT 'Of dstAddress' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS srcCountry LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2, empty = unknown',
    ADD COLUMN IF NOT EXISTS dstCountry LowCardinality(String) COMMENT 'Of dstAddress',
    ADD COLUMN IF NOT EXISTS srcNetwork LowCardinality(String) COMMENT 'Name of the network that srcAddress is in',
    ADD COLUMN IF NOT EXISTS dstNetwork LowCardinality(String) COMMENT 'Of dstAddress',
    ADD COLUMN IF NOT EXISTS ifBoundary LowCardinality(String) COMMENT 'external, internal, or empty',
    ADD COLUMN IF NOT EXISTS agentSite LowCardinality(String) COMMENT 'Where the agent is',
    ADD COLUMN IF NOT EXISTS agentRole LowCardinality(String) COMMENT 'What the agent does',
    MODIFY ORDER BY (minute, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind),
    ADD INDEX IF NOT EXISTS srcAddressBloom srcAddress TYPE bloom_filter(0.01) GRANULARITY 4,
    ADD INDEX IF NOT EXISTS dstAddressBloom dstAddress TYPE bloom_filter(0.01) GRANULARITY 4;

ALTER TABLE flows_1m_view MODIFY QUERY
SELECT
    toStartOfMinute(toDateTime(windowStart, 'UTC')) AS minute,
    agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress,
    if(protocol IN (1, 58), dstPort, least(srcPort, dstPort)) AS servicePort,
    tunnelKind,
    any(flows.srcAs) AS srcAs,
    any(flows.dstAs) AS dstAs,
    any(flows.srcCountry) AS srcCountry,
    any(flows.dstCountry) AS dstCountry,
    any(flows.srcNetwork) AS srcNetwork,
    any(flows.dstNetwork) AS dstNetwork,
    any(flows.ifBoundary) AS ifBoundary,
    any(flows.agentSite) AS agentSite,
    any(flows.agentRole) AS agentRole,
    count() AS flows,
    sum(flows.samples) AS samples,
    sum(flows.packets) AS packets,
    sum(flows.bytes) AS bytes,
    sum(flows.ipBytes) AS ipBytes,
    sum(flows.packetsVariance) AS packetsVariance,
    sum(flows.bytesVariance) AS bytesVariance
FROM flows
GROUP BY minute, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind;

CREATE TABLE IF NOT EXISTS flows_5m
(
    time DateTime('UTC') COMMENT 'Start of five minutes' CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Host or switch that sampled',
    ifIndex UInt32 COMMENT 'Interface of the measuring point',
    ifName LowCardinality(String) COMMENT 'Its name',
    direction Enum8('ingress' = 0, 'egress' = 1) COMMENT 'As seen from the interface',
    vlanId UInt16 COMMENT 'Outer VLAN, 0 = untagged',
    etherType UInt16 COMMENT 'After VLAN tags',
    protocol UInt8 COMMENT 'IP protocol',
    srcAddress IPv6 COMMENT 'IPv4 mapped; :: when the packet has none' CODEC(ZSTD(1)),
    dstAddress IPv6 COMMENT 'As srcAddress' CODEC(ZSTD(1)),
    servicePort UInt16 COMMENT 'The lower of both ports (ICMP: type * 256 + code)',
    tunnelKind UInt8 COMMENT 'Of the innermost tunnel, 0 = none',
    srcAs UInt32 COMMENT 'Autonomous system of srcAddress; this and all up to agentRole are those of one of the flows, no part of the key' CODEC(ZSTD(1)),
    dstAs UInt32 COMMENT 'Of dstAddress' CODEC(ZSTD(1)),
    srcCountry LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2, empty = unknown',
    dstCountry LowCardinality(String) COMMENT 'Of dstAddress',
    srcNetwork LowCardinality(String) COMMENT 'Name of the network that srcAddress is in',
    dstNetwork LowCardinality(String) COMMENT 'Of dstAddress',
    ifBoundary LowCardinality(String) COMMENT 'external, internal, or empty',
    agentSite LowCardinality(String) COMMENT 'Where the agent is',
    agentRole LowCardinality(String) COMMENT 'What the agent does',
    flows UInt64 COMMENT 'Flow records' CODEC(T64, ZSTD(1)),
    samples UInt64 COMMENT 'Packets sampled: n' CODEC(T64, ZSTD(1)),
    packets UInt64 COMMENT 'Estimated packets' CODEC(T64, ZSTD(1)),
    bytes UInt64 COMMENT 'Estimated Ethernet bytes without FCS' CODEC(T64, ZSTD(1)),
    ipBytes UInt64 COMMENT 'Estimated IP bytes' CODEC(T64, ZSTD(1)),
    packetsVariance Float64 COMMENT 'Variance of packets' CODEC(ZSTD(1)),
    bytesVariance Float64 COMMENT 'Variance of bytes' CODEC(ZSTD(1)),
    INDEX srcAddressBloom srcAddress TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX dstAddressBloom dstAddress TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = SummingMergeTree((flows, samples, packets, bytes, ipBytes, packetsVariance, bytesVariance))
PARTITION BY toYYYYMMDD(time)
ORDER BY (time, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind)
TTL time + INTERVAL 180 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Flows by five minutes; sum() the measures, rows merge in the background';

CREATE MATERIALIZED VIEW IF NOT EXISTS flows_5m_view TO flows_5m AS
SELECT
    toStartOfFiveMinutes(minute) AS time,
    agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind,
    any(flows_1m.srcAs) AS srcAs, any(flows_1m.dstAs) AS dstAs, any(flows_1m.srcCountry) AS srcCountry, any(flows_1m.dstCountry) AS dstCountry, any(flows_1m.srcNetwork) AS srcNetwork, any(flows_1m.dstNetwork) AS dstNetwork, any(flows_1m.ifBoundary) AS ifBoundary, any(flows_1m.agentSite) AS agentSite, any(flows_1m.agentRole) AS agentRole,
    sum(flows_1m.flows) AS flows, sum(flows_1m.samples) AS samples, sum(flows_1m.packets) AS packets, sum(flows_1m.bytes) AS bytes, sum(flows_1m.ipBytes) AS ipBytes, sum(flows_1m.packetsVariance) AS packetsVariance, sum(flows_1m.bytesVariance) AS bytesVariance
FROM flows_1m
GROUP BY time, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind;

CREATE TABLE IF NOT EXISTS flows_1h
(
    time DateTime('UTC') COMMENT 'Start of the hour' CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Host or switch that sampled',
    ifIndex UInt32 COMMENT 'Interface of the measuring point',
    ifName LowCardinality(String) COMMENT 'Its name',
    direction Enum8('ingress' = 0, 'egress' = 1) COMMENT 'As seen from the interface',
    vlanId UInt16 COMMENT 'Outer VLAN, 0 = untagged',
    etherType UInt16 COMMENT 'After VLAN tags',
    protocol UInt8 COMMENT 'IP protocol',
    srcAddress IPv6 COMMENT 'IPv4 mapped; :: when the packet has none' CODEC(ZSTD(1)),
    dstAddress IPv6 COMMENT 'As srcAddress' CODEC(ZSTD(1)),
    servicePort UInt16 COMMENT 'The lower of both ports (ICMP: type * 256 + code)',
    tunnelKind UInt8 COMMENT 'Of the innermost tunnel, 0 = none',
    srcAs UInt32 COMMENT 'Autonomous system of srcAddress; this and all up to agentRole are those of one of the flows, no part of the key' CODEC(ZSTD(1)),
    dstAs UInt32 COMMENT 'Of dstAddress' CODEC(ZSTD(1)),
    srcCountry LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2, empty = unknown',
    dstCountry LowCardinality(String) COMMENT 'Of dstAddress',
    srcNetwork LowCardinality(String) COMMENT 'Name of the network that srcAddress is in',
    dstNetwork LowCardinality(String) COMMENT 'Of dstAddress',
    ifBoundary LowCardinality(String) COMMENT 'external, internal, or empty',
    agentSite LowCardinality(String) COMMENT 'Where the agent is',
    agentRole LowCardinality(String) COMMENT 'What the agent does',
    flows UInt64 COMMENT 'Flow records' CODEC(T64, ZSTD(1)),
    samples UInt64 COMMENT 'Packets sampled: n' CODEC(T64, ZSTD(1)),
    packets UInt64 COMMENT 'Estimated packets' CODEC(T64, ZSTD(1)),
    bytes UInt64 COMMENT 'Estimated Ethernet bytes without FCS' CODEC(T64, ZSTD(1)),
    ipBytes UInt64 COMMENT 'Estimated IP bytes' CODEC(T64, ZSTD(1)),
    packetsVariance Float64 COMMENT 'Variance of packets' CODEC(ZSTD(1)),
    bytesVariance Float64 COMMENT 'Variance of bytes' CODEC(ZSTD(1)),
    INDEX srcAddressBloom srcAddress TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX dstAddressBloom dstAddress TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = SummingMergeTree((flows, samples, packets, bytes, ipBytes, packetsVariance, bytesVariance))
PARTITION BY toYYYYMM(time)
ORDER BY (time, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind)
TTL time + INTERVAL 730 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Flows by the hour; sum() the measures, rows merge in the background';

CREATE MATERIALIZED VIEW IF NOT EXISTS flows_1h_view TO flows_1h AS
SELECT
    toStartOfHour(flows_5m.time) AS time,
    agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind,
    any(flows_5m.srcAs) AS srcAs, any(flows_5m.dstAs) AS dstAs, any(flows_5m.srcCountry) AS srcCountry, any(flows_5m.dstCountry) AS dstCountry, any(flows_5m.srcNetwork) AS srcNetwork, any(flows_5m.dstNetwork) AS dstNetwork, any(flows_5m.ifBoundary) AS ifBoundary, any(flows_5m.agentSite) AS agentSite, any(flows_5m.agentRole) AS agentRole,
    sum(flows_5m.flows) AS flows, sum(flows_5m.samples) AS samples, sum(flows_5m.packets) AS packets, sum(flows_5m.bytes) AS bytes, sum(flows_5m.ipBytes) AS ipBytes, sum(flows_5m.packetsVariance) AS packetsVariance, sum(flows_5m.bytesVariance) AS bytesVariance
FROM flows_5m
GROUP BY time, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind;

CREATE TABLE IF NOT EXISTS flows_1d
(
    time DateTime('UTC') COMMENT 'Start of the day (UTC)' CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Host or switch that sampled',
    ifIndex UInt32 COMMENT 'Interface of the measuring point',
    ifName LowCardinality(String) COMMENT 'Its name',
    direction Enum8('ingress' = 0, 'egress' = 1) COMMENT 'As seen from the interface',
    vlanId UInt16 COMMENT 'Outer VLAN, 0 = untagged',
    etherType UInt16 COMMENT 'After VLAN tags',
    protocol UInt8 COMMENT 'IP protocol',
    srcAddress IPv6 COMMENT 'IPv4 mapped; :: when the packet has none' CODEC(ZSTD(1)),
    dstAddress IPv6 COMMENT 'As srcAddress' CODEC(ZSTD(1)),
    servicePort UInt16 COMMENT 'The lower of both ports (ICMP: type * 256 + code)',
    tunnelKind UInt8 COMMENT 'Of the innermost tunnel, 0 = none',
    srcAs UInt32 COMMENT 'Autonomous system of srcAddress; this and all up to agentRole are those of one of the flows, no part of the key' CODEC(ZSTD(1)),
    dstAs UInt32 COMMENT 'Of dstAddress' CODEC(ZSTD(1)),
    srcCountry LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2, empty = unknown',
    dstCountry LowCardinality(String) COMMENT 'Of dstAddress',
    srcNetwork LowCardinality(String) COMMENT 'Name of the network that srcAddress is in',
    dstNetwork LowCardinality(String) COMMENT 'Of dstAddress',
    ifBoundary LowCardinality(String) COMMENT 'external, internal, or empty',
    agentSite LowCardinality(String) COMMENT 'Where the agent is',
    agentRole LowCardinality(String) COMMENT 'What the agent does',
    flows UInt64 COMMENT 'Flow records' CODEC(T64, ZSTD(1)),
    samples UInt64 COMMENT 'Packets sampled: n' CODEC(T64, ZSTD(1)),
    packets UInt64 COMMENT 'Estimated packets' CODEC(T64, ZSTD(1)),
    bytes UInt64 COMMENT 'Estimated Ethernet bytes without FCS' CODEC(T64, ZSTD(1)),
    ipBytes UInt64 COMMENT 'Estimated IP bytes' CODEC(T64, ZSTD(1)),
    packetsVariance Float64 COMMENT 'Variance of packets' CODEC(ZSTD(1)),
    bytesVariance Float64 COMMENT 'Variance of bytes' CODEC(ZSTD(1)),
    INDEX srcAddressBloom srcAddress TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX dstAddressBloom dstAddress TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = SummingMergeTree((flows, samples, packets, bytes, ipBytes, packetsVariance, bytesVariance))
PARTITION BY toYYYYMM(time)
ORDER BY (time, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind)
TTL time + INTERVAL 3650 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Flows by the day (UTC); sum() the measures, rows merge in the background';

CREATE MATERIALIZED VIEW IF NOT EXISTS flows_1d_view TO flows_1d AS
SELECT
    toStartOfDay(flows_1h.time) AS time,
    agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind,
    any(flows_1h.srcAs) AS srcAs, any(flows_1h.dstAs) AS dstAs, any(flows_1h.srcCountry) AS srcCountry, any(flows_1h.dstCountry) AS dstCountry, any(flows_1h.srcNetwork) AS srcNetwork, any(flows_1h.dstNetwork) AS dstNetwork, any(flows_1h.ifBoundary) AS ifBoundary, any(flows_1h.agentSite) AS agentSite, any(flows_1h.agentRole) AS agentRole,
    sum(flows_1h.flows) AS flows, sum(flows_1h.samples) AS samples, sum(flows_1h.packets) AS packets, sum(flows_1h.bytes) AS bytes, sum(flows_1h.ipBytes) AS ipBytes, sum(flows_1h.packetsVariance) AS packetsVariance, sum(flows_1h.bytesVariance) AS bytesVariance
FROM flows_1h
GROUP BY time, agent, ifIndex, ifName, direction, vlanId, etherType, protocol, srcAddress, dstAddress, servicePort, tunnelKind;

CREATE TABLE IF NOT EXISTS flows_hosts_1h
(
    time DateTime('UTC') COMMENT 'Start of the hour' CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Host or switch that sampled',
    ifIndex UInt32 COMMENT 'Interface of the measuring point',
    direction Enum8('ingress' = 0, 'egress' = 1) COMMENT 'As seen from the interface',
    address IPv6 COMMENT 'IPv4 mapped' CODEC(ZSTD(1)),
    flowsSent SimpleAggregateFunction(sum, UInt64) COMMENT 'Flow records with the address as source' CODEC(T64, ZSTD(1)),
    samplesSent SimpleAggregateFunction(sum, UInt64) COMMENT 'Packets sampled of them' CODEC(T64, ZSTD(1)),
    packetsSent SimpleAggregateFunction(sum, UInt64) COMMENT 'Estimated packets' CODEC(T64, ZSTD(1)),
    bytesSent SimpleAggregateFunction(sum, UInt64) COMMENT 'Estimated bytes' CODEC(T64, ZSTD(1)),
    packetsSentVariance SimpleAggregateFunction(sum, Float64) COMMENT 'Variance of packetsSent' CODEC(ZSTD(1)),
    bytesSentVariance SimpleAggregateFunction(sum, Float64) COMMENT 'Variance of bytesSent' CODEC(ZSTD(1)),
    flowsReceived SimpleAggregateFunction(sum, UInt64) COMMENT 'Flow records with the address as destination' CODEC(T64, ZSTD(1)),
    samplesReceived SimpleAggregateFunction(sum, UInt64) COMMENT 'Packets sampled of them' CODEC(T64, ZSTD(1)),
    packetsReceived SimpleAggregateFunction(sum, UInt64) COMMENT 'Estimated packets' CODEC(T64, ZSTD(1)),
    bytesReceived SimpleAggregateFunction(sum, UInt64) COMMENT 'Estimated bytes' CODEC(T64, ZSTD(1)),
    packetsReceivedVariance SimpleAggregateFunction(sum, Float64) COMMENT 'Variance of packetsReceived' CODEC(ZSTD(1)),
    bytesReceivedVariance SimpleAggregateFunction(sum, Float64) COMMENT 'Variance of bytesReceived' CODEC(ZSTD(1)),
    peers AggregateFunction(uniqCombined(12), IPv6) COMMENT 'Addresses that it talked with: uniqCombinedMerge(12)(peers)',
    INDEX addressBloom address TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (time, agent, ifIndex, direction, address)
TTL time + INTERVAL 730 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'What each address sent and received, and with how many it talked, by the hour';

CREATE MATERIALIZED VIEW IF NOT EXISTS flows_hosts_1h_view TO flows_hosts_1h AS
SELECT
    time, agent, ifIndex, direction, side.1 AS address,
    sumIf(flows_1h.flows, side.3 = 0) AS flowsSent,
    sumIf(samples, side.3 = 0) AS samplesSent,
    sumIf(packets, side.3 = 0) AS packetsSent,
    sumIf(bytes, side.3 = 0) AS bytesSent,
    sumIf(packetsVariance, side.3 = 0) AS packetsSentVariance,
    sumIf(bytesVariance, side.3 = 0) AS bytesSentVariance,
    sumIf(flows_1h.flows, side.3 = 1) AS flowsReceived,
    sumIf(samples, side.3 = 1) AS samplesReceived,
    sumIf(packets, side.3 = 1) AS packetsReceived,
    sumIf(bytes, side.3 = 1) AS bytesReceived,
    sumIf(packetsVariance, side.3 = 1) AS packetsReceivedVariance,
    sumIf(bytesVariance, side.3 = 1) AS bytesReceivedVariance,
    uniqCombinedState(12)(side.2) AS peers
FROM flows_1h
ARRAY JOIN [(srcAddress, dstAddress, 0), (dstAddress, srcAddress, 1)] AS side
GROUP BY time, agent, ifIndex, direction, address;

CREATE TABLE IF NOT EXISTS flows_prefixes_1h
(
    time DateTime('UTC') COMMENT 'Start of the hour' CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Host or switch that sampled',
    ifIndex UInt32 COMMENT 'Interface of the measuring point',
    direction Enum8('ingress' = 0, 'egress' = 1) COMMENT 'As seen from the interface',
    protocol UInt8 COMMENT 'IP protocol',
    srcPrefix IPv6 COMMENT 'First address of the /24 (IPv4, mapped) or /48 (IPv6) that the source is in' CODEC(ZSTD(1)),
    dstPrefix IPv6 COMMENT 'Of the destination' CODEC(ZSTD(1)),
    flows UInt64 COMMENT 'Flow records' CODEC(T64, ZSTD(1)),
    samples UInt64 COMMENT 'Packets sampled: n' CODEC(T64, ZSTD(1)),
    packets UInt64 COMMENT 'Estimated packets' CODEC(T64, ZSTD(1)),
    bytes UInt64 COMMENT 'Estimated Ethernet bytes without FCS' CODEC(T64, ZSTD(1)),
    ipBytes UInt64 COMMENT 'Estimated IP bytes' CODEC(T64, ZSTD(1)),
    packetsVariance Float64 COMMENT 'Variance of packets' CODEC(ZSTD(1)),
    bytesVariance Float64 COMMENT 'Variance of bytes' CODEC(ZSTD(1))
)
ENGINE = SummingMergeTree((flows, samples, packets, bytes, ipBytes, packetsVariance, bytesVariance))
PARTITION BY toYYYYMM(time)
ORDER BY (time, agent, ifIndex, direction, protocol, srcPrefix, dstPrefix)
TTL time + INTERVAL 730 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Flows by /24 and /48 prefixes and hour; sum() the measures, rows merge in the background';

CREATE MATERIALIZED VIEW IF NOT EXISTS flows_prefixes_1h_view TO flows_prefixes_1h AS
SELECT
    time, agent, ifIndex, direction, protocol,
    IPv6CIDRToRange(srcAddress, if(startsWith(IPv6NumToString(srcAddress), '::ffff:'), 120, 48)).1 AS srcPrefix,
    IPv6CIDRToRange(dstAddress, if(startsWith(IPv6NumToString(dstAddress), '::ffff:'), 120, 48)).1 AS dstPrefix,
    sum(flows_1h.flows) AS flows, sum(flows_1h.samples) AS samples, sum(flows_1h.packets) AS packets, sum(flows_1h.bytes) AS bytes,
    sum(flows_1h.ipBytes) AS ipBytes, sum(flows_1h.packetsVariance) AS packetsVariance, sum(flows_1h.bytesVariance) AS bytesVariance
FROM flows_1h
GROUP BY time, agent, ifIndex, direction, protocol, srcPrefix, dstPrefix;
