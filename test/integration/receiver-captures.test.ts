// Captures of real devices, sent to a running receiver: what Kafka has then, against what sflowtool 6 says of them
// (../shared/pcaps/README.md).

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { countersCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { openPcap } from '../../services/sflow/dump/pcap-payloads.ts';
import { readTopic, startReceiver } from '../support/receiver-service.ts';
import { makeDataDir } from '../support/up.ts';

const SHARED = join(import.meta.dirname, '../../../shared/pcaps');
const skip = existsSync(SHARED) ? false : `${SHARED} is not there`;
const UNKNOWN_U32 = 2 ** 32 - 1;
const UNKNOWN_INTERFACES = new Set([UNKNOWN_U32, 0x3fffffff]);
/** What names are for sources that are no interfaces is not told in the captures. */
const INTERFACE_CLASS = '0';

type Element = Record<string, string>;
interface Expected {
  file: string;
  datagram: { agent: string; samples?: (Record<string, string> & { elements: Element[] })[] };
}

function expectations(): Expected['datagram'][] {
  const lines = readFileSync(join(SHARED, 'sflow-expected.jsonl'), 'utf8').trim().split('\n');
  return lines
    .map((line) => (JSON.parse(line) as Expected).datagram)
    .filter(({ agent }) => agent !== undefined)
    .map((datagram) => ({ ...datagram, agent: shortAddress(datagram.agent) }));
}

/** sflowtool writes all groups of an IPv6 address. */
function shortAddress(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** Every file is a sub-agent of its own: some are cut out of each other, and have the same numbers. */
function datagrams(): Buffer[] {
  return readdirSync(join(SHARED, 'sflow')).flatMap((file, index) => {
    const bytes = readFileSync(join(SHARED, 'sflow', file));
    return [...(openPcap(bytes) ?? [{ payload: bytes }])].map(({ payload }) => {
      const datagram = Buffer.from(payload);
      const at = datagram.length > 8 && datagram.readUInt32BE(4) === 1 ? 12 : 24;
      if (datagram.length >= at + 4) datagram.writeUInt32BE(1000 + index, at);
      return datagram;
    });
  });
}

/** sflowtool's words for a flow sample, in those of the topic. */
function expectedFlow(agent: string, sample: Record<string, string> & { elements: Element[] }): string {
  const [sourceClass, index] = (sample.sourceId as string).split(':');
  const ifIndex = sourceClass === INTERFACE_CLASS ? Number(index) : 0;
  const port = (text = '0') => (UNKNOWN_INTERFACES.has(Number(text)) ? 0 : Number(text) || 0);
  const [input, output] = [port(sample.inputPort), port(sample.outputPort)];
  const egress = input !== ifIndex && output === ifIndex;
  const from = egress ? ['egress', input, 0] : ['ingress', 0, output];
  const header = sample.elements.find((element) => element.flowSampleType === 'HEADER');
  const fields = sample.elements.find((element) => element.flowSampleType === 'IPV4');
  const bytes = header
    ? [Math.max(Number(header.sampledPacketSize) - Number(header.strippedBytes), Number(header.headerLen))]
    : [`${fields?.srcIP}>${fields?.dstIP}`];
  const hex = header?.headerBytes?.replaceAll('-', '').toLowerCase() ?? '';
  return [agent, ifIndex, ...from, sample.meanSkipCount, ...bytes, hex].join(' ');
}

function expectedCounters(agent: string, element: Element): string {
  const known = (name: string) => (Number(element[name]) === UNKNOWN_U32 ? undefined : Number(element[name]));
  const sum = (...names: string[]) => names.reduce((total, name) => total + (known(name) ?? 0), 0);
  const octets = (name: string) => (BigInt(element[name] as string) === 2n ** 64n - 1n ? 0 : Number(element[name]));
  const status = Number(element.ifStatus);
  return [
    ...[
      agent,
      element.ifIndex,
      element.networkType,
      element.ifSpeed,
      element.ifDirection,
      status & 1,
      (status >> 1) & 1,
    ],
    ...[octets('ifInOctets'), sum('ifInUcastPkts', 'ifInMulticastPkts', 'ifInBroadcastPkts')],
    ...[known('ifInMulticastPkts'), sum('ifInDiscards'), sum('ifInErrors')],
    ...[octets('ifOutOctets'), sum('ifOutUcastPkts', 'ifOutMulticastPkts', 'ifOutBroadcastPkts')],
    ...[known('ifOutBroadcastPkts'), sum('ifOutDiscards'), sum('ifOutErrors')],
  ].join(' ');
}

test('captures of real devices are on the bus as sflowtool reads them', { timeout: 120_000, skip }, async (t) => {
  const dataDir = makeDataDir(t);
  const { brokers, stop } = await startKafka({ dataDir, log: recordingLog(), port: 0 });
  t.after(stop);
  const receiver = await startReceiver(t, { dataDir, brokers });
  const sent = datagrams();
  await receiver.send(sent);
  await receiver.until(
    async () =>
      (await receiver.metric('datagrams_total')) + (await receiver.metric('refused_datagrams_total')) >= sent.length,
  );
  assert.deepEqual(await receiver.stop(), [0, null]);

  const samples = expectations().flatMap(({ agent, samples = [] }) => samples.map((sample) => ({ agent, sample })));
  const flows = readTopic(brokers, topicNames.rawSamples).flatMap((message) => {
    const { agent, sources, samples } = sampleBatchCodec.decode(message);
    return samples.map(({ source, samplingRate, wireBytes, inputIfIndex, outputIfIndex, header }) => {
      const { ifIndex, direction } = sources[source]!;
      // Made from fields: the hop limit says so.
      const made = header[0] === 0x45 && header[8] === 0;
      const addresses = `${header.subarray(12, 16).join('.')}>${header.subarray(16, 20).join('.')}`;
      const bytes = made ? [addresses, ''] : [wireBytes, header.toString('hex')];
      return [agent, ifIndex, direction, inputIfIndex, outputIfIndex, samplingRate, ...bytes].join(' ');
    });
  });
  const wanted = samples.filter(({ sample }) => sample.sampleType === 'FLOWSAMPLE');
  assert.ok(wanted.length > 100);
  assert.deepEqual(flows.sort(), wanted.map(({ agent, sample }) => expectedFlow(agent, sample)).sort());

  const counters = readTopic(brokers, topicNames.counters).flatMap((message) => {
    const { agent, interfaces } = countersCodec.decode(message);
    return interfaces.map((entry) =>
      [
        ...[
          agent,
          entry.ifIndex,
          entry.ifType,
          entry.ifSpeed,
          entry.ifDirection,
          Number(entry.adminUp),
          Number(entry.operUp),
        ],
        ...[entry.inOctets, entry.inPackets, entry.inMulticast ?? undefined, entry.inDiscards, entry.inErrors],
        ...[entry.outOctets, entry.outPackets, entry.outBroadcast ?? undefined, entry.outDiscards, entry.outErrors],
      ].join(' '),
    );
  });
  const elements = samples.flatMap(({ agent, sample }) =>
    sample.elements.filter((element) => element.counterBlock_tag === '0:1').map((element) => ({ agent, element })),
  );
  assert.ok(elements.length > 100);
  assert.deepEqual(counters.sort(), elements.map(({ agent, element }) => expectedCounters(agent, element)).sort());
});
