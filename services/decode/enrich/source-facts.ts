// What goes with a batch's measuring points and its agent: alias and hostname at the time of capture, and what the rules make
// of them. Rules are asked once for each agent and interface; the answers are kept.

import type { DecodedBatch, Source } from '@tcxflow/schemas/generated.ts';
import type { AgentClasses, Classifier, InterfaceTraits } from './classify.ts';
import type { AgentNames, NameTable } from './interface-names.ts';

export type InterfaceFacts = Pick<Source, 'ifAlias' | 'ifConnectivity' | 'ifProvider' | 'ifBoundary'>;
export type AgentFacts = Pick<
  DecodedBatch,
  'agentHostname' | 'agentRole' | 'agentSite' | 'agentRegion' | 'agentTenant'
>;

export interface SourceFacts {
  start(agent: string, bootId: Uint8Array, timeNs: bigint): void;
  interface(ifIndex: number, ifName: string): InterfaceFacts;
  agent(): AgentFacts;
  /** Other rules; between batches. */
  useClassifier(classifier: Classifier): void;
}

/** Answers kept for agents, and for interfaces that nothing is known of but their name. Then all are asked for again. */
const KEPT_MAX = 50_000;

export function createSourceFacts(names: NameTable, firstClassifier: Classifier): SourceFacts {
  let classifier = firstClassifier;
  /** As long as the names themselves are kept. */
  let ofKnown = new WeakMap<InterfaceTraits, InterfaceFacts>();
  const ofUnknown = new Map<string, InterfaceFacts>();
  const classesOf = new Map<string, AgentClasses>();
  let agent = '';
  let known: AgentNames | undefined;
  let timeNs = 0n;

  function classify(traits: InterfaceTraits): InterfaceFacts {
    const { connectivity, provider, boundary } = classifier.interface(agent, traits);
    return { ifAlias: traits.alias, ifConnectivity: connectivity, ifProvider: provider, ifBoundary: boundary };
  }

  return {
    start(batchAgent, bootId, batchTimeNs) {
      agent = batchAgent;
      known = names.find(agent, bootId);
      timeNs = batchTimeNs;
    },
    interface(ifIndex, ifName) {
      const traits = known?.interface(ifIndex, timeNs);
      if (traits) {
        const kept = ofKnown.get(traits) ?? classify(traits);
        ofKnown.set(traits, kept);
        return kept;
      }
      return keep(ofUnknown, `${agent}\0${ifName}`, () => classify({ name: ifName, alias: '', kind: '', speedBps: 0 }));
    },
    agent() {
      const { role, site, region, tenant } = keep(classesOf, agent, () => classifier.agent(agent));
      return {
        agentHostname: known?.hostname(timeNs) ?? '',
        agentRole: role,
        agentSite: site,
        agentRegion: region,
        agentTenant: tenant,
      };
    },
    useClassifier(given) {
      classifier = given;
      ofKnown = new WeakMap();
      ofUnknown.clear();
      classesOf.clear();
    },
  };
}

function keep<T>(kept: Map<string, T>, key: string, make: () => T): T {
  const found = kept.get(key);
  if (found !== undefined) return found;
  if (kept.size >= KEPT_MAX) kept.clear();
  const made = make();
  kept.set(key, made);
  return made;
}

/** Where nothing enriches. */
export const noInterfaceFacts: InterfaceFacts = { ifAlias: '', ifConnectivity: '', ifProvider: '', ifBoundary: '' };
export const noAgentFacts: AgentFacts = {
  agentHostname: '',
  agentRole: '',
  agentSite: '',
  agentRegion: '',
  agentTenant: '',
};
