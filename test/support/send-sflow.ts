// node send-sflow.ts COLLECTORS AGENT…: the emitter's sockets in a process of their own, for tests in another namespace. One
// empty datagram of each agent twenty times a second, until somebody ends it; COLLECTORS as JSON, as in the configuration.

import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { DatagramBuilder } from '../../services/sflow/codec/datagram.ts';
import { addressBytes } from '../../services/sflow/codec/testing/frames.ts';
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
let sequence = 0;
setInterval(() => {
  sequence++;
  for (const builder of builders)
    for (const { number } of collectors.streams())
      collectors.send(number, Buffer.from(builder.finish(sequence, sequence * EVERY_MS)));
}, EVERY_MS);
