import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAggregateMetrics } from '@tcxflow/aggregate/metrics.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { createDecodeMetrics } from '@tcxflow/decode/metrics.ts';
import { createSflowMetrics } from '@tcxflow/sflow/metrics.ts';
import { createWriterMetrics } from '@tcxflow/writer/metrics.ts';
import { parseMetrics } from './scrape.ts';
import { summarize } from './snapshot.ts';

const text = `tcxflow_capture_packets_total{interface="eth0",direction="ingress"} 1000
tcxflow_capture_packets_total{interface="eth0",direction="egress"} 200
tcxflow_capture_bytes_total{interface="eth0",direction="ingress"} 64000
tcxflow_capture_selected_samples_total{interface="eth0",direction="ingress"} 50
tcxflow_capture_selected_samples_total{interface="eth1",direction="egress"} 7
tcxflow_capture_lost_samples_total{interface="eth0",direction="ingress",cause="ring_full"} 3
tcxflow_capture_lost_samples_total{interface="eth1",direction="egress",cause="ring_full"} 1
tcxflow_capture_lost_samples_total{interface="eth0",direction="ingress",cause="copy_failed"} 2
tcxflow_capture_published_samples_total 51
tcxflow_capture_queue_bytes 70
tcxflow_capture_spool_samples 4
tcxflow_decode_samples_total{stop="complete"} 49
tcxflow_decode_samples_total{stop="truncated"} 2
tcxflow_decode_dead_lettered_total{reason="SCHEMA_FRAME"} 1
tcxflow_writer_dead_lettered_total{reason="SCHEMA_BODY"} 4
tcxflow_aggregate_flows_total 12
tcxflow_aggregate_open_flows{partition="0"} 5
tcxflow_aggregate_open_flows{partition="1"} 6
tcxflow_writer_rows_total{table="flows"} 11
tcxflow_writer_rows_total{table="interface_counters"} 99
tcxflow_sflow_datagrams_total 20
tcxflow_sflow_flow_samples_total 51
tcxflow_sflow_counter_samples_total 8
tcxflow_decode_lag_messages{topic="a",partition="0"} 1
tcxflow_writer_lag_messages{topic="b",partition="3"} 2
nodejs_heap_size_used_bytes 12345
`;

test('the counts of all services come together', () => {
  assert.deepEqual(summarize(parseMetrics(text)), {
    seen: { packets: 1200, bytes: 64_000 },
    selected: 57,
    lost: { ring_full: 4, copy_failed: 2 },
    published: 51,
    unpublished: 74,
    decoded: 51,
    deadLettered: 5,
    flows: 12,
    openFlows: 11,
    rows: 11,
    sflow: { datagrams: 20, flowSamples: 51, counterSamples: 8 },
    lagMessages: 3,
  });
});

test('services that do not answer count as zero', () => {
  const empty = summarize([]);
  assert.deepEqual([empty.selected, empty.lost, empty.seen.packets, empty.lagMessages], [0, {}, 0, 0]);
});

test('the names are those under which the services count', () => {
  const known = new Set<string>();
  for (const [service, create] of [
    ['aggregate', createAggregateMetrics],
    ['decode', createDecodeMetrics],
    ['sflow', createSflowMetrics],
    ['writer', createWriterMetrics],
  ] as const) {
    const metrics = createMetrics(service);
    create(metrics);
    for (const { name } of metrics.registry.getMetricsAsArray()) known.add(name);
  }
  const used = parseMetrics(text).map(({ name }) => name);
  const elsewhere = /^nodejs_|_capture_|_dead_lettered_total$|_lag_messages$/; // made where they are counted
  assert.deepEqual(
    used.filter((name) => !known.has(name) && !elsewhere.test(name)),
    [],
  );
});
