import { seededRandom } from '@tcxflow/common/testing/random.ts';
import type { Counters, HostCounters } from '@tcxflow/schemas/generated.ts';
import { countersCodec } from '@tcxflow/schemas/topics.ts';

const NOTHING: HostCounters = {
  description: null,
  cpu: null,
  memory: null,
  disk: null,
  network: null,
  ip: null,
  icmp: null,
  tcp: null,
  udp: null,
};

/** A message of counters. What else it holds has a default. */
export function encodeHost(host: HostCounters | null): Buffer {
  const identity = { agent: 'host-1', agentAddress: Buffer.alloc(16, 1), bootId: Buffer.alloc(16, 2) };
  const counters: Partial<Counters> = { ...identity, sequence: 1, timeNs: 1n, interfaces: [], host };
  return countersCodec.encode(counters as Counters);
}

/** Through the codec and back. @throws when a value does not fit the schema */
export function throughCodec(part: Partial<HostCounters>): HostCounters {
  return countersCodec.decode(encodeHost({ ...NOTHING, ...part })).host as HostCounters;
}

/** Every prefix of a text, and the text with bytes changed, lines doubled, moved and taken out: the same for the same text. */
export function* mangled(text: string): Generator<string> {
  for (let length = 0; length <= text.length; length++) yield text.slice(0, length);
  const random = seededRandom(text.length);
  const pieces = ['0', '9', '-', '.', ':', ' ', '\t', '\n', 'é', '\u0000', '18446744073709551615', '1e99', 'NaN', ''];
  for (let round = 0; round < 500; round++) {
    const lines = text.split('\n');
    if (random.chance(30)) lines.splice(random.below(lines.length), random.below(2), random.pick(lines));
    let changed = lines.join('\n');
    for (let changes = random.below(4); changes >= 0; changes--) {
      const at = random.below(changed.length + 1);
      changed = changed.slice(0, at) + random.pick(pieces) + changed.slice(at + random.below(3));
    }
    yield changed;
  }
}
