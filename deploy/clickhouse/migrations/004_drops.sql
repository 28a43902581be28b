-- Packets that kernels dropped, from tcxflow.drops.v1: exact totals by reason, and the packets that were chosen.
CREATE TABLE IF NOT EXISTS drops
(
    time DateTime64(9, 'UTC') COMMENT 'When the totals were read' CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Host whose kernel dropped',
    bootId FixedString(32) COMMENT 'Start of the agent, hex: differences hold within one' CODEC(ZSTD(1)),
    batchSequence UInt64 COMMENT 'From 1 without gaps, per bootId' CODEC(Delta, ZSTD(1)),
    reason LowCardinality(String) COMMENT 'As that kernel calls it, without SKB_DROP_REASON_',
    number UInt32 COMMENT 'In that kernel; others may number differently',
    buffers UInt64 COMMENT 'Cumulative: dropped as the kernel has them' CODEC(Delta, ZSTD(1)),
    packets UInt64 COMMENT 'Cumulative: the same on the wire, a GSO buffer counts as its segments' CODEC(Delta, ZSTD(1)),
    local UInt64 COMMENT 'Cumulative: of local sockets, which are no packets' CODEC(Delta, ZSTD(1)),
    selected UInt64 COMMENT 'Cumulative: buffers chosen' CODEC(Delta, ZSTD(1)),
    overBound UInt64 COMMENT 'Cumulative: of them lost to the bound per second',
    ringFull UInt64 COMMENT 'Cumulative: of them lost for want of room in the ring',
    missed UInt64 COMMENT 'Cumulative, of all reasons of the agent: drops that are in no counter'
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (agent, reason, time)
TTL toDateTime(time) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Dropped packets by reason, exact: cumulative counters, like interface_counters';

CREATE TABLE IF NOT EXISTS drop_samples
(
    time DateTime64(9, 'UTC') COMMENT 'Of the drop' CODEC(Delta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Host whose kernel dropped',
    bootId FixedString(32) COMMENT 'Start of the agent, hex' CODEC(ZSTD(1)),
    batchSequence UInt64 COMMENT 'Batch that it came in' CODEC(Delta, ZSTD(1)),
    reason LowCardinality(String) COMMENT 'As that kernel calls it, without SKB_DROP_REASON_',
    samplingRate UInt32 COMMENT 'N of 1:N when it was chosen',
    netns UInt64 COMMENT 'Inode of the network namespace as lsns shows it, 0 = unknown',
    ifIndex UInt32 COMMENT 'Interface that had it, in that namespace, 0 = none',
    ifName LowCardinality(String) COMMENT 'Its name, empty = none had it',
    inputIfIndex UInt32 COMMENT 'Where it came in, 0 = made by this host, or unknown',
    linkType Enum8('ethernet' = 0, 'ip' = 1) COMMENT 'What the header starts with',
    etherType UInt16 COMMENT 'As the kernel has it',
    segments UInt32 COMMENT 'Wire packets in the buffer',
    bytes UInt32 COMMENT 'Of the buffer, from where the header starts',
    srcAddress IPv6 COMMENT 'Decoded from the header, IPv4 mapped; :: when there is none' CODEC(ZSTD(1)),
    dstAddress IPv6 COMMENT 'As srcAddress' CODEC(ZSTD(1)),
    protocol UInt8 COMMENT 'IP protocol',
    srcPort UInt16 COMMENT '0 = none',
    dstPort UInt16 COMMENT 'ICMP: type * 256 + code',
    tcpFlags UInt16 COMMENT 'Of this packet',
    header String COMMENT 'First bytes, hex: unhex() makes them bytes' CODEC(ZSTD(3)),
    INDEX srcAddressBloom srcAddress TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX dstAddressBloom dstAddress TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (agent, reason, time)
TTL toDateTime(time) + INTERVAL 14 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Dropped packets that were chosen, 1 of samplingRate, with their first bytes';
