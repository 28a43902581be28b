import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { countersCodec, flowCodec, flowSummaryCodec } from '@tcxflow/schemas/topics.ts';
import { makeFlows } from '../../test/support/flows.ts';
import { flowBody, summaryBody } from './flow-body.ts';
import { countersOf } from './testing/messages.ts';
import { summary } from './testing/summaries.ts';

const flows = makeFlows(200, 1_767_225_600_000);

test('the body is the message without its frame of ten bytes', () => {
  for (const flow of [...flows, { ...flows[0], ifAlias: 'ü'.repeat(500) }, { ...flows[0], agent: 'x'.repeat(9000) }]) {
    const message = flowCodec.encode(flow as (typeof flows)[0]);
    assert.deepEqual(flowBody(message), message.subarray(10));
  }
});

test('of a summary too; its topic has no other messages', () => {
  for (const fields of [{}, { agent: 'ü'.repeat(5000), firstNs: -1n }]) {
    const message = flowSummaryCodec.encode(summary(fields));
    assert.deepEqual(summaryBody(message), message.subarray(10));
    for (let length = 0; length < Math.min(200, message.length); length++)
      assert.throws(() => summaryBody(message.subarray(0, length)));
    assert.throws(() => flowBody(message), { code: 'SCHEMA_UNKNOWN' });
  }
  assert.throws(() => summaryBody(flowCodec.encode(flows[0] as (typeof flows)[0])), { code: 'SCHEMA_UNKNOWN' });
});

test('what is not a flow is refused as the codec refuses it', () => {
  const message = flowCodec.encode(flows[0] as (typeof flows)[0]);
  for (const [broken, code] of [
    [null, 'SCHEMA_FRAME'],
    [Buffer.alloc(0), 'SCHEMA_FRAME'],
    [message.subarray(0, 10), 'SCHEMA_BODY'],
    [countersCodec.encode(countersOf()), 'SCHEMA_UNKNOWN'],
    [Buffer.concat([message, Buffer.alloc(1)]), 'SCHEMA_BODY'],
  ] as const)
    assert.throws(() => flowBody(broken), { code });
  for (let length = 0; length < message.length; length++) assert.throws(() => flowBody(message.subarray(0, length)));
});

test('whatever bytes come, what is taken the codec takes too, with one meaning', () => {
  const random = seededRandom(3);
  let taken = 0;
  for (const flow of flows)
    for (let round = 0; round < 50; round++) {
      const message = flowCodec.encode(flow);
      message[random.below(message.length)] = random.below(256);
      let body: Buffer;
      try {
        body = flowBody(message);
      } catch {
        continue;
      }
      taken++;
      assert.equal(flowCodec.type.decode(body, 0).offset, body.length);
    }
  assert.ok(taken > 1000);
});
