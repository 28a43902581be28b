import type { Metrics } from '@tcxflow/common/metrics.ts';

export type WriterMetrics = ReturnType<typeof createWriterMetrics>;

export function createWriterMetrics(metrics: Metrics) {
  return {
    rows: metrics.counter('rows_total', 'Rows acknowledged by ClickHouse', ['table']),
    blocks: metrics.counter('blocks_total', 'Blocks acknowledged by ClickHouse', ['table']),
    failures: metrics.counter('insert_failures_total', 'Inserts that failed and were tried again', ['table']),
    skipped: metrics.counter(
      'skipped_messages_total',
      'Messages passed over because writer_progress says that the tables have them',
      ['topic'],
    ),
    unsure: metrics.counter(
      'unsure_blocks_total',
      'Blocks of long ago whose tokens may be forgotten: not inserted again where the table has them',
      ['table'],
    ),
    databaseBytes: metrics.gauge(
      'database_bytes',
      'Of the database on disk, of the fullest node; read when writer.retention.max_bytes is set',
    ),
    overCapBytes: metrics.gauge(
      'over_cap_bytes',
      'Of them above writer.retention.max_bytes, when nothing is left that may be removed',
    ),
    removedPartitions: metrics.counter(
      'removed_partitions_total',
      'Partitions removed to stay below writer.retention.max_bytes',
      ['table'],
    ),
    removedRows: metrics.counter('removed_rows_total', 'Rows of these partitions', ['table']),
    removedBytes: metrics.counter('removed_bytes_total', 'Bytes on disk of these partitions', ['table']),
    capFailures: metrics.counter(
      'cap_failures_total',
      'Times that writer.retention.max_bytes could not be looked after; tried again a minute later',
    ),
    waiting: metrics.gauge('waiting_rows', 'Rows read and not yet inserted', ['topic', 'partition']),
    seconds: metrics.histogram('insert_seconds', 'Time of an INSERT', [0.01, 0.03, 0.1, 0.3, 1, 3, 10], ['table']),
  };
}
