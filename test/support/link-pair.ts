// Two namespaces joined by veth, nothing else in them: sent frames are all there is to count.

import type { TestContext } from 'node:test';
import { buildTaggedFrame } from '@tcxflow/lab/frames.ts';
import { inNetns, ip, ipBatch, netnsName, removeStaleNetns } from '@tcxflow/lab/netns.ts';
import { listLinks } from 'libbpf-ts/links.ts';
import type { Link } from 'libbpf-ts/netlink.ts';

const KIND = 'tcxflow-test';
let made = 0;

export interface LinkPair {
  /** The namespace that is sampled; its side is eth0. */
  near: string;
  /** The other one; its side is eth0 too. */
  far: string;
  /** The sampled interface. */
  link: Link;
}

export const NEAR_MAC = '02:00:00:00:00:01';
export const FAR_MAC = '02:00:00:00:00:02';

/** Makes the pair; it is removed when the test ends. */
export async function makeLinkPair(test: TestContext): Promise<LinkPair> {
  const { pair, remove } = await createLinkPair();
  test.after(remove);
  return pair;
}

/** No address, no IPv6: the kernel itself sends nothing. */
export async function createLinkPair(): Promise<{ pair: LinkPair; remove: () => Promise<void> }> {
  if (made === 0) await removeStaleNetns(KIND);
  const id = ++made;
  const near = netnsName(KIND, `near${id}`);
  const far = netnsName(KIND, `far${id}`);
  const remove = async () => {
    for (const netns of [near, far]) await ip('netns', 'delete', netns);
  };
  for (const netns of [near, far]) {
    await ip('netns', 'add', netns);
    await inNetns(netns, 'sh', '-c', 'for f in all default; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done');
  }
  await ipBatch(near, [
    `link add eth0 address ${NEAR_MAC} type veth peer name eth0 address ${FAR_MAC} netns ${far}`,
    'link set eth0 up',
  ]);
  await ipBatch(far, ['link set eth0 up']);
  return { pair: { near, far, link: findLink(near, 'eth0') }, remove };
}

/** IPv4/UDP from the far side to the near one: 192.0.2.2 port 40,000 to 192.0.2.1 port 9; 42 bytes of headers without tags. */
export function plainFrame(
  payloadBytes: number,
  tags: { tpid: number; vlanId: number; priority?: number }[] = [],
): Buffer {
  return buildTaggedFrame({
    srcMac: FAR_MAC,
    dstMac: NEAR_MAC,
    tags,
    srcAddress: '192.0.2.2',
    dstAddress: '192.0.2.1',
    srcPort: 40_000,
    dstPort: 9,
    payloadBytes,
  });
}

export function findLink(netns: string, name: string): Link {
  const link = listLinks(netns).find((candidate) => candidate.name === name);
  if (!link) throw new Error(`no ${name} in ${netns}`);
  return link;
}
