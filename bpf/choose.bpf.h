/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which packets become samples: each with the chance 1 / rate, independently of all others. */
#ifndef TCXFLOW_CHOOSE_BPF_H
#define TCXFLOW_CHOOSE_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "sample.h"

/* Filled by user space before anything is attached. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EXPONENTIAL_BINS + 1);
	__type(key, __u32);
	__type(value, __u32);
} exponentials SEC(".maps");

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

#endif
