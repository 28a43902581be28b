// One network namespace: its capture, the interfaces sampled in it, and keeping both in step with what the kernel has.

import { readFile } from 'node:fs/promises';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import { type Attachment, type Capture, directions, openCapture } from 'libbpf-ts/capture.ts';
import { type LinkWatch, type Network, openLinkWatch, readNetwork } from 'libbpf-ts/links.ts';
import type { Link } from 'libbpf-ts/netlink.ts';
import { type AttachQueue, createAttachQueue } from './attach-queue.ts';
import type { BatchBuilder } from './batch-builder.ts';
import type { CaptureConfig, InterfaceRule } from './config.ts';
import type { PointLoad } from './error-controller.ts';
import { createMetadataDiff, describeInterface } from './interface-metadata.ts';
import { createInterfacePoints } from './interface-points.ts';
import { type Decisions, decide, type RateFactors, samplingOf, scaleRates } from './interfaces.ts';
import type { PointList } from './point-list.ts';

export type NumberedRule = { number: number; rule: InterfaceRule };

export interface NamespaceOptions {
  /** undefined: the process's own. */
  netns: string | undefined;
  /** Leads to it; default: by its name. */
  path?: string | undefined;
  /** Makes interface indexes unique for the agent: index + number * 1,000,000. */
  number: number;
  rules: readonly NumberedRule[];
  config: CaptureConfig;
  builder: BatchBuilder;
  points: PointList;
  onMetadata: (metadata: InterfaceMetadata[]) => void;
  log: Logger;
}

/** An interface that is sampled. */
export interface Sampled {
  link: Link;
  attachment: Attachment;
  decisions: Decisions;
}

export interface Namespace {
  readonly netns: string | undefined;
  /** For functions that take a namespace. */
  readonly path: string | undefined;
  readonly capture: Capture;
  indexOf(ifIndex: number): number;
  sampled(): Sampled[];
  /** 16 bytes each. */
  localAddresses(): Buffer[];
  /** Rates count at once; hooks that come or go are the kernel's to wait for, see `settled`. */
  setRules(rules: readonly NumberedRule[]): void;
  /** Multiplies the rates of the rules. */
  setRateFactors(factorOf: RateFactors): void;
  /** What passed each sampled point since its start, by "ifIndex/direction". */
  loads(): Map<string, PointLoad>;
  /** Says again what its interfaces are: the topic forgets. */
  repeatMetadata(): void;
  /** Looks whether anything has changed, and follows, in the background. */
  follow(): void;
  /** Resolves when the interfaces are as the rules want it. @throws {CaptureError} when they could not be read */
  settled(): Promise<void>;
  /** Nothing is sampled any more; counters can still be read. Resolves when the kernel has let go of the hooks. */
  detach(): Promise<void>;
  /** After `detach`: hands over what is in the ring, and the last state of its points; tells that its interfaces are gone. */
  end(): Promise<void>;
  close(): void;
}

/** Apart from anything that a host's own indexes reach, and readable: 3000002 is interface 2 of the fourth namespace. */
const INDEXES_PER_NAMESPACE = 1_000_000;
/** Fewer are done in a moment anyhow. */
const EXPEDITE_ABOVE = 8;

interface Wanted {
  link: Link;
  decisions: Decisions;
}

/** @throws {CaptureError} */
export function openNamespace(options: NamespaceOptions): Namespace {
  const { netns, config, builder, log } = options;
  const path = options.path ?? netns;
  let { rules } = options;
  let factorOf: RateFactors = () => 1;
  let network: Network | undefined;
  let looking: Promise<void> | undefined;
  let lookAgain = false;
  let ended = false;
  const sampled = new Map<number, Sampled>();
  /** ifIndexes that went away since the last look, whoever has them now. */
  const deleted = new Set<number>();
  let messagesLost = false;
  let lookFailed = false;
  const diff = createMetadataDiff();
  const problems = throttled(10_000);
  const background = new Set<Promise<void>>();
  const indexOf = (ifIndex: number) => ifIndex + options.number * INDEXES_PER_NAMESPACE;
  const points = createInterfacePoints({ netns, number: options.number, indexOf, points: options.points });

  // The watch first: what changes after the first look is then not missed.
  const watch: LinkWatch = openLinkWatch(path);
  const capture = openCaptureOr(() => watch.close());

  function openCaptureOr(cleanUp: () => void): Capture {
    try {
      return openCapture({
        ...(path ? { netns: path } : {}),
        ringBytes: config.ringBytes,
        tickMs: config.tickMs,
        maxInterfaces: config.maxInterfaces,
        onBatch: (records) => builder.add(records, points.of),
      });
    } catch (error) {
      cleanUp();
      throw error;
    }
  }

  const expediteAbove = config.expediteRcu ? EXPEDITE_ABOVE : Number.POSITIVE_INFINITY;
  const queue: AttachQueue<Wanted> = createAttachQueue({
    capture,
    expediteAbove,
    requestOf: ({ link, decisions }) => ({
      ifIndex: link.ifIndex,
      sampling: samplingOf(link, decisions, config),
      startAt: points.numbersOf(link.ifIndex),
    }),
    onAttached({ link, decisions }, { attachment, programs }) {
      sampled.set(link.ifIndex, { link, attachment, decisions });
      points.adopt(link, attachment);
      const rates = { ingress: decisions.ingress.rate, egress: decisions.egress.rate };
      log.info({ interface: link.name, ifIndex: link.ifIndex, netns, rates, programs }, 'sampling');
    },
    onFailed({ link }, error) {
      // It may have gone this moment, which the watch tells next; all others are served.
      problems((skipped) => log.warn({ err: error, interface: link.name, netns, skipped }, 'cannot be sampled'));
    },
  });

  /** Keeps a promise that nobody waits for but `settled`. */
  function inBackground(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => problems((skipped) => log.warn({ err: error, netns, skipped }, 'failed')))
      .finally(() => background.delete(tracked));
    background.add(tracked);
  }

  function release(entries: readonly Sampled[], reason: string): void {
    for (const { link } of entries) {
      sampled.delete(link.ifIndex);
      log.info({ interface: link.name, ifIndex: link.ifIndex, netns, reason }, 'not sampled any more');
    }
    if (entries.length > 0) inBackground(letGo(entries.map(({ attachment }) => attachment)));
  }

  async function letGo(attachments: readonly Attachment[]): Promise<void> {
    await capture.detachMany(attachments, { expedite: attachments.length > expediteAbove });
    await capture.flush();
    if (ended) return;
    // What is sampled anew by now goes on with its numbers; of the others the last word is said.
    const left = attachments.filter(({ ifIndex }) => !sampled.has(ifIndex));
    const last = left.flatMap((attachment) => points.at(attachment));
    if (last.length > 0) builder.emitState(last);
    points.retire(last);
  }

  /** One look at a time; what is asked for meanwhile is done by one more. */
  function look(): Promise<void> {
    lookAgain = true;
    looking ??= (async () => {
      while (lookAgain && !ended) {
        lookAgain = false;
        await lookOnce();
      }
    })().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  async function lookOnce(): Promise<void> {
    const gone = new Set(deleted);
    const lost = messagesLost;
    deleted.clear();
    messagesLost = false;
    try {
      network = await readNetwork(path);
    } catch (error) {
      for (const ifIndex of gone) deleted.add(ifIndex);
      lookFailed = true;
      throw error;
    }
    if (lost) for (const ifIndex of await findDead([...sampled.values()])) gone.add(ifIndex);
    if (ended) return;
    const there = new Set(network.links.map(({ ifIndex }) => ifIndex));
    const isGone = (ifIndex: number) => !there.has(ifIndex) || gone.has(ifIndex);
    for (const ifIndex of gone) queue.remove(ifIndex);
    release(
      [...sampled.values()].filter(({ link }) => isGone(link.ifIndex)),
      'the interface is gone',
    );
    applyRules(network);
  }

  /** Holds what there is against the rules. */
  function applyRules({ links, addresses, speeds }: Network): void {
    const byInterface = Map.groupBy(addresses, ({ ifIndex }) => ifIndex);
    const unwanted: Sampled[] = [];
    const known = links.map((link) => {
      const speedBps = speeds.get(link.ifIndex)?.bitsPerSecond ?? 0;
      const decisions = scaleRates(decide({ link, speedBps }, rules), link.ifIndex, factorOf);
      if (!apply(link, decisions)) unwanted.push(sampled.get(link.ifIndex) as Sampled);
      return { link, speedBps, decisions, addresses: byInterface.get(link.ifIndex) ?? [] };
    });
    release(unwanted, 'no rule wants it any more');
    const now = BigInt(Date.now()) * 1_000_000n;
    const all = known.map((entry) => describeInterface(entry, netns, indexOf, now));
    const news = diff.update(all, now);
    if (news.length > 0) options.onMetadata(news);
  }

  /** @returns false when what is attached is to be released */
  function apply(link: Link, decisions: Decisions): boolean {
    const { ifIndex } = link;
    const entry = sampled.get(ifIndex);
    const wanted = decisions.ingress.rate > 0 || decisions.egress.rate > 0;
    if (!entry) {
      const before = queue.get(ifIndex);
      if (!wanted) queue.remove(ifIndex);
      else if (!before || !isSame(before.decisions, decisions)) queue.put(ifIndex, { link, decisions });
      else before.link = link;
      return true;
    }
    const before = entry.decisions;
    entry.link = link;
    points.rename(entry.attachment.slot, link);
    if (!wanted) return false;
    if (hooksOf(before) !== hooksOf(decisions)) {
      release([entry], 'other directions are wanted');
      queue.put(ifIndex, { link, decisions });
    } else if (!isSame(before, decisions)) {
      entry.decisions = decisions;
      entry.attachment.configure(samplingOf(link, decisions, config));
      const { ingress, egress } = decisions;
      log.info({ interface: link.name, netns, ingress, egress }, 'sampling changed');
    }
    return true;
  }

  function reapply(): void {
    if (network && !ended) applyRules(network);
  }

  inBackground(look());
  return {
    netns,
    path,
    capture,
    indexOf,
    sampled: () => [...sampled.values()],
    localAddresses: () => (network?.addresses ?? []).map(({ address }) => address),
    setRules(next) {
      rules = next;
      reapply();
    },
    setRateFactors(next) {
      factorOf = next;
      reapply();
    },
    loads() {
      const loads = new Map<string, PointLoad>();
      for (const { link, attachment, decisions } of sampled.values())
        for (const direction of directions) {
          const { rate, ruleRate } = decisions[direction];
          if (rate === 0) continue;
          const { packets, bytes } = attachment.counters(direction);
          loads.set(`${link.ifIndex}/${direction}`, { packets, bytes, rate: ruleRate });
        }
      return loads;
    },
    repeatMetadata() {
      const known = diff.known();
      if (known.length > 0) options.onMetadata(known);
    },
    follow() {
      const changes = watch.poll();
      for (const ifIndex of changes.deleted) deleted.add(ifIndex);
      messagesLost ||= changes.lost;
      if (!changes.changed && !lookFailed) return;
      lookFailed = false;
      inBackground(look());
    },
    async settled() {
      do {
        await looking;
        await queue.empty();
        await Promise.all(background);
      } while (looking || queue.size > 0 || background.size > 0);
      if (!network) await look(); // says why
    },
    async detach() {
      ended = true;
      queue.stop();
      const all = [...sampled.values()].map(({ attachment }) => attachment);
      sampled.clear();
      const detached = capture.detachMany(all, { expedite: all.length > expediteAbove });
      await Promise.all([queue.empty(), detached]);
    },
    async end() {
      await capture.flush();
      const last = points.all();
      if (last.length > 0) builder.emitState(last);
      points.retire(last);
      const gone = diff.update([], BigInt(Date.now()) * 1_000_000n);
      if (gone.length > 0) options.onMetadata(gone);
    },
    close() {
      ended = true;
      watch.close();
      points.freeze();
      capture.close();
    },
  };
}

function hooksOf(decisions: Decisions): string {
  return directions.map((direction) => decisions[direction].rate > 0).join();
}

function isSame(a: Decisions, b: Decisions): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** @returns ifIndexes of those whose links the kernel has detached: another interface has the index now */
async function findDead(entries: readonly Sampled[]): Promise<number[]> {
  const dead: number[] = [];
  for (const { link, attachment } of entries)
    for (const fd of attachment.linkFds()) {
      // It is being closed when there is none.
      const info = await readFile(`/proc/self/fdinfo/${fd}`, 'utf8').catch(() => '');
      if (/^ifindex:\s*0$/m.test(info)) dead.push(link.ifIndex);
    }
  return dead;
}
