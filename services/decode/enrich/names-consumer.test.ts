import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { countersCodec } from '@tcxflow/schemas/topics.ts';
import { createNameTable } from './interface-names.ts';
import { createEnrichMetrics } from './metrics.ts';
import { learnNames, startedAside } from './names-consumer.ts';

test('names come out of messages as capture writes them; what cannot be read is counted and passed over', async () => {
  const metrics = createMetrics('test');
  const enrichMetrics = createEnrichMetrics(metrics, () => ({ lookups: 0, misses: 0 }));
  const names = createNameTable(100, () => undefined);
  const bootId = Buffer.alloc(16, 1);
  const interfaceOf = { ifIndex: 2, netns: '', name: 'eth0', alias: 'uplink', kind: 'physical', parent: 0, master: 0 };
  const value = countersCodec.encode({
    agent: 'a',
    agentAddress: Buffer.alloc(16),
    bootId,
    sequence: 1,
    timeNs: 1n,
    interfaces: [],
    host: null,
    metadata: [
      {
        ...{ ...interfaceOf, validFromNs: 1n, removed: false, mac: '', mtu: 1500, speedBps: 10 },
        ...{ adminUp: true, operUp: true, addresses: [], ingressRate: 1, egressRate: 0 },
      },
    ],
  });
  learnNames([{ value: Buffer.from('garbage') }, { value: null }, { value }], { names, enrichMetrics });
  assert.equal(names.find('a', bootId)?.interface(2, 1n)?.alias, 'uplink');
  const counted = await metrics.registry.getSingleMetric('tcxflow_test_enrich_names_unreadable_total')?.get();
  assert.equal(counted?.values[0]?.value, 2);
});

test('a consumer that cannot start, or waits for long, holds back nothing, and is stopped all the same', async () => {
  for (const begin of [() => Promise.reject(new Error('not authorized')), () => new Promise<void>(() => undefined)]) {
    let stopped = 0;
    const consumer: Component = { name: 'c', start: begin, stop: () => void stopped++ };
    const aside = startedAside(consumer, quietLog);
    await aside.start();
    await new Promise(setImmediate);
    await aside.stop(AbortSignal.abort());
    assert.equal(stopped, 1);
  }
});
