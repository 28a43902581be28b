// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Dropped packets: counts every buffer that the kernel frees with a reason, by reason, chooses 1 in N of them, and no more
 * than a bound a second of each reason, so that a flood of one does not hide the others. Runs for every drop of the host,
 * in whatever context: what is not chosen costs a few loads. Needs CAP_PERFMON beside CAP_BPF.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "drops.h"
#include "skb.bpf.h"

#define HEADER_UNSET 0xffff /* of mac_header: skb_mac_header_was_set() */
#define ARPHRD_ETHER 1
#define ARPHRD_LOOPBACK 772 /* has an Ethernet header of zeros */
#define TYPE_UNKNOWN 0xffff
#define NS_PER_SECOND 1000000000ull

/* Set before load. */
const volatile struct drop_config config = { 1, 100, DROP_HEADER_MAX };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DROP_SLOTS);
	__type(key, __u32);
	__type(value, struct drop_counters);
} counters SEC(".maps");

/* The second in the upper half, how many were let through in it in the lower. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DROP_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} windows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1048576);
} ring SEC(".maps");

static __always_inline __u32 slot_of(__u32 reason)
{
	__u32 subsystem = reason >> 16;
	__u32 number = reason & 0xffff;

	if (!subsystem)
		return number < DROP_CORE_REASONS ? number : 0;
	if (subsystem > DROP_SUBSYSTEMS || number >= DROP_SUBSYSTEM_REASONS)
		return 0;
	return DROP_CORE_REASONS + (subsystem - 1) * DROP_SUBSYSTEM_REASONS + number;
}

static __always_inline bool is_drop(__u32 reason)
{
	if (reason == bpf_core_enum_value(enum skb_drop_reason, SKB_NOT_DROPPED_YET))
		return false;
	return !bpf_core_enum_value_exists(enum skb_drop_reason, SKB_CONSUMED) ||
	       reason != bpf_core_enum_value(enum skb_drop_reason, SKB_CONSUMED);
}

/* Linux 6.2: lets memory be read as this type without a call; a read of what is not there gives 0. */
extern void *bpf_rdonly_cast(const void *memory, __u32 btf_id) __ksym;

static __always_inline __u32 segments_of(struct sk_buff *skb)
{
	struct skb_shared_info *shared =
		bpf_rdonly_cast(skb->head + skb->end, bpf_core_type_id_kernel(struct skb_shared_info));
	__u32 gso_size = shared->gso_size;

	if (!gso_size)
		return 1;
	/* 0: a buffer from a guest, which nobody has segmented yet. */
	return shared->gso_segs ? shared->gso_segs : (skb->len + gso_size - 1) / gso_size;
}

/* While a flood is over the bound this only reads, so that CPUs do not fight for the word. */
static __always_inline bool within_bound(__u64 *window, __u64 ktime_ns)
{
	__u64 second = ktime_ns / NS_PER_SECOND << 32;
	__u64 before = *(volatile __u64 *)window;

	if (before >> 32 != second >> 32) {
		if (__sync_val_compare_and_swap(window, before, second | 1) == before)
			return true;
	} else if ((__u32)before >= config.max_per_second) {
		return false;
	}
	return (__u32)__sync_fetch_and_add(window, 1) < config.max_per_second;
}

/* skb->dev of a UDP packet in a socket's queue is other data (dev_scratch): no address, so reading it fails. */
static __always_inline __u16 fill_device(struct sk_buff *skb, struct drop_record *record)
{
	struct net_device *device = skb->dev;
	__u32 ifindex = 0;
	__u16 type = TYPE_UNKNOWN;

	__builtin_memset(record->name, 0, sizeof(record->name));
	record->netns = 0;
	if (device)
		ifindex = BPF_CORE_READ(device, ifindex);
	if (ifindex) {
		type = BPF_CORE_READ(device, type);
		record->netns = BPF_CORE_READ(device, nd_net.net, ns.inum);
		BPF_CORE_READ_STR_INTO(&record->name, device, name);
	} else if (skb->sk) {
		record->netns = BPF_CORE_READ(skb, sk, __sk_common.skc_net.net, ns.inum);
	}
	record->ifindex = ifindex;
	record->input_ifindex = skb->skb_iif;
	return type;
}

/* From the MAC header where there is an Ethernet one, else from the network header. */
static __always_inline void fill_header(struct sk_buff *skb, struct drop_record *record, __u16 device_type)
{
	__u32 data = skb->data - skb->head;
	__u32 mac = skb->mac_header;
	/* A driver's drop may come before anybody has set it; then it is where the data starts. */
	__u32 network = skb->network_header ? skb->network_header : data;
	bool ethernet = mac != HEADER_UNSET && network >= mac + ETH_HLEN &&
			(device_type == TYPE_UNKNOWN || device_type == ARPHRD_ETHER || device_type == ARPHRD_LOOPBACK);
	bool tagged = skb->vlan_proto || skb->vlan_tci;
	__u32 start = ethernet ? mac : network;
	__u32 wire_bytes = skb->len + data - start;
	__u32 linear_bytes = skb->tail > start ? skb->tail - start : 0;
	__u32 bytes = config.header_bytes;

	/* A header that lies outside of the packet says nothing about its length. */
	if (wire_bytes >> 31)
		wire_bytes = skb->len;
	if (bytes > linear_bytes)
		bytes = linear_bytes;
	if (bytes > wire_bytes)
		bytes = wire_bytes;
	if (bytes > DROP_HEADER_MAX)
		bytes = DROP_HEADER_MAX;
	/* Without the header the reason is still worth telling. */
	if (bpf_probe_read_kernel(record->header, bytes, skb->head + start))
		bytes = 0;
	record->header_bytes = bytes;
	record->wire_bytes = wire_bytes + (ethernet && tagged ? 4 : 0);
	record->ether_type = bpf_ntohs(skb->protocol);
	record->vlan_tpid = bpf_ntohs(skb->vlan_proto);
	record->vlan_tci = skb->vlan_tci;
	record->flags = (tagged ? DROP_VLAN : 0) | (ethernet ? 0 : DROP_L3);
}

/* (skb, location, reason) since Linux 5.17; what later kernels add stands behind. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(drop, struct sk_buff *skb, void *location, __u32 reason)
{
	__u32 slot = slot_of(reason);
	struct drop_counters *count;
	struct drop_record *record;
	__u32 segments;
	__u64 now;
	__u64 *window;

	if (!is_drop(reason))
		return 0;
	count = bpf_map_lookup_elem(&counters, &slot);
	if (!count)
		return 0;
	/* What programs of this host say to each other is none of ours, and its bytes even less. */
	if (!skb->protocol && !skb->dev) {
		count->local++;
		return 0;
	}
	segments = segments_of(skb);
	count->buffers++;
	count->packets += segments;

	if (config.rate > 1 && (__u64)bpf_get_prandom_u32() * config.rate >> 32)
		return 0;
	count->selected++;
	now = bpf_ktime_get_ns();
	window = bpf_map_lookup_elem(&windows, &slot);
	if (!window || !within_bound(window, now)) {
		count->over_bound++;
		return 0;
	}
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count->ring_full++;
		return 0;
	}
	record->ktime_ns = now;
	record->reason = reason;
	record->rate = config.rate;
	record->segments = segments;
	fill_header(skb, record, fill_device(skb, record));
	/* The reader's own tick collects them: waking it costs more than all of this. */
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
