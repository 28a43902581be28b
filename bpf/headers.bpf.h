/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What has to be read of a packet's headers: how long they are, and where the packet is routed. */
#ifndef TCXFLOW_HEADERS_BPF_H
#define TCXFLOW_HEADERS_BPF_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET 2
#define AF_INET6 10
#define IPV6_EXTENSIONS_MAX 4
#define VLAN_TAGS_MAX 2
#ifndef BPF_FIB_LOOKUP_SKIP_NEIGH
#define BPF_FIB_LOOKUP_SKIP_NEIGH 4 /* Linux 6.3: an unresolved neighbour still tells the interface */
#endif

/*
 * Bytes of the headers that every segment of a GSO buffer repeats: L2 (tags in the bytes included), L3, L4.
 * 0 when they cannot be told: an encapsulation or a protocol that this program does not read.
 */
static __always_inline __u32 segment_header_bytes(struct __sk_buff *skb, bool l3)
{
	__u32 offset = 0;
	__u16 ether_type = skb->protocol;
	__u8 protocol = 0;

	if (!l3) {
		if (bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &ether_type, 2))
			return 0;
		offset = sizeof(struct ethhdr);
		for (int i = 0; i < VLAN_TAGS_MAX; i++) {
			if (ether_type != bpf_htons(ETH_P_8021Q) && ether_type != bpf_htons(ETH_P_8021AD))
				break;
			if (bpf_skb_load_bytes(skb, offset + 2, &ether_type, 2))
				return 0;
			offset += 4;
		}
	}
	if (ether_type == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
			return 0;
		offset += ip.ihl * 4;
		protocol = ip.protocol;
	} else if (ether_type == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip6;

		if (bpf_skb_load_bytes(skb, offset, &ip6, sizeof(ip6)))
			return 0;
		offset += sizeof(ip6);
		protocol = ip6.nexthdr;
		for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
			__u8 extension[2];

			if (protocol != IPPROTO_HOPOPTS && protocol != IPPROTO_ROUTING && protocol != IPPROTO_DSTOPTS)
				break;
			if (bpf_skb_load_bytes(skb, offset, extension, 2))
				return 0;
			protocol = extension[0];
			offset += (extension[1] + 1) * 8;
		}
	}
	if (protocol == IPPROTO_TCP) {
		struct tcphdr tcp;

		if (bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)))
			return 0;
		return offset + tcp.doff * 4;
	}
	if (protocol == IPPROTO_UDP)
		return offset + 8;
	return 0;
}

/* Where the routing table would send this packet. */
static __always_inline __u32 routed_ifindex(struct __sk_buff *skb, bool l3, __u8 *result)
{
	struct bpf_fib_lookup fib = {};
	__u32 offset = l3 ? 0 : sizeof(struct ethhdr);
	long rc;

	fib.ifindex = skb->ifindex;
	/* tot_len stays 0: the length of a GSO buffer would answer FRAG_NEEDED. */
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
			return 0;
		fib.family = AF_INET;
		fib.tos = ip.tos;
		fib.l4_protocol = ip.protocol;
		fib.ipv4_src = ip.saddr;
		fib.ipv4_dst = ip.daddr;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip6;

		if (bpf_skb_load_bytes(skb, offset, &ip6, sizeof(ip6)))
			return 0;
		fib.family = AF_INET6;
		fib.l4_protocol = ip6.nexthdr;
		__builtin_memcpy(fib.ipv6_src, &ip6.saddr, 16);
		__builtin_memcpy(fib.ipv6_dst, &ip6.daddr, 16);
	} else {
		return 0;
	}
	rc = bpf_fib_lookup(skb, &fib, sizeof(fib), BPF_FIB_LOOKUP_SKIP_NEIGH);
	*result = rc < 0 ? 254 : rc;
	return rc == BPF_FIB_LKUP_RET_SUCCESS ? fib.ifindex : 0;
}

#endif
