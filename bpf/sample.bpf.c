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

#include "sample.h"

#define TCX_NEXT (-1)
#define AF_INET 2
#define AF_INET6 10
#define FIB_NOT_ASKED 255
#ifndef BPF_FIB_LOOKUP_SKIP_NEIGH
#define BPF_FIB_LOOKUP_SKIP_NEIGH 4 /* Linux 6.3: an unresolved neighbour still tells the interface */
#endif
#define IPV6_EXTENSIONS_MAX 4
#define VLAN_TAGS_MAX 2
#define OWN_ENTRIES_MAX 1024

/* Set before load. */
const volatile __u32 wake_bytes = 262144;

/* ifindex -> slot + 1; 0 = not ours. Resized before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u32);
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

/* Filled by user space before anything is attached. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EXPONENTIAL_BINS + 1);
	__type(key, __u32);
	__type(value, __u32);
} exponentials SEC(".maps");

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

/*
 * Packets up to and with the next that is chosen, when each has the chance 1 / rate: floor(E * -1/ln(1 - 1/rate)) + 1 for
 * an exponential E. So a packet that is not chosen costs no random number. Global, so that the verifier looks at it once
 * and not at each call.
 */
__noinline __u64 draw_skip(__u32 mantissa, __u32 shift)
{
	__u32 bin = 1;
	__u32 *tail = bpf_map_lookup_elem(&exponentials, &bin);
	__u32 random = bpf_get_prandom_u32();
	__u64 exponential = 0;

	if (!tail)
		return 1;
	/*
	 * The outermost bin is the tail; the distribution has no memory, so it begins again there. Not a loop: without
	 * CAP_PERFMON the verifier follows the ways of speculation too, and finds loops too complex.
	 */
	if (random >> 20 == 0) {
		exponential += *tail;
		random = bpf_get_prandom_u32();
		if (random >> 20 == 0) {
			exponential += *tail;
			random = bpf_get_prandom_u32();
		}
	}
	bin = random >> 20 ? random >> 20 : 1;
	__u32 *upper = bpf_map_lookup_elem(&exponentials, &bin);
	bin++;
	__u32 *lower = bpf_map_lookup_elem(&exponentials, &bin);
	if (!upper || !lower)
		return 1;
	exponential += *upper - ((__u64)(*upper - *lower) * (random & 0xfffff) >> 20);
	return (exponential * mantissa >> (shift & 63)) + 1;
}

/* A buffer on its way: packets behind the last one chosen, and how many were. */
struct choosing {
	__u64 skip;
	__u64 left;
	__u32 chosen;
	__u32 mantissa;
	__u32 shift;
	__u32 reserved;
};

static int choose_next(__u32 index, struct choosing *choosing)
{
	if (choosing->skip > choosing->left)
		return 1;
	choosing->left -= choosing->skip;
	choosing->chosen++;
	choosing->skip = draw_skip(choosing->mantissa, choosing->shift);
	return 0;
}

/* How many of these packets are chosen, each independently of the others and of those before. */
static __always_inline __u32 choose(const struct point_config *point, struct point_counters *count, __u32 packets)
{
	if (point->rate == 1)
		return packets;
	if (count->skip_rate != point->rate) {
		count->skip = draw_skip(point->skip_mantissa, point->skip_shift);
		count->skip_rate = point->rate;
	}
	if (count->skip > packets) {
		count->skip -= packets;
		return 0;
	}
	struct choosing choosing = {
		.skip = count->skip,
		.left = packets,
		.mantissa = point->skip_mantissa,
		.shift = point->skip_shift,
	};
	/* At most each of them, and once more to see that none is left. */
	bpf_loop(packets + 1, choose_next, &choosing, 0);
	count->skip = choosing.skip - choosing.left;
	return choosing.chosen;
}

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
	__u32 ifindex = skb->ifindex;
	__u32 *slot = bpf_map_lookup_elem(&slots, &ifindex);

	if (!slot || !*slot)
		return TCX_NEXT;
	__u32 index = (*slot - 1) * DIRECTIONS + direction;
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
		.slot = *slot - 1,
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
