// Whether a table has a block, asked of its rows: for when the tokens are forgotten. Only of tables whose rows can be told
// apart and which add up; a counter's reading that is there twice changes no difference.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import type { Flow } from '@tcxflow/schemas/generated.ts';
import { flowCodec } from '@tcxflow/schemas/topics.ts';
import { readSlots } from './probe-shards.ts';
import { addressText, timeText } from './rows/text.ts';

/** @returns of each part by its index whether the table lacks it */
export type Probe = (client: ClickHouseClient, parts: readonly Buffer[]) => Promise<(index: number) => boolean>;

const DAY_MS = 86_400_000;

/** A block of flows is a part of the table for each day and shard, which is there or not: one row tells. */
const probeFlows: Probe = async (client, parts) => {
  const flows = parts.map((part) => flowCodec.type.decode(part, 0).value as Flow);
  const slots = await readSlots(client, flows);
  const lacks = new Map<string, boolean>();
  const pieceOf = flows.map((flow, index) => `${Math.floor(flow.windowStart / DAY_MS)} ${slots[index]}`);
  for (const [index, flow] of flows.entries()) {
    const piece = pieceOf[index] as string;
    if (!lacks.has(piece)) lacks.set(piece, !(await hasFlow(client, flow)));
  }
  return (index) => lacks.get(pieceOf[index] ?? '') ?? true;
};

async function hasFlow(client: ClickHouseClient, flow: Flow): Promise<boolean> {
  const result = await client.query({
    query: `SELECT count() > 0 AS found FROM flows
            WHERE windowStart = fromUnixTimestamp64Milli({windowStart:Int64}, 'UTC') AND agent = {agent:String}
              AND ifIndex = {ifIndex:UInt32} AND toString(direction) = {direction:String} AND protocol = {protocol:UInt8}
              AND srcAddress = {src:IPv6} AND dstAddress = {dst:IPv6} AND srcPort = {srcPort:UInt16} AND dstPort = {dstPort:UInt16}
              AND firstNs = {firstNs:DateTime64(9, 'UTC')} AND lastNs = {lastNs:DateTime64(9, 'UTC')}
              AND samples = {samples:UInt64} AND bytes = {bytes:UInt64}`,
    query_params: {
      ...{ windowStart: flow.windowStart, agent: flow.agent, ifIndex: flow.ifIndex, direction: flow.direction },
      ...{ protocol: flow.protocol, srcPort: flow.srcPort, dstPort: flow.dstPort },
      ...{ src: addressText(flow.srcAddress), dst: addressText(flow.dstAddress) },
      ...{ firstNs: timeText(flow.firstNs), lastNs: timeText(flow.lastNs) },
      ...{ samples: flow.samples, bytes: flow.bytes },
    },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ found: number | boolean }>();
  return Boolean(row?.found);
}

export const probes: Record<string, Probe | undefined> = { flows: probeFlows };
