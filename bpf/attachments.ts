// What a capture is attached to: one interface at once, or many in the background.
//
// The kernel waits for an RCU grace period in each attaching and detaching, and holds RTNL meanwhile: some 10 ms a hook. So
// for many interfaces that is a worker thread's to do. Sampling begins when the interface's slot is set, on this thread,
// after its links are there: no record can come of an interface that the caller does not yet know.

import { release } from 'node:os';
import {
  type AttachedProgram,
  type Attachment,
  type AttachRequest,
  type AttachResult,
  type Counters,
  type Direction,
  directions,
  listPrograms,
  type ManyOptions,
  type SamplingOptions,
  type TcxOrder,
} from './capture.ts';
import { CaptureError, explain } from './errors.ts';
import { expediteFd } from './expedite.ts';
import { netnsPath } from './links.ts';
import type { AttachJob, Native, NativeCapture } from './native.ts';
import { encodeCounters, encodePoint, readCounters } from './points.ts';
import { PointCounters } from './record.ts';
import { createSlotTable, type Slot } from './slots.ts';

const BPF_F_BEFORE = 1 << 3;
const BPF_F_AFTER = 1 << 4;

export interface Attachments {
  attach(ifIndex: number, sampling: SamplingOptions): Attachment;
  attachMany(requests: readonly AttachRequest[], options?: ManyOptions): Promise<AttachResult[]>;
  detachMany(attachments: readonly Attachment[], options?: ManyOptions): Promise<void>;
  /** See SlotTable. */
  beginFlush(): () => void;
  close(): void;
}

export interface AttachmentsOptions {
  addon: Native;
  handle: NativeCapture;
  netns: string | undefined;
  maxInterfaces: number;
  flush: () => Promise<void>;
}

/** An attachment from inside. */
interface Held {
  slot: Slot;
  links: number[];
  public: Attachment;
}

export function createAttachments(options: AttachmentsOptions): Attachments {
  const { addon, handle, maxInterfaces } = options;
  const slots = createSlotTable(maxInterfaces);
  const held = new Map<Attachment, Held>();
  /** Being detached in the background, by ifIndex: the kernel refuses a second link of the same program. */
  const closing = new Map<number, Promise<void>>();
  /** The last numbers of slots that have another owner now, for whoever still holds an attachment of the old one. */
  const finals = new WeakMap<Slot, Record<Direction, Counters>>();
  const out = Buffer.alloc(PointCounters.SIZE);
  let closed = false;

  function pointOf(slot: Slot, direction: Direction): number {
    return slot.index * 2 + directions.indexOf(direction);
  }

  function countersOf(slot: Slot, direction: Direction): Counters {
    const final = finals.get(slot);
    if (final) return final[direction];
    addon.readCounters(handle, pointOf(slot, direction), out);
    return readCounters(out);
  }

  function configure(slot: Slot, next: SamplingOptions): void {
    for (const direction of directions) {
      const sampling = direction === 'egress' ? { ...next, ...next.egress } : next;
      const config = encodePoint(sampling, next.directions.includes(direction));
      addon.setPoint(handle, pointOf(slot, direction), config);
    }
  }

  /** @throws {CaptureError} TOO_MANY_INTERFACES */
  function takeSlot(ifIndex: number, startAt: AttachRequest['startAt']): Slot {
    const taken = slots.take(ifIndex);
    if (taken === 'collision')
      throw new CaptureError('TOO_MANY_INTERFACES', `interface ${ifIndex}: another has its place in the table`, {
        hint: 'attached indexes must differ modulo 65536',
      });
    if (!taken)
      throw new CaptureError('TOO_MANY_INTERFACES', `${maxInterfaces} interfaces are sampled already`, {
        hint: 'raise max_interfaces',
      });
    const { slot, displaced } = taken;
    if (displaced) {
      const final = { ingress: countersOf(displaced, 'ingress'), egress: countersOf(displaced, 'egress') };
      finals.set(displaced, final);
    }
    if (taken.isNew && (displaced || startAt))
      for (const direction of directions)
        addon.startPoint(handle, pointOf(slot, direction), encodeCounters(startAt?.[direction]));
    return slot;
  }

  function start(slot: Slot, links: number[], sampling: SamplingOptions): Attachment {
    configure(slot, sampling);
    addon.setSlot(handle, slot.ifIndex, slot.index + 1);
    const attachment: Attachment = {
      ifIndex: slot.ifIndex,
      slot: slot.index,
      configure: (next) => {
        if (held.has(attachment)) configure(slot, next);
      },
      counters: (direction) => countersOf(slot, direction),
      alive: () => links.every((fd) => addon.linkIfIndex(fd) !== 0),
      linkFds: () => links,
      detach() {
        const entry = forget(attachment);
        if (!entry) return;
        for (const fd of entry.links) addon.closeFd(fd);
        slots.release(slot);
      },
    };
    held.set(attachment, { slot, links, public: attachment });
    return attachment;
  }

  /** No packet is sampled any more; the links are still to be closed. */
  function forget(attachment: Attachment): Held | undefined {
    const entry = held.get(attachment);
    if (!entry) return undefined;
    held.delete(attachment);
    addon.setSlot(handle, attachment.ifIndex, 0);
    return { ...entry, links: entry.links.splice(0) };
  }

  function attach(ifIndex: number, sampling: SamplingOptions): Attachment {
    const slot = takeSlot(ifIndex, undefined);
    const links: number[] = [];
    try {
      for (const direction of directions)
        if (sampling.directions.includes(direction))
          links.push(attachOne(ifIndex, direction, sampling.order ?? 'head'));
      return start(slot, links, sampling);
    } catch (error) {
      for (const fd of links.splice(0)) addon.closeFd(fd);
      slots.release(slot);
      throw explain(error, `attaching to interface ${ifIndex}`, release());
    }
  }

  function attachOne(ifIndex: number, direction: Direction, order: TcxOrder): number {
    const { flags, relative } = placeOf(order);
    // Whom to stand beside is not there: then as near to its side as can be.
    const other: AttachedProgram | undefined =
      relative === null
        ? undefined
        : listPrograms(ifIndex, direction, options.netns).find(({ name }) => name === relative);
    const index = directions.indexOf(direction) as 0 | 1;
    return addon.attach(handle, ifIndex, index, netnsPath(options.netns), flags, other?.id ?? 0);
  }

  /** A slot for each, waiting for the ring when only that makes some free. */
  async function takeSlots(requests: readonly AttachRequest[]): Promise<(Slot | CaptureError)[]> {
    const taken: (Slot | CaptureError)[] = [];
    for (const { ifIndex, startAt } of requests) {
      await closing.get(ifIndex);
      for (let attempt = 0; ; attempt++)
        try {
          taken.push(takeSlot(ifIndex, startAt));
          break;
        } catch (error) {
          if (attempt === 0) await Promise.all(closing.values());
          if (closed || attempt > 0 || !slots.needsFlush()) {
            taken.push(error as CaptureError);
            break;
          }
          await options.flush();
        }
    }
    return taken;
  }

  async function attachMany(requests: readonly AttachRequest[], many: ManyOptions = {}): Promise<AttachResult[]> {
    const taken = await takeSlots(requests);
    const jobs: AttachJob[] = [];
    const jobsOf = requests.map(({ ifIndex, sampling }, at) => {
      if (taken[at] instanceof CaptureError) return [];
      const { flags, relative } = placeOf(sampling.order ?? 'head');
      return directions
        .filter((direction) => sampling.directions.includes(direction))
        .map((direction) => {
          const index = directions.indexOf(direction) as 0 | 1;
          return { direction, job: jobs.push([ifIndex, index, flags, relative]) - 1 };
        });
    });
    if (closed) return requests.map(({ ifIndex }) => gone(ifIndex));
    const answers = await addon.attachMany(handle, netnsPath(options.netns), jobs, expedite(many));
    return requests.map(({ ifIndex, sampling }, at): AttachResult => {
      const slot = taken[at] as Slot | CaptureError;
      if (slot instanceof CaptureError) return slot;
      const mine = (jobsOf[at] ?? []).map(({ direction, job }) => ({ direction, answer: answers[job] }));
      const links = mine.flatMap(({ answer }) => (Array.isArray(answer) ? [answer[0]] : []));
      const error = mine.find(({ answer }) => answer instanceof Error)?.answer;
      if (error || closed) {
        for (const fd of links) addon.closeFd(fd);
        slots.release(slot);
        return closed ? gone(ifIndex) : explain(error, `attaching to interface ${ifIndex}`, release());
      }
      const programs = mine.flatMap(({ direction, answer }) =>
        Array.isArray(answer) ? answer[1].map((name) => `${direction}:${name}`) : [],
      );
      return { attachment: start(slot, links, sampling), programs };
    });
  }

  async function detachMany(attachments: readonly Attachment[], many: ManyOptions = {}): Promise<void> {
    const entries = attachments.map(forget).filter((entry) => entry !== undefined);
    const fds = entries.flatMap(({ links }) => links);
    if (entries.length === 0) return;
    const done = addon.closeMany(Buffer.from(new Uint32Array(fds).buffer), expedite(many)).then(() => {
      for (const { slot } of entries) {
        slots.release(slot);
        closing.delete(slot.ifIndex);
      }
    });
    for (const { slot } of entries) closing.set(slot.ifIndex, done);
    await done;
  }

  return {
    attach,
    attachMany,
    detachMany,
    beginFlush: () => slots.beginFlush(),
    close() {
      closed = true;
      for (const attachment of [...held.keys()]) attachment.detach();
    },
  };
}

function gone(ifIndex: number): CaptureError {
  return new CaptureError('NO_SUCH_INTERFACE', `interface ${ifIndex}: the capture was closed meanwhile`, {
    hint: 'list the interfaces with: ip link',
  });
}

function placeOf(order: TcxOrder): { flags: number; relative: string | null } {
  if (order === 'head') return { flags: BPF_F_BEFORE, relative: null };
  if (order === 'tail') return { flags: BPF_F_AFTER, relative: null };
  return 'before' in order
    ? { flags: BPF_F_BEFORE, relative: order.before }
    : { flags: BPF_F_AFTER, relative: order.after };
}

function expedite(many: ManyOptions): number {
  return many.expedite ? expediteFd() : -1;
}
