import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { countersCodec } from '@tcxflow/schemas/topics.ts';
import { createNameTable } from './interface-names.ts';
import { createEnrichMetrics } from './metrics.ts';
import { learnNames } from './names-consumer.ts';

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
