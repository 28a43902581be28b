// The measuring points of one namespace, by the slot that the kernel's records name.

import { type Attachment, type Counters, type Direction, directions } from 'libbpf-ts/capture.ts';
import { isEthernet, type Link } from 'libbpf-ts/netlink.ts';
import type { PointState } from './batch-builder.ts';
import type { PointList } from './point-list.ts';

/** A measuring point; its interface may be renamed, and be attached to again. */
export interface Point extends PointState {
  readonly ifIndex: number;
  link: Link;
  attachment: Attachment;
  /** Its last numbers, when they can't be read any more. */
  final?: Counters;
}

export interface InterfacePoints {
  /** Whose record it is. */
  of: (slot: number, direction: number) => Point;
  /** An interface is attached: an ifIndex that comes again has its points, and their numbers go on. */
  adopt(link: Link, attachment: Attachment): void;
  rename(slot: number, link: Link): void;
  /** Both points of an interface, if it still has its slot. */
  at(attachment: Pick<Attachment, 'slot' | 'ifIndex'>): Point[];
  all(): Point[];
  /** Where an interface's numbers go on, should it get a new slot. */
  numbersOf(ifIndex: number): Record<Direction, Counters> | undefined;
  retire(points: readonly Point[]): void;
  /** Before the capture is closed. */
  freeze(): void;
}

export interface InterfacePointsOptions {
  netns: string | undefined;
  number: number;
  indexOf: (ifIndex: number) => number;
  points: PointList;
}

export function createInterfacePoints({
  netns,
  number,
  indexOf,
  points: list,
}: InterfacePointsOptions): InterfacePoints {
  /** By slot * 2 + direction. */
  const points: Point[] = [];
  const keyOf = (ifIndex: number, direction: Direction) => `${number}/${ifIndex}/${direction}`;

  function create(link: Link, attachment: Attachment, direction: Direction): Point {
    const { ifIndex } = link;
    const point: Point = {
      ifIndex,
      link,
      attachment,
      key: keyOf(ifIndex, direction),
      indexOffset: indexOf(0),
      read: () => ({
        ifIndex: indexOf(ifIndex),
        ifName: number === 0 ? point.link.name : `${netns}/${point.link.name}`,
        direction,
        linkType: isEthernet(point.link) ? 'ethernet' : 'ip',
        lostOnWay: 0,
        ...(point.final ?? point.attachment.counters(direction)),
      }),
    };
    return point;
  }

  return {
    of: (slot, direction) => points[slot * 2 + direction] as Point,
    adopt(link, attachment) {
      for (const [index, direction] of directions.entries()) {
        const at = attachment.slot * 2 + index;
        const before = points[at];
        const point = before?.ifIndex === link.ifIndex ? before : create(link, attachment, direction);
        point.link = link;
        point.attachment = attachment;
        points[at] = point;
        list.add(point);
      }
    },
    rename(slot, link) {
      for (const index of directions.keys()) (points[slot * 2 + index] as Point).link = link;
    },
    at: ({ slot, ifIndex }) => points.slice(slot * 2, slot * 2 + 2).filter((point) => point.ifIndex === ifIndex),
    all: () => points.filter((point) => point !== undefined),
    numbersOf(ifIndex) {
      const ingress = list.numbersOf(keyOf(ifIndex, 'ingress'));
      const egress = list.numbersOf(keyOf(ifIndex, 'egress'));
      return ingress && egress ? { ingress, egress } : undefined;
    },
    retire(retired) {
      for (const point of retired) list.retire(point, Date.now());
    },
    freeze() {
      for (const point of points) if (point) point.final = point.attachment.counters(directionOf(point));
    },
  };
}

function directionOf(point: Point): Direction {
  return point.key.endsWith('ingress') ? 'ingress' : 'egress';
}
