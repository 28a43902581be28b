// One network namespace: its capture, the interfaces sampled in it, and keeping both in step with what the kernel has.

import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { InterfaceMetadata, SourceState } from '@tcxflow/schemas/generated.ts';
import {
  type Attachment,
  type Capture,
  type Direction,
  directions,
  listPrograms,
  openCapture,
  type SamplingOptions,
} from 'libbpf-ts/capture.ts';
import { type LinkWatch, listAddresses, listLinks, openLinkWatch, readLinkSpeed } from 'libbpf-ts/links.ts';
import { ARPHRD_LOOPBACK, isEthernet, type Link } from 'libbpf-ts/netlink.ts';
import type { BatchBuilder, PointState } from './batch-builder.ts';
import type { CaptureConfig, InterfaceRule } from './config.ts';
import { createMetadataDiff, describeInterface, type KnownInterface } from './interface-metadata.ts';
import { type Decisions, decide, scaleRates } from './interfaces.ts';

export type NumberedRule = { number: number; rule: InterfaceRule };

export interface NamespaceOptions {
  /** undefined: the process's own. */
  netns: string | undefined;
  /** Makes interface indexes unique for the agent: index + number * 1,000,000. */
  number: number;
  rules: readonly NumberedRule[];
  config: CaptureConfig;
  builder: BatchBuilder;
  /** New points, of interfaces that were not sampled before. */
  onPoint: (point: PointState) => void;
  onMetadata: (metadata: InterfaceMetadata[]) => void;
  log: Logger;
}

export interface Namespace {
  readonly netns: string | undefined;
  readonly capture: Capture;
  indexOf(ifIndex: number): number;
  /** Interfaces that are sampled now. */
  sampled(): { link: Link; attachment: Attachment; decisions: Decisions }[];
  /** 16 bytes each. */
  localAddresses(): Buffer[];
  setRules(rules: readonly NumberedRule[]): void;
  /** Multiplies the rates of the rules. */
  setRateFactor(factor: number): void;
  /** Looks whether anything has changed, and follows. */
  follow(): void;
  /** Detaches from everything; counters can still be read. */
  detach(): void;
  close(): void;
}

/** Apart from anything that a host's own indexes reach, and readable: 3000002 is interface 2 of the fourth namespace. */
const INDEXES_PER_NAMESPACE = 1_000_000;

/** A measuring point; its interface may be renamed. */
interface Point extends PointState {
  link: Link;
}

interface Sampled {
  link: Link;
  attachment: Attachment;
  decisions: Decisions;
}

export function openNamespace(options: NamespaceOptions): Namespace {
  const { netns, config, builder, log } = options;
  let { rules } = options;
  let rateFactor = 1;
  const sampled = new Map<number, Sampled>();
  /** By slot * 2 + direction. */
  const points: Point[] = [];
  const diff = createMetadataDiff();
  const problems = throttled(10_000);
  let addresses: Buffer[] = [];
  const indexOf = (ifIndex: number) => ifIndex + options.number * INDEXES_PER_NAMESPACE;

  // The watch first: what changes after the first look is then not missed.
  const watch: LinkWatch = openLinkWatch(netns);
  const capture = openCapture({
    ...(netns ? { netns } : {}),
    ringBytes: config.ringBytes,
    tickMs: config.tickMs,
    maxInterfaces: config.maxInterfaces,
    onBatch: (records) => builder.add(records, (slot, direction) => points[slot * 2 + direction] as Point),
  });

  function samplingOptions(link: Link, { ingress, egress }: Decisions): SamplingOptions {
    const first = ingress.rate > 0 ? ingress : egress;
    return {
      rate: first.rate,
      headerBytes: first.headerBytes,
      ...(egress.rate > 0 ? { egress: { rate: egress.rate, headerBytes: egress.headerBytes } } : {}),
      directions: directions.filter((direction) => ({ ingress, egress })[direction].rate > 0),
      l3: !isEthernet(link),
      fib: ingress.fib,
      ownMark: config.ownMark,
      skipOwn: config.ownTraffic === 'exclude',
      loopback: link.arpType === ARPHRD_LOOPBACK,
      order: first.order,
    };
  }

  function attach(link: Link, decisions: Decisions): void {
    const sampling = samplingOptions(link, decisions);
    const attachment = capture.attach(link.ifIndex, sampling);
    const entry: Sampled = { link, attachment, decisions };
    sampled.set(link.ifIndex, entry);
    for (const [index, direction] of directions.entries()) {
      const at = attachment.slot * 2 + index;
      // An ifIndex that comes again has its slot, and so its points: their numbers go on.
      const point = points[at] ?? createPoint(link, attachment, direction);
      point.link = link;
      if (points[at]) continue;
      points[at] = point;
      options.onPoint(point);
    }
    const others = sampling.directions.flatMap((direction) =>
      listPrograms(link.ifIndex, direction, netns).map(({ name }) => `${direction}:${name}`),
    );
    const rates = { ingress: decisions.ingress.rate, egress: decisions.egress.rate };
    log.info({ interface: link.name, ifIndex: link.ifIndex, netns, rates, programs: others }, 'sampling');
  }

  function createPoint(link: Link, attachment: Attachment, direction: Direction): Point {
    const point: Point = {
      link,
      key: `${options.number}/${attachment.ifIndex}/${direction}`,
      indexOffset: indexOf(0),
      read: (): SourceState => ({
        ifIndex: indexOf(attachment.ifIndex),
        ifName: options.number === 0 ? point.link.name : `${netns}/${point.link.name}`,
        direction,
        linkType: isEthernet(point.link) ? 'ethernet' : 'ip',
        ...attachment.counters(direction),
      }),
    };
    return point;
  }

  function release({ link, attachment }: Sampled, reason: string): void {
    attachment.detach();
    sampled.delete(link.ifIndex);
    log.info({ interface: link.name, ifIndex: link.ifIndex, netns, reason }, 'not sampled any more');
  }

  /** @param deleted ifIndexes that went away since the last look, whoever has them now */
  function sync(deleted: ReadonlySet<number>): void {
    const links = new Map(listLinks(netns).map((link) => [link.ifIndex, link]));
    const byInterface = Map.groupBy(listAddresses(netns), ({ ifIndex }) => ifIndex);
    addresses = [...byInterface.values()].flat().map(({ address }) => address);
    for (const entry of [...sampled.values()]) {
      const gone = !links.has(entry.link.ifIndex) || deleted.has(entry.link.ifIndex) || !entry.attachment.alive();
      if (gone) release(entry, 'the interface is gone');
    }
    const known: KnownInterface[] = [];
    for (const link of links.values()) {
      const speedBps = speedOf(link);
      const decisions = scaleRates(decide({ link, speedBps }, rules), rateFactor);
      known.push({ link, speedBps, decisions, addresses: byInterface.get(link.ifIndex) ?? [] });
      try {
        apply(link, decisions);
      } catch (error) {
        // It may have gone this moment, which the watch tells next; all others are served.
        problems((skipped) => log.warn({ err: error, interface: link.name, netns, skipped }, 'cannot be sampled'));
      }
    }
    const now = BigInt(Date.now()) * 1_000_000n;
    const all = known.map((entry) => describeInterface(entry, netns, indexOf, now));
    const news = diff.update(all, now);
    if (news.length > 0) options.onMetadata(news);
  }

  function speedOf(link: Link): number {
    try {
      return readLinkSpeed(link.name, netns).bitsPerSecond;
    } catch {
      return 0; // renamed or gone since it was listed
    }
  }

  function apply(link: Link, decisions: Decisions): void {
    const entry = sampled.get(link.ifIndex);
    const wanted = decisions.ingress.rate > 0 || decisions.egress.rate > 0;
    if (!entry) {
      if (wanted) attach(link, decisions);
      return;
    }
    const before = entry.decisions;
    entry.link = link;
    entry.decisions = decisions;
    for (const index of directions.keys()) {
      const point = points[entry.attachment.slot * 2 + index] as Point;
      point.link = link;
    }
    const hooks = (of: Decisions) => directions.map((direction) => of[direction].rate > 0).join();
    if (!wanted) release(entry, decisions.ingress.why);
    else if (hooks(before) !== hooks(decisions)) {
      release(entry, 'other directions are wanted');
      attach(link, decisions);
    } else if (JSON.stringify(before) !== JSON.stringify(decisions)) {
      entry.attachment.configure(samplingOptions(link, decisions));
      log.info(
        { interface: link.name, netns, ingress: decisions.ingress, egress: decisions.egress },
        'sampling changed',
      );
    }
  }

  sync(new Set());
  return {
    netns,
    capture,
    indexOf,
    sampled: () => [...sampled.values()],
    localAddresses: () => addresses,
    setRules(next) {
      rules = next;
      sync(new Set());
    },
    setRateFactor(factor) {
      if (factor === rateFactor) return;
      rateFactor = factor;
      sync(new Set());
    },
    follow() {
      const { changed, deleted } = watch.poll();
      if (changed) sync(deleted);
    },
    detach() {
      for (const { attachment } of sampled.values()) attachment.detach();
    },
    close() {
      watch.close();
      capture.close();
    },
  };
}
