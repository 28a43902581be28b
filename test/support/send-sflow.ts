// node send-sflow.ts COLLECTORS AGENT…: the emitter's sockets in a process of their own, for tests in another namespace. One
// datagram of each agent twenty times a second; COLLECTORS as JSON, as in the configuration. At SIGTERM it prints which
// datagrams were lost, at SIGHUP what came of taking the COLLECTORS of the environment.

import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { HEADER_ETHERNET } from '../../services/sflow/codec/constants.ts';
import { DatagramBuilder } from '../../services/sflow/codec/datagram.ts';
import type { FlowSample } from '../../services/sflow/codec/flow-sample.ts';
import { addressBytes, ethernetFrame, ipPacket } from '../../services/sflow/codec/testing/frames.ts';
import { createCollectors } from '../../services/sflow/collectors.ts';
import { sflowSection } from '../../services/sflow/config.ts';
import { createSflowMetrics } from '../../services/sflow/metrics.ts';

const EVERY_MS = 50;

const [list = '[]', ...agents] = process.argv.slice(2);
const config = sflowSection.parse({ collectors: JSON.parse(list) });
const metrics = createSflowMetrics(createMetrics('sflow'));
const collectors = createCollectors(config, metrics, quietLog);
try {
  await collectors.start();
} catch (error) {
  const { code, message, hint } = error as Error & { code: string; hint: string };
  process.stdout.write(`${JSON.stringify({ code, message, hint })}\n`);
  process.exit(1);
}
const builders = agents.map((agent) => new DatagramBuilder({ agentAddress: addressBytes(agent), subAgentId: 0 }));
const ports = { sourcePort: 40_000, destinationPort: 41_000 };
const packet = ipPacket({ source: '10.0.0.1', destination: '10.0.0.2', protocol: 'udp', ...ports, payloadBytes: 20 });
const header = ethernetFrame(packet);
const sample: FlowSample = {
  ...{ sequence: 0, ifIndex: 2, samplingRate: 100, samplePool: 0, drops: 0, input: 2, output: 0 },
  ...{
    headerProtocol: HEADER_ETHERNET,
    wireBytes: header.length,
    header,
    headerOffset: 0,
    headerLength: header.length,
  },
};
let sequence = 0;
setInterval(() => {
  sequence++;
  for (const builder of builders) {
    builder.addFlow({ ...sample, sequence, samplePool: 100 * sequence });
    const datagram = Buffer.from(builder.finish(sequence, sequence * EVERY_MS));
    for (const { number } of collectors.streams()) collectors.send(number, datagram);
  }
}, EVERY_MS);
process.on('SIGHUP', () => {
  try {
    collectors.replace(sflowSection.parse({ collectors: JSON.parse(process.env.COLLECTORS ?? '[]') }));
    process.stdout.write('{}\n');
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ code: (error as { code: string }).code })}\n`);
  }
});
process.on('SIGTERM', async () => {
  const { values } = await metrics.lostDatagrams.get();
  process.stdout.write(`${JSON.stringify(values)}\n`, () => process.exit(0));
});
