/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* This host's own traffic, by the endpoints that user space names. */
#ifndef TCXFLOW_OWN_BPF_H
#define TCXFLOW_OWN_BPF_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "sample.h"

#define OWN_ENTRIES_MAX 1024

/* Where this host's own traffic goes: brokers, databases, collectors. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWN_ENTRIES_MAX);
	__type(key, struct endpoint);
	__type(value, __u8);
} own_endpoints SEC(".maps");

/* This host's addresses: traffic that it forwards to an own endpoint is not its own. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWN_ENTRIES_MAX);
	__type(key, __u8[16]);
	__type(value, __u8);
} own_addresses SEC(".maps");

/* Whether this packet is between this host and an own endpoint. Asked of chosen packets only, so it costs nearly nothing. */
__noinline int is_own(struct __sk_buff *skb, __u32 flags, __u32 direction)
{
	struct endpoint ends[2] = {}; /* source, destination */
	__u32 offset = flags & POINT_L3 ? 0 : sizeof(struct ethhdr);
	__u16 ports[2];

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
			return false;
		for (int i = 0; i < 2; i++) {
			ends[i].address[10] = ends[i].address[11] = 0xff;
			ends[i].protocol = ip.protocol;
		}
		__builtin_memcpy(&ends[0].address[12], &ip.saddr, 4);
		__builtin_memcpy(&ends[1].address[12], &ip.daddr, 4);
		offset += ip.ihl * 4;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip6;

		if (bpf_skb_load_bytes(skb, offset, &ip6, sizeof(ip6)))
			return false;
		ends[0].protocol = ends[1].protocol = ip6.nexthdr;
		__builtin_memcpy(ends[0].address, &ip6.saddr, 16);
		__builtin_memcpy(ends[1].address, &ip6.daddr, 16);
		offset += sizeof(ip6);
	} else {
		return false;
	}
	if (bpf_skb_load_bytes(skb, offset, ports, sizeof(ports)))
		return false;
	ends[0].port = ports[0];
	ends[1].port = ports[1];
	/* On the loopback every packet passes both ways, so its own end may be either. */
	if ((direction == DIRECTION_INGRESS || flags & POINT_LOOPBACK) &&
	    bpf_map_lookup_elem(&own_endpoints, &ends[0]) && bpf_map_lookup_elem(&own_addresses, ends[1].address))
		return true;
	return (direction == DIRECTION_EGRESS || flags & POINT_LOOPBACK) &&
	       bpf_map_lookup_elem(&own_endpoints, &ends[1]) && bpf_map_lookup_elem(&own_addresses, ends[0].address);
}

#endif
