-- What the writer removed to stay below writer.retention.max_bytes: docs/how-to/cap-the-disk.md.
CREATE TABLE IF NOT EXISTS removed
(
    table LowCardinality(String) COMMENT 'Whose rows',
    partition String COMMENT 'As system.parts has it: a day, 20260131, or a month, 202601',
    since DateTime('UTC') COMMENT 'Start of that day or month',
    until DateTime('UTC') COMMENT 'Its end: what lies between is gone from the table',
    rows UInt64 COMMENT 'Removed, of all shards',
    bytes UInt64 COMMENT 'On disk, of all nodes',
    lastBlock UInt64 COMMENT 'Largest block number of what was removed: late rows that are removed in their turn have a larger one',
    maxBytes UInt64 COMMENT 'writer.retention.max_bytes at that time',
    removedAt DateTime64(3, 'UTC') COMMENT 'When; the row is written just before'
)
ENGINE = ReplacingMergeTree(removedAt)
ORDER BY (table, partition, lastBlock)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Partitions that were removed for want of room, by writer.retention.max_bytes; what is removed for its age is not here; read it with FINAL';
