// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Packet sampler for the TCX ingress and egress hooks. Both programs count every wire packet, choose 1 in N of them
 * and copy the chosen ones' first bytes into a ring buffer. Only UAPI fields of __sk_buff are read, so CAP_BPF and
 * CAP_NET_ADMIN are enough. See docs/explanation/sampling.md.
 */
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

#include "choose.bpf.h"
#include "headers.bpf.h"
#include "own.bpf.h"
#include "sample.h"

#define TCX_NEXT (-1)
#define FIB_NOT_ASKED 255

/* Set before load. */
const volatile __u32 wake_bytes = 262144;

/* An array, not a hash: every packet asks. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOT_CELLS);
	__type(key, __u32);
	__type(value, struct slot_cell);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, struct point_config);
} points SEC(".maps");

/* Apart from points, whose cache lines are only read while packets pass. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, __u64);
} sequences SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, struct point_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4194304);
} ring SEC(".maps");

struct chosen {
	__u64 sequence;
	__u32 rate;
	__u32 wire_bytes;
	__u32 segments;
	__u32 count;
	__u32 slot;
	__u32 header_bytes;
	__u8 direction;
	bool l3;
	bool fib;
};

/* bpf_ringbuf_reserve() takes a constant size only, so each tier is an instance of this. */
#define EMIT(tier)                                                                                                     \
	static __always_inline void emit_##tier(struct __sk_buff *skb, struct point_counters *count,                   \
						const struct chosen *chosen)                                           \
	{                                                                                                              \
		const __u32 record_bytes = sizeof(struct sample_record) + tier;                                        \
		struct sample_record *record = bpf_ringbuf_reserve(&ring, sizeof(struct sample_record) + tier, 0);     \
		if (!record) {                                                                                         \
			count->ring_full += chosen->count;                                                             \
			return;                                                                                        \
		}                                                                                                      \
		__u32 bytes = chosen->header_bytes;                                                                    \
		if (bytes > tier)                                                                                      \
			bytes = tier;                                                                                  \
		if (bytes < 1 || bpf_skb_load_bytes(skb, 0, record->header, bytes)) {                                  \
			count->copy_failed += chosen->count;                                                           \
			bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);                                                 \
			return;                                                                                        \
		}                                                                                                      \
		fill(skb, record, chosen, bytes);                                                                      \
		/* Wake the reader once, when this record crosses the threshold; else its own tick will do. */         \
		__u64 waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);                                           \
		bool crossing = waiting >= wake_bytes && waiting - record_bytes < wake_bytes;                          \
		bpf_ringbuf_submit(record, crossing ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);                         \
	}

static __always_inline void fill(struct __sk_buff *skb, struct sample_record *record, const struct chosen *chosen,
				 __u32 header_bytes)
{
	__u8 fib_result = FIB_NOT_ASKED;

	record->ktime_ns = bpf_ktime_get_ns();
	record->sequence = chosen->sequence;
	record->ifindex = skb->ifindex;
	record->input_ifindex = chosen->direction == DIRECTION_EGRESS ? skb->ingress_ifindex : 0;
	record->output_ifindex = chosen->fib ? routed_ifindex(skb, chosen->l3, &fib_result) : 0;
	record->rate = chosen->rate;
	record->wire_bytes = chosen->wire_bytes;
	record->segments = chosen->segments;
	record->sample_count = chosen->count;
	record->header_bytes = header_bytes;
	record->ether_type = bpf_ntohs(skb->protocol);
	record->vlan_tpid = bpf_ntohs(skb->vlan_proto);
	record->vlan_tci = skb->vlan_tci;
	record->direction = chosen->direction;
	record->flags = (skb->vlan_present ? SAMPLE_VLAN : 0) | (chosen->l3 ? SAMPLE_L3 : 0);
	record->fib_result = fib_result;
	record->packet_type = skb->pkt_type;
	record->buffer_bytes = skb->len;
	record->gso_size = skb->gso_size;
	record->cpu = bpf_get_smp_processor_id();
	record->slot = chosen->slot;
	record->mark = skb->mark;
}

EMIT(64)
EMIT(128)
EMIT(256)

/* A function of its own: inlined, the compiler overwrites spilled pointers, which the verifier forbids without CAP_PERFMON. */
static __noinline int emit(struct __sk_buff *skb, struct point_counters *count, const struct chosen *chosen)
{
	if (chosen->header_bytes <= 64)
		emit_64(skb, count, chosen);
	else if (chosen->header_bytes <= 128)
		emit_128(skb, count, chosen);
	else
		emit_256(skb, count, chosen);
	return 0;
}

static __always_inline int sample(struct __sk_buff *skb, __u8 direction)
{
	__u32 cell_index = skb->ifindex % SLOT_CELLS;
	struct slot_cell *cell = bpf_map_lookup_elem(&slots, &cell_index);

	if (!cell || cell->ifindex != skb->ifindex)
		return TCX_NEXT;
	/* Once: user space may clear it at any time. */
	__u32 slot = *(volatile __u32 *)&cell->slot - 1;
	if (slot == (__u32)-1)
		return TCX_NEXT;
	__u32 index = slot * DIRECTIONS + direction;
	struct point_config *point = bpf_map_lookup_elem(&points, &index);
	struct point_counters *count = bpf_map_lookup_elem(&counters, &index);
	if (!point || !count)
		return TCX_NEXT;

	bool l3 = point->flags & POINT_L3;
	__u32 segments = 1;
	__u32 tag_bytes = skb->vlan_present ? 4 : 0;
	__u32 wire_bytes = skb->len + tag_bytes;

	if (skb->gso_size) {
		__u32 header_bytes = segment_header_bytes(skb, l3);

		segments = skb->gso_segs;
		/* Buffers from a guest or a tun device leave gso_segs to whoever segments them. */
		if (!segments && header_bytes && header_bytes < skb->len)
			segments = (skb->len - header_bytes + skb->gso_size - 1) / skb->gso_size;
		if (!segments)
			segments = 1;
		/* On egress the kernel has summed the segments itself, encapsulations included. */
		if (direction == DIRECTION_EGRESS && !l3)
			wire_bytes = skb->wire_len + tag_bytes * segments;
		else
			wire_bytes += (segments - 1) * (header_bytes + tag_bytes);
	}

	if (point->own_mark && skb->mark == point->own_mark) {
		count->own += segments;
		return TCX_NEXT;
	}
	count->packets += segments;
	count->buffers += 1;
	count->bytes += wire_bytes;

	if (!point->rate)
		return TCX_NEXT;
	__u32 chosen_count = choose(point, count, segments);
	if (!chosen_count)
		return TCX_NEXT;
	if (point->flags & POINT_OWN && is_own(skb, point->flags, direction)) {
		count->own_selected += chosen_count;
		return TCX_NEXT;
	}
	count->selected += chosen_count;

	__u64 *sequence = bpf_map_lookup_elem(&sequences, &index);
	if (!sequence)
		return TCX_NEXT;
	struct chosen chosen = {
		/* Before the ring is asked for space: a loss there shows as a gap everywhere downstream. */
		.sequence = __sync_fetch_and_add(sequence, chosen_count) + 1,
		.rate = point->rate,
		.wire_bytes = wire_bytes,
		.segments = segments,
		.count = chosen_count,
		.slot = slot,
		.header_bytes = point->header_bytes < skb->len ? point->header_bytes : skb->len,
		.direction = direction,
		.l3 = l3,
		.fib = direction == DIRECTION_INGRESS && (point->flags & POINT_FIB),
	};
	emit(skb, count, &chosen);
	return TCX_NEXT;
}

SEC("tc")
int sample_ingress(struct __sk_buff *skb)
{
	return sample(skb, DIRECTION_INGRESS);
}

SEC("tc")
int sample_egress(struct __sk_buff *skb)
{
	return sample(skb, DIRECTION_EGRESS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
