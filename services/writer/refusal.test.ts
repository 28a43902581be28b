import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClickHouseError } from '@tcxflow/common/clickhouse.ts';
import { isRefusal } from './refusal.ts';

const answered = (code: string, message: string) => new ClickHouseError({ code, message, type: 'X' });

test('a refusal is what ClickHouse says of the values, and of nothing else', () => {
  assert.ok(isRefusal(answered('469', 'Constraint `c` for table t is violated')));
  assert.ok(isRefusal(answered('1001', 'avro::Exception: Invalid data')));
  assert.ok(!isRefusal(answered('241', 'Memory limit exceeded')));
  assert.ok(!isRefusal(answered('469', 'violated: while pushing to view flows_1m_view')));
});

// A rebalance during an insert that had failed was taken for a refusal: the block went in twice, in other pieces.
test('errors of Kafka are none, whatever their numbers', () => {
  for (const code of [6, 25, 27]) assert.ok(!isRefusal(Object.assign(new Error('rebalancing'), { code })));
  assert.ok(!isRefusal(undefined));
});
