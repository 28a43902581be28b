-- Samples with their header bytes, for who wants to look at packets: writer.samples.
CREATE TABLE IF NOT EXISTS samples
(
    time DateTime64(9, 'UTC') COMMENT 'Of the packet, by its kernel' CODEC(Delta, ZSTD(1)),
    agent LowCardinality(String) COMMENT 'Host or switch that sampled',
    bootId FixedString(32) COMMENT 'Start of the agent, hex' CODEC(ZSTD(1)),
    ifIndex UInt32 COMMENT 'Interface of the measuring point',
    ifName LowCardinality(String) COMMENT 'Its name',
    direction Enum8('ingress' = 0, 'egress' = 1) COMMENT 'As seen from the interface',
    linkType Enum8('ethernet' = 0, 'ip' = 1) COMMENT 'What the header starts with',
    sequence UInt64 COMMENT 'Number of the first sample of this buffer, from 1 for each start, interface and direction' CODEC(Delta, ZSTD(1)),
    samplingRate UInt32 COMMENT 'N of 1:N when it was chosen',
    sampleCount UInt32 COMMENT 'Packets chosen of this buffer: 1, or more with segmentation offload',
    segments UInt32 COMMENT 'Packets in it, on the wire',
    wireBytes UInt32 COMMENT 'Bytes of all of them',
    etherType UInt16 COMMENT 'As the kernel has it',
    inputIfIndex UInt32 COMMENT 'Where a forwarded packet came in, 0 = unknown or local',
    outputIfIndex UInt32 COMMENT 'Where it is routed, 0 = unknown or local',
    header String COMMENT 'First bytes, as they are: hex(header)' CODEC(ZSTD(3)),
    batchSequence UInt64 COMMENT 'Number of its batch' CODEC(DoubleDelta, ZSTD(1)),
    partition UInt16 COMMENT 'Where that stands in tcxflow.raw-samples.v1',
    offset UInt64 COMMENT 'As partition' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (agent, time, bootId, ifIndex, direction, sequence)
TTL toDateTime(time) + INTERVAL 2 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Every sample, with its header bytes, when writer.samples is on; read it with FINAL: a batch that capture sent twice is there twice until parts merge';
