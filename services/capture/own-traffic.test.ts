import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonSections } from '@tcxflow/common/config.ts';
import { configuredDestinations } from './own-traffic.ts';

test('own traffic goes to the brokers, to ClickHouse, and to the sFlow collectors', () => {
  const destinations = configuredDestinations({
    kafka: commonSections.kafka.parse({ brokers: ['kafka-1:9092', '[2001:db8::1]:9093'] }),
    clickhouse: commonSections.clickhouse.parse({ url: 'http://clickhouse:8123' }),
    collectors: ['192.0.2.9:6343'],
  });
  assert.deepEqual(destinations, [
    { host: 'kafka-1', port: 9092, protocol: 'tcp' },
    { host: '2001:db8::1', port: 9093, protocol: 'tcp' },
    { host: 'clickhouse', port: 8123, protocol: 'tcp' },
    { host: '192.0.2.9', port: 6343, protocol: 'udp' },
  ]);
});

test('a ClickHouse URL without a port has that of its scheme', () => {
  const { kafka, clickhouse } = commonSections;
  for (const [url, host, port] of [
    ['https://clickhouse.example', 'clickhouse.example', 443],
    ['http://[2001:db8::2]/', '2001:db8::2', 80],
  ] as const) {
    const options = { kafka: kafka.parse(undefined), clickhouse: clickhouse.parse({ url }), collectors: [] };
    assert.partialDeepStrictEqual(configuredDestinations(options)[1], { host, port });
  }
});
