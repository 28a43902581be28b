// What sFlow's ethernet_counters has (RFC 3635, IEEE 802.3 clause 30), as far as somebody counts it. Pure.

import type { EthernetCounters } from '@tcxflow/schemas/generated.ts';
import type { EthernetStats } from 'libbpf-ts/ethtool.ts';
import { ARPHRD_ETHER, type Link } from 'libbpf-ts/netlink.ts';
import { kindOf } from './interfaces.ts';

/**
 * @param driver ethtool statistics; where the driver has none, those of the interface, of which if_link.h says what each is
 *   in IEEE 802.3. There a driver that does not count leaves a zero, so a zero says nothing.
 * @returns null: no Ethernet, or nothing is known
 */
export function ethernetCounters(link: Link, driver: EthernetStats | undefined): EthernetCounters | null {
  if (link.arpType !== ARPHRD_ETHER) return null;
  const { errors } = link;
  // Behind a veth or a bridge there is no medium that could fail.
  const counted = (count: number) => (kindOf(link) === 'physical' && count > 0 ? count : null);
  const counters: EthernetCounters = {
    alignmentErrors: driver?.alignmentErrors ?? counted(errors.rxFrame),
    fcsErrors: driver?.frameCheckSequenceErrors ?? counted(errors.rxCrc),
    // IFLA_STATS64 has collisions, but not of how many frames.
    singleCollisionFrames: driver?.singleCollisionFrames ?? null,
    multipleCollisionFrames: driver?.multipleCollisionFrames ?? null,
    sqeTestErrors: counted(errors.txHeartbeat),
    deferredTransmissions: driver?.deferredTransmissions ?? null,
    lateCollisions: driver?.lateCollisions ?? counted(errors.txWindow),
    excessiveCollisions: driver?.excessiveCollisions ?? counted(errors.txAborted),
    internalMacTransmitErrors: driver?.internalMacTransmitErrors ?? null,
    carrierSenseErrors: driver?.carrierSenseErrors ?? counted(errors.txCarrier),
    frameTooLongs: driver?.frameTooLongs ?? counted(errors.rxLength),
    internalMacReceiveErrors: driver?.internalMacReceiveErrors ?? counted(errors.rxOver),
    symbolErrors: driver?.symbolErrors ?? null,
  };
  return Object.values(counters).some((count) => count !== null) ? counters : null;
}
