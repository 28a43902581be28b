import type { Metrics } from '@tcxflow/common/metrics.ts';
import type { ReasonState } from '@tcxflow/schemas/generated.ts';

/**
 * The kernel's own counters, read when somebody asks. A label is a reason of the running kernel: there are few hundred, and
 * only those that happened are shown.
 */
export function exposeDrops(metrics: Metrics, read: { reasons: () => ReasonState[]; missed: () => number }): void {
  const expose = (name: string, help: string, field: 'buffers' | 'selected' | 'local') =>
    metrics.mirrored(name, help, ['reason'], () =>
      read.reasons().map((state) => ({ labels: { reason: state.name }, value: state[field] })),
    );
  expose('drops_total', 'Packets that the kernel dropped, by its reason', 'buffers');
  expose('selected_drops_total', 'Dropped packets chosen', 'selected');
  expose('local_drops_total', 'Dropped buffers of local sockets (AF_UNIX, netlink), which are no packets', 'local');
  metrics.mirrored('lost_drops_total', 'Dropped packets chosen but lost', ['reason', 'cause'], () =>
    read.reasons().flatMap((state) => [
      { labels: { reason: state.name, cause: 'over_bound' }, value: state.overBound },
      { labels: { reason: state.name, cause: 'ring_full' }, value: state.ringFull },
    ]),
  );
  metrics.mirrored('missed_drops_total', 'Drops that came while the program was running on that CPU', [], () => [
    { labels: {}, value: read.missed() },
  ]);
}
