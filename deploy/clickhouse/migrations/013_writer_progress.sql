-- Which blocks are in the tables: a row for each, written after all of its inserts and before Kafka's commit moves on, so that
-- what is in is never inserted again, also when Kafka or the tables have forgotten: docs/explanation/delivery.md.
CREATE TABLE IF NOT EXISTS writer_progress
(
    cluster LowCardinality(String) COMMENT 'Id of the Kafka cluster',
    topic LowCardinality(String) COMMENT 'Topic that the block is of',
    partition UInt32 COMMENT 'Its partition',
    firstOffset UInt64 COMMENT 'The block’s first message' CODEC(Delta, ZSTD(1)),
    lastOffset UInt64 COMMENT 'Its last: all up to here are in the tables' CODEC(Delta, ZSTD(1)),
    newest DateTime64(3, 'UTC') COMMENT 'Largest Kafka timestamp up to here: messages of a topic that was made anew are later' CODEC(Delta, ZSTD(1)),
    rows UInt32 COMMENT 'Inserted, all tables together' CODEC(T64, ZSTD(1)),
    writtenAt DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the block was in' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(writtenAt)
ORDER BY (cluster, topic, partition, lastOffset)
TTL toDateTime(writtenAt) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
COMMENT 'Blocks that are in the tables, by topic and partition';
