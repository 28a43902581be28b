-- Cumulative counters as the kernel reports them; names of IF-MIB (RFC 2863).
CREATE TABLE IF NOT EXISTS interface_counters
(
    time DateTime64(9, 'UTC') COMMENT 'When they were read' CODEC(DoubleDelta, ZSTD(1)),
    agent LowCardinality(String),
    bootId FixedString(32) COMMENT 'Start of the agent, hex: differences hold within one' CODEC(ZSTD(1)),
    ifIndex UInt32,
    ifName LowCardinality(String),
    ifType UInt32 COMMENT 'IANAifType',
    ifSpeed UInt64 COMMENT 'bit/s, 0 = unknown',
    ifDirection UInt8 COMMENT '0 unknown, 1 full duplex, 2 half duplex',
    adminUp Bool,
    operUp Bool,
    promiscuous Bool,
    mtu UInt32,
    inOctets UInt64 CODEC(Delta, ZSTD(1)),
    inPackets UInt64 CODEC(Delta, ZSTD(1)),
    inMulticast Nullable(UInt64) COMMENT 'NULL: the kernel does not say',
    inBroadcast Nullable(UInt64),
    inDiscards UInt64,
    inErrors UInt64,
    outOctets UInt64 CODEC(Delta, ZSTD(1)),
    outPackets UInt64 CODEC(Delta, ZSTD(1)),
    outMulticast Nullable(UInt64),
    outBroadcast Nullable(UInt64),
    outDiscards UInt64,
    outErrors UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (agent, ifIndex, time)
TTL toDateTime(time) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Interface counters of the agents: what the estimates of flows can be held against';
