// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What sampling is measured against: nothing at all, and the usual way of a simple sampler, which looks its rate up in a
 * hash map and draws a random number for every packet.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TCX_NEXT (-1)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} rates SEC(".maps");

SEC("tc")
int null(struct __sk_buff *skb)
{
	return TCX_NEXT;
}

SEC("tc")
int reference(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	__u32 *rate = bpf_map_lookup_elem(&rates, &ifindex);

	/* Nobody fills the map: a rate of a million stands for what it would say. */
	if (bpf_get_prandom_u32() % (rate && *rate ? *rate : 1000000) == 0)
		skb->mark = 1;
	return TCX_NEXT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
