// The network namespaces that the rules name, as they come and go.
//
// A namespace is its inode: one that is made anew under the same name is another. Its number, which makes interface indexes
// unique, belongs to the name, so that the same container's interfaces are the same for whoever reads.

import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import {
  listNamespaces,
  type NamedNamespace,
  type OpenNamespace,
  openNamespace as openHandle,
  ownNamespace,
} from 'libbpf-ts/namespaces.ts';
import type { BatchBuilder } from './batch-builder.ts';
import type { CaptureConfig } from './config.ts';
import { isExact, nameMatcher } from './interfaces.ts';
import { type Namespace, type NumberedRule, openNamespace } from './namespace.ts';
import { createNamespaceNumbers } from './namespace-numbers.ts';
import type { PointList } from './point-list.ts';

export interface NamespaceSetOptions {
  config: CaptureConfig;
  builder: BatchBuilder;
  points: PointList;
  onMetadata: (metadata: InterfaceMetadata[]) => void;
  /** Before anything is sampled in it. */
  onOpen?: (namespace: Namespace) => void;
  log: Logger;
  /** Where named ones are; default: /run/netns and Docker's. */
  folders?: readonly string[];
}

export interface NamespaceSet {
  all(): readonly Namespace[];
  /** Opens what is there. @throws {CaptureError} when something is there and cannot be opened */
  open(rules: readonly NumberedRule[]): void;
  setRules(rules: readonly NumberedRule[]): void;
  /** Opens what has come, lets go of what is gone; an error of one does not keep the others. */
  follow(): void;
  /** Resolves when everything that is gone is let go of. */
  settled(): Promise<void>;
  close(): void;
}

interface Entry {
  namespace: Namespace;
  /** undefined: the process's own. */
  inode: number;
  handle: OpenNamespace | undefined;
}

type Wanted = { name: string | undefined; inode: number; named?: NamedNamespace };

export function createNamespaceSet(options: NamespaceSetOptions): NamespaceSet {
  const { log } = options;
  const numbers = createNamespaceNumbers();
  const entries = new Map<string | undefined, Entry>();
  /** Being let go of; their names wait. */
  const leaving = new Map<string | undefined, Promise<void>>();
  const problems = throttled(10_000);
  let rules: readonly NumberedRule[] = [];
  let saidWaiting = new Set<string>();

  function openEntry({ name, inode, named }: Wanted): void {
    const { config, builder, points, onMetadata } = options;
    const handle = named ? openHandle(named) : undefined;
    try {
      const namespace = openNamespace({
        netns: name,
        path: handle?.path,
        number: numbers.of(name, (other) => entries.has(other) || leaving.has(other)),
        rules: rulesOf(rules, name),
        config,
        builder,
        points,
        onMetadata,
        log,
      });
      options.onOpen?.(namespace);
      entries.set(name, { namespace, inode, handle });
    } catch (error) {
      handle?.close();
      throw error;
    }
    if (named) log.info({ netns: name, path: named.path }, 'following the interfaces of a namespace');
  }

  function leave(name: string | undefined, entry: Entry): void {
    const { namespace, handle } = entry;
    entries.delete(name);
    const left = (async () => {
      try {
        await namespace.detach();
        await namespace.end();
      } finally {
        namespace.close();
        handle?.close();
        leaving.delete(name);
      }
      log.info({ netns: name }, 'namespace is gone, or no rule is for it: let go of');
    })().catch((error: unknown) => problems((skipped) => log.warn({ err: error, netns: name, skipped }, 'failed')));
    leaving.set(name, left);
  }

  function update(onError: (wanted: Wanted, error: unknown) => void): void {
    const there = rules.some(({ rule }) => rule.netns !== undefined) ? listNamespaces(options.folders) : [];
    const wanted = wantedNamespaces(rules, there, ownNamespace().inode);
    for (const [name, entry] of [...entries])
      if (!wanted.some((other) => other.name === name && other.inode === entry.inode)) leave(name, entry);
    for (const one of wanted) {
      if (entries.has(one.name) || leaving.has(one.name)) continue;
      try {
        openEntry(one);
      } catch (error) {
        onError(one, error);
      }
    }
    const missing = missingNames(rules, there);
    for (const name of missing)
      if (!saidWaiting.has(name))
        log.info({ netns: name }, 'a rule is for a namespace that is not there: waiting for it');
    saidWaiting = new Set(missing);
  }

  return {
    all: () => [...entries.values()].map(({ namespace }) => namespace),
    open(given) {
      rules = given;
      numbers.reserve(rules);
      update((_, error) => {
        throw error;
      });
    },
    setRules(given) {
      rules = given;
      for (const [name, { namespace }] of entries) {
        const own = rulesOf(rules, name);
        if (own.length > 0) namespace.setRules(own);
      }
      this.follow();
    },
    follow() {
      update(({ name }, error) =>
        problems((skipped) => log.warn({ err: error, netns: name, skipped }, 'a namespace cannot be followed')),
      );
    },
    async settled() {
      await Promise.all(leaving.values());
    },
    close() {
      for (const { namespace, handle } of entries.values()) {
        namespace.close();
        handle?.close();
      }
      entries.clear();
    },
  };
}

/** The rules for a namespace. Pure. */
export function rulesOf(rules: readonly NumberedRule[], name: string | undefined): NumberedRule[] {
  return rules.filter(({ rule: { netns } }) =>
    name === undefined || netns === undefined ? netns === name : nameMatcher(netns)(name),
  );
}

/** Each namespace once, whatever its names: the process's own under none, others under the first that a rule is for. Pure. */
export function wantedNamespaces(
  rules: readonly NumberedRule[],
  there: readonly NamedNamespace[],
  ownInode: number,
): Wanted[] {
  const wanted = new Map<number, Wanted>();
  if (rulesOf(rules, undefined).length > 0) wanted.set(ownInode, { name: undefined, inode: ownInode });
  for (const named of there)
    if (!wanted.has(named.inode) && rulesOf(rules, named.name).length > 0)
      wanted.set(named.inode, { name: named.name, inode: named.inode, named });
  return [...wanted.values()];
}

function missingNames(rules: readonly NumberedRule[], there: readonly NamedNamespace[]): string[] {
  const names = rules.flatMap(({ rule: { netns } }) => (netns !== undefined && isExact(netns) ? [netns] : []));
  return [...new Set(names)].filter((name) => !there.some((named) => named.name === name));
}
