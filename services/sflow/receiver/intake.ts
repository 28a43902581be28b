// Datagrams in, messages out: who may send, which agent it is of, and when its samples are handed on.

import { createAllowList } from '../allow-list.ts';
import { ADDRESS_IPV4 } from '../codec/constants.ts';
import { decodeDatagram } from '../codec/decode-datagram.ts';
import type { Emit } from './agent.ts';
import type { ReceiverConfig } from './config.ts';
import { createKnownAgents, type Known } from './known-agents.ts';
import type { ReceiverMetrics } from './metrics.ts';
import { difference } from './numbers.ts';
import { createDatagramView, scanFlows } from './scan-flows.ts';
import { countTally, emptyTally } from './tally.ts';

/** What datagrams were received into, twice: as the one reads it and as the other does. */
export interface Received {
  bytes: Buffer;
  view: DataView;
}

export interface Intake {
  /**
   * Keeps nothing of `from`.
   * @param start offset of the datagram
   * @param senderAt offset of its sender: 16 bytes, IPv4 mapped
   */
  receive(from: Received, start: number, end: number, senderAt: number, nowMs: number): void;
  /** Hands on what has waited for long enough; with `all`, everything. */
  flush(nowMs: number, all: boolean): void;
  /** Samples and counters that wait. */
  waiting(): number;
  waitingBytes(): number;
  /** Whom to take from now on. */
  allow(lists: Pick<ReceiverConfig, 'sources' | 'agents'>): void;
}

/** Of one agent, in a message: Kafka takes 8 MiB. */
const BATCH_BYTES_MAX = 1 << 20;
/** Of all agents together: then all is handed on, however short it waited. */
const WAITING_BYTES_MAX = 32 << 20;

export function createIntake(config: ReceiverConfig, metrics: ReceiverMetrics, emit: Emit): Intake {
  let sourceAllowed = createAllowList(config.sources);
  const agents = createKnownAgents(config);
  const datagram = createDatagramView();
  const active: Known[] = [];
  let waitingBytes = 0;
  let flushedMs = 0;
  metrics.agentLosses.read = agents.losses;

  function refuse(cause: string): undefined {
    metrics.refused.inc({ cause });
  }

  /** @param known undefined: it has not been heard of */
  function take(known: Known | undefined, from: Received, start: number, end: number, nowMs: number): undefined {
    if (known && scanFlows(from.view, start, end, datagram)) {
      known.agent.addFlows(datagram, from.view, nowMs, known.tally, emit);
      return account(known, nowMs);
    }
    const decoded = decodeDatagram(from.bytes.subarray(start, end));
    if (!decoded.ok) return refuse(decoded.code);
    const { agentAddress, subAgentId } = decoded;
    const to = known ?? agents.add(keyOf(from, start, end), agentAddress, subAgentId, nowMs);
    if (typeof to === 'string') return refuse(to);
    to.agent.add(decoded, nowMs, to.tally, emit);
    account(to, nowMs);
  }

  function account(known: Known, nowMs: number): undefined {
    const { agent } = known;
    if (agent.waiting >= config.batchSamples || agent.waitingBytes >= BATCH_BYTES_MAX) agent.take(emit, nowMs);
    waitingBytes += agent.waitingBytes - known.bytes;
    known.bytes = agent.waitingBytes;
    activate(known);
    if (waitingBytes >= WAITING_BYTES_MAX) handOn(nowMs);
  }

  function repeat(known: Known): undefined {
    known.tally.datagrams++;
    known.tally.repeatedDatagrams++;
    activate(known);
  }

  function activate(known: Known): void {
    if (known.active) return;
    known.active = true;
    active.push(known);
  }

  /** What waited for a datagram that has come; with `all`, for one that is given up. */
  function takeHeld(known: Known, all: boolean, nowMs: number): void {
    for (;;) {
      const bytes = known.reorder.next(known.agent.sequence, all);
      if (!bytes) return;
      take(known, { bytes, view: viewOf(bytes) }, 0, bytes.length, nowMs);
    }
  }

  function handOn(nowMs: number): void {
    for (const known of active) {
      takeHeld(known, true, nowMs);
      countTally(known.tally, metrics);
      known.lost.datagrams += known.tally.lostDatagrams;
      known.lost.samples += known.tally.lost.get('sequence_gap') ?? 0;
      known.tally = emptyTally();
      known.agent.take(emit, nowMs);
      known.active = false;
      known.bytes = 0;
    }
    active.length = 0;
    metrics.agents.set(agents.size);
    metrics.waitingBytes.set(waitingBytes);
    waitingBytes = 0;
  }

  return {
    receive(from, start, end, senderAt, nowMs) {
      if (!sourceAllowed(from.bytes, senderAt)) return refuse('source_not_allowed');
      const known = agents.find(keyOf(from, start, end));
      if (!known) return take(undefined, from, start, end, nowMs);
      const { agent, reorder } = known;
      const at = start + (from.view.getUint32(start + 4) === ADDRESS_IPV4 ? 16 : 28);
      const sequence = from.view.getUint32(at);
      const ahead = difference(sequence, agent.sequence);
      // In order is nearly every one.
      if (ahead !== 1) {
        const restarted = agent.isRestart(sequence, from.view.getUint32(at + 4));
        if (!restarted && reorder.has(sequence)) return repeat(known);
        if (!restarted && reorder.hold(sequence, agent.sequence, from.bytes.subarray(start, end))) {
          activate(known);
          if (reorder.full) takeHeld(known, true, nowMs);
          return;
        }
        if (restarted || ahead > 1) takeHeld(known, true, nowMs);
      }
      take(known, from, start, end, nowMs);
      takeHeld(known, false, nowMs);
    },
    flush(nowMs, all) {
      if (!all && nowMs - flushedMs < config.flushMs) return;
      flushedMs = nowMs;
      handOn(nowMs);
    },
    waitingBytes: () => waitingBytes,
    waiting: () => active.reduce((sum, { agent }) => sum + agent.waiting, 0),
    allow(lists) {
      sourceAllowed = createAllowList(lists.sources);
      handOn(Date.now());
      agents.allow(lists.agents);
    },
  };
}

/** Of who sent it; empty: it is too short to say. */
function keyOf({ bytes, view }: Received, start: number, end: number): string {
  if (end - start < 28) return '';
  const bytesOfKey = view.getUint32(start + 4) === ADDRESS_IPV4 ? 8 : 20;
  return end - start < bytesOfKey + 20 ? '' : bytes.toString('latin1', start + 8, start + 8 + bytesOfKey);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
