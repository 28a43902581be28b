// One agent and sub-agent: its datagrams become messages of the bus. An agent whose uptime went back has started anew, and
// all its numbers with it: a new boot id. So has one that this receiver sees for the first time, and one that sends a first
// datagram which is not the first that it had sent: emitters that take an agent from each other do so within seconds.

import { createHash } from 'node:crypto';
import { formatAddress } from '@tcxflow/packet/address.ts';
import type { Datagram } from '../codec/decode-datagram.ts';
import type { Share } from './budget.ts';
import { createCounterNumbers } from './counters-of.ts';
import { createDropNumbers } from './drop-numbers.ts';
import { createFlowNumbers } from './flow-batch.ts';
import { createMetadataTeller, METADATA_MAX } from './interface-metadata.ts';
import type { InterfaceTable } from './interface-table.ts';
import { createMessages, type Outgoing, timeNs } from './messages.ts';
import { difference, LATE, REPEATED, stepTo } from './numbers.ts';
import { createPacket, readPacket, readSampledHeader } from './packet-of.ts';
import type { DatagramView, FlowView } from './scan-flows.ts';
import type { AgentTally } from './tally.ts';

export type Emit = (message: Outgoing) => void;

export interface Agent {
  lastSeenMs: number;
  /** Of the last datagram that was taken. */
  readonly sequence: number;
  /** Whether a datagram of these numbers tells that it started anew. */
  isRestart(sequence: number, uptimeMs: number): boolean;
  /** Samples and counters that wait, and their bytes about. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** @param emit is given what waited when the agent has started anew */
  add(datagram: Datagram, nowMs: number, tally: AgentTally, emit: Emit): void;
  /** The same of a datagram of flow samples. @param view what its offsets are of */
  addFlows(datagram: DatagramView, view: DataView, nowMs: number, tally: AgentTally, emit: Emit): void;
  take(emit: Emit, nowMs: number): void;
  /** It is forgotten. */
  release(): void;
}

export interface AgentOptions {
  /** 16 bytes, IPv4 mapped. */
  address: Buffer;
  subAgentId: number;
  /** Of this receiver: boot ids are made with it. */
  instance: Buffer;
  /** Of all sub-agents of the address. */
  table: InterfaceTable;
  share: Share;
}

/** Uptimes that went back by less may come of datagrams that overtook each other. */
const UPTIME_SLACK_MS = 10_000;
/** So many datagrams may have overtaken the first one. */
const OVERTAKEN_MAX = 8;
const COUNTER_BYTES = 200;

export function createAgent({ address, subAgentId, instance, table, share }: AgentOptions): Agent {
  const agent = formatAddress(address);
  const packet = createPacket();
  const last = { sequence: 0, uptimeMs: 0 };
  /** The datagram that this boot began with. */
  const first = { sequence: 0, uptimeMs: 0 };
  let numbers: ReturnType<typeof startNumbers> | undefined;
  let starts = 0;

  function startNumbers(nowMs: number, { sequence, uptimeMs }: typeof last) {
    share.release();
    first.sequence = sequence;
    first.uptimeMs = uptimeMs;
    const start = `${subAgentId} ${nowMs - uptimeMs} ${++starts}`;
    const hash = createHash('sha256').update(instance).update(address).update(start);
    const bootId = hash.digest().subarray(0, 16);
    const flows = createFlowNumbers({ nameOf: table.nameOf, onNews: (ifIndex) => metadata.mark(ifIndex), share });
    const metadata = createMetadataTeller(table, flows.rateOf);
    const counters = createCounterNumbers({ table, subAgentId, share });
    const messages = createMessages({ agent, agentAddress: address, bootId });
    return { counters, flows, metadata, drops: createDropNumbers(share), messages };
  }

  /** @returns what its samples go to; undefined: they have come before */
  function arrive(datagram: typeof last, nowMs: number, tally: AgentTally, emit: Emit) {
    const { sequence, uptimeMs } = datagram;
    self.lastSeenMs = nowMs;
    tally.datagrams++;
    if (!numbers) numbers = startNumbers(nowMs, datagram);
    else if (self.isRestart(sequence, uptimeMs)) {
      tally.restarts++;
      self.take(emit, nowMs);
      table.forget(subAgentId);
      numbers = startNumbers(nowMs, datagram);
    } else {
      const step = stepTo(last.sequence, sequence);
      if (step === REPEATED) tally.repeatedDatagrams++;
      if (step === REPEATED) return undefined;
      if (step === LATE) return numbers;
      if (step > 0) tally.lostDatagrams += step;
    }
    last.sequence = sequence;
    last.uptimeMs = uptimeMs;
    return numbers;
  }

  const self: Agent = {
    lastSeenMs: 0,
    get sequence() {
      return last.sequence;
    },
    // Modulo 2^32 numbers and uptimes go on where they wrap.
    isRestart(sequence, uptimeMs) {
      const back = difference(last.uptimeMs, uptimeMs);
      if (back > UPTIME_SLACK_MS) return true;
      const behind = difference(last.sequence, sequence);
      if (sequence !== 1 || behind < 0) return false;
      if (behind === 0) return back !== 0;
      if (behind > OVERTAKEN_MAX) return back > 0;
      return back > 0 && first.sequence === 1 && uptimeMs !== first.uptimeMs;
    },
    release: share.release,
    get waiting() {
      return numbers ? numbers.flows.count + numbers.counters.count + numbers.drops.count : 0;
    },
    get waitingBytes() {
      if (!numbers) return 0;
      return numbers.flows.bytes + numbers.counters.count * COUNTER_BYTES + numbers.drops.bytes;
    },
    add(datagram, nowMs, tally, emit) {
      const to = arrive(datagram, nowMs, tally, emit);
      if (!to) return;
      const { flows, counters, drops } = to;
      for (const sample of datagram.samples) {
        if (sample.kind === 'flow')
          flows.add(sample, readPacket(sample.records, packet) ? packet : undefined, nowMs, tally);
        else if (sample.kind === 'counters') {
          counters.add(sample);
          tally.counters++;
        } else if (sample.kind === 'discard') {
          drops.add(sample, timeNs(nowMs));
          tally.discards++;
        } else tally.unknown++;
      }
    },
    addFlows(datagram, view, nowMs, tally, emit) {
      const to = arrive(datagram, nowMs, tally, emit);
      if (!to) return;
      for (let i = 0; i < datagram.count; i++) {
        const flow = datagram.flows[i] as FlowView;
        to.flows.add(flow, readSampledHeader(flow, view, packet) ? packet : undefined, nowMs, tally);
      }
    },
    take(emit, nowMs) {
      if (!numbers) return;
      const { messages, metadata } = numbers;
      const flows = numbers.flows.take();
      if (flows) emit(messages.samples(flows));
      const counted = numbers.counters.take();
      let news = metadata.take(nowMs);
      if (counted || news.length > 0) emit(messages.counters(counted, news, nowMs));
      while (news.length === METADATA_MAX) {
        news = metadata.take(nowMs);
        if (news.length > 0) emit(messages.counters(undefined, news, nowMs));
      }
      const dropped = numbers.drops.take();
      if (dropped) emit(messages.drops(dropped));
    },
  };
  return self;
}
