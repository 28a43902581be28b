// Attaches the BPF programs to the chosen interfaces and feeds the batch builder. One capture per network namespace.

import { TcxflowError } from '@tcxflow/common/errors.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import type { Metrics } from '@tcxflow/common/metrics.ts';
import type { SourceState } from '@tcxflow/schemas/generated.ts';
import { type Attachment, type Capture, directions, openCapture } from 'libbpf-ts/capture.ts';
import { listLinks } from 'libbpf-ts/links.ts';
import { isEthernet, type Link } from 'libbpf-ts/netlink.ts';
import type { BatchBuilder, PointState } from './batch-builder.ts';
import type { CaptureConfig, InterfaceRule } from './config.ts';
import { selectInterfaces } from './interfaces.ts';

export interface Sampler extends Component {
  /** Names of the sampled interfaces by namespace (undefined = own). */
  sampled(): { netns: string | undefined; ifIndexes: Set<number> }[];
  points(): PointState[];
  /** Backpressure: samples wait in the ring, then the kernel counts them as lost. */
  setPaused(paused: boolean): void;
  /** Stops sampling, delivers what is in the ring and the last state of all points; counters can still be read. */
  quiesce(): Promise<void>;
}

interface Namespace {
  netns: string | undefined;
  capture: Capture;
  attachments: Attachment[];
  /** By slot * 2 + direction. */
  points: PointState[];
}

export function createSampler(config: CaptureConfig, builder: BatchBuilder, metrics: Metrics, log: Logger): Sampler {
  const namespaces: Namespace[] = [];
  const allPoints: PointState[] = [];
  let lingerTimer: NodeJS.Timeout;
  let quiesced = false;

  function open(netns: string | undefined, rules: InterfaceRule[]): void {
    const links = listLinks(netns);
    const selected = selectInterfaces(links, rules);
    if (selected.length === 0)
      throw new TcxflowError(
        'NO_INTERFACE',
        `capture.interfaces: nothing${netns ? ` in namespace ${netns}` : ''} matches ${rules.map((rule) => rule.match).join(', ')}`,
        { hint: `there are: ${links.map((link) => link.name).join(', ')}`, exitCode: 2 },
      );
    const points: PointState[] = [];
    const capture = openCapture({
      ...(netns ? { netns } : {}),
      ringBytes: config.ringBytes,
      tickMs: config.tickMs,
      maxInterfaces: Math.max(16, selected.length * 2),
      maxIfIndex: Math.max(65535, ...selected.map(({ link }) => link.ifIndex)),
      onBatch: (records) => builder.add(records, (slot, direction) => points[slot * 2 + direction] as PointState),
    });
    const namespace: Namespace = { netns, capture, attachments: [], points };
    namespaces.push(namespace);
    for (const { link, rule } of selected) {
      const attachment = capture.attach(link.ifIndex, {
        rate: rule.rate,
        headerBytes: rule.headerBytes,
        directions: rule.directions,
        l3: !isEthernet(link),
        fib: rule.fib,
        ownMark: config.ownMark,
      });
      namespace.attachments.push(attachment);
      for (const [index, direction] of directions.entries()) {
        if (!rule.directions.includes(direction)) continue;
        const point = createPoint(netns, link, attachment, direction);
        points[attachment.slot * 2 + index] = point;
        allPoints.push(point);
      }
      log.info(
        {
          interface: link.name,
          ifIndex: link.ifIndex,
          netns,
          rate: rule.rate,
          headerBytes: rule.headerBytes,
          directions: rule.directions,
        },
        'sampling',
      );
    }
  }

  exposeCounters(metrics, allPoints);
  return {
    name: 'sampler',
    start() {
      const byNetns = Map.groupBy(config.interfaces, (rule) => rule.netns);
      if (byNetns.size === 0)
        throw new TcxflowError('NO_INTERFACE', 'capture.interfaces is empty: name at least one interface', {
          hint: 'for example  capture: { interfaces: [{ match: eth0, rate: 1000 }] }',
          exitCode: 2,
        });
      for (const [netns, rules] of byNetns) open(netns, rules);
      lingerTimer = setInterval(
        () => {
          if (builder.waitingMs(Date.now()) >= config.lingerMs) builder.flush();
        },
        Math.max(1, config.lingerMs / 4),
      );
    },
    sampled: () =>
      namespaces.map(({ netns, attachments }) => ({
        netns,
        ifIndexes: new Set(attachments.map((entry) => entry.ifIndex)),
      })),
    points: () => allPoints,
    setPaused(paused) {
      for (const { capture } of namespaces) capture.setPaused(paused);
    },
    async quiesce() {
      if (quiesced) return;
      quiesced = true;
      for (const { attachments } of namespaces) for (const attachment of attachments) attachment.detach();
      await Promise.all(namespaces.map(({ capture }) => capture.flush()));
      if (allPoints.length > 0) builder.emitState(allPoints);
    },
    async stop() {
      clearInterval(lingerTimer);
      await this.quiesce();
      for (const { capture } of namespaces) capture.close();
    },
  };
}

function createPoint(
  netns: string | undefined,
  link: Link,
  attachment: Attachment,
  direction: SourceState['direction'],
): PointState {
  return {
    key: `${netns ?? ''}/${link.ifIndex}/${direction}`,
    read: () => ({
      ifIndex: link.ifIndex,
      ifName: link.name,
      direction,
      linkType: isEthernet(link) ? 'ethernet' : 'ip',
      ...attachment.counters(direction),
    }),
  };
}

/** The kernel's own counters, read when somebody asks. */
function exposeCounters(metrics: Metrics, points: readonly PointState[]): void {
  const labels = ['interface', 'direction'] as const;
  const labelsOf = ({ ifName, direction }: SourceState) => ({ interface: ifName, direction });
  const expose = (name: string, help: string, field: 'packets' | 'bytes' | 'selected' | 'own') =>
    metrics.mirrored(name, help, labels, () =>
      points.map((point) => {
        const state = point.read();
        return { labels: labelsOf(state), value: state[field] };
      }),
    );
  expose('packets_total', 'Wire packets seen: the pool', 'packets');
  expose('bytes_total', 'Wire bytes seen', 'bytes');
  expose('selected_samples_total', 'Samples chosen', 'selected');
  expose('own_packets_total', 'Packets of our own traffic, kept out', 'own');
  metrics.mirrored('lost_samples_total', 'Samples chosen but lost', [...labels, 'cause'], () =>
    points.flatMap((point) => {
      const state = point.read();
      return [
        { labels: { ...labelsOf(state), cause: 'ring_full' }, value: state.ringFull },
        { labels: { ...labelsOf(state), cause: 'copy_failed' }, value: state.copyFailed },
      ];
    }),
  );
}
