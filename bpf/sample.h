/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel program and user space share. Mirrored in record.ts; record.test.ts
 * compares both, and the assertions below hold the C side.
 */
#ifndef TCXFLOW_SAMPLE_H
#define TCXFLOW_SAMPLE_H

#include <linux/types.h>

enum { DIRECTION_INGRESS = 0, DIRECTION_EGRESS = 1, DIRECTIONS = 2 };

/* sample_record.flags */
enum { SAMPLE_VLAN = 1, SAMPLE_L3 = 2 };

/* point_config.flags */
enum { POINT_L3 = 1, POINT_FIB = 2 };

#define SAMPLE_HEADER_MAX 256

/* One kernel buffer of which sample_count packets were chosen; header_bytes of it follow. */
struct sample_record {
	__u64 ktime_ns;       /*  0 bpf_ktime_get_ns(): CLOCK_MONOTONIC */
	__u64 sequence;       /*  8 of the first sample here; holds sample_count of them */
	__u32 ifindex;        /* 16 */
	__u32 input_ifindex;  /* 20 skb->ingress_ifindex */
	__u32 output_ifindex; /* 24 from the FIB, 0 = unknown */
	__u32 rate;           /* 28 N of 1:N */
	__u32 wire_bytes;     /* 32 all segments with their headers, VLAN tag included */
	__u32 segments;       /* 36 */
	__u32 sample_count;   /* 40 */
	__u16 header_bytes;   /* 44 */
	__u16 ether_type;     /* 46 host order */
	__u16 vlan_tpid;      /* 48 host order, when SAMPLE_VLAN */
	__u16 vlan_tci;       /* 50 PCP, DEI and VID */
	__u8 direction;       /* 52 */
	__u8 flags;           /* 53 */
	__u8 fib_result;      /* 54 BPF_FIB_LKUP_RET_*, 255 = not asked */
	__u8 packet_type;     /* 55 PACKET_HOST, … */
	__u32 buffer_bytes;   /* 56 skb->len */
	__u16 gso_size;       /* 60 */
	__u16 cpu;            /* 62 */
	__u32 slot;           /* 64 of the interface, see slots map */
	__u32 mark;           /* 68 skb->mark */
	__u8 header[];        /* 72 */
};

/* One measuring point: index slot * DIRECTIONS + direction. */
struct point_config {
	__u64 threshold;    /*  0 floor(2^32 / rate); 2^32 = every packet */
	__u32 rate;         /*  8 0 = do not sample, only count */
	__u32 header_bytes; /* 12 */
	__u32 flags;        /* 16 */
	__u32 own_mark;     /* 20 0 = none */
};

/* Per CPU and measuring point. */
struct point_counters {
	__u64 packets;     /*  0 wire packets: the pool */
	__u64 buffers;     /*  8 */
	__u64 bytes;       /* 16 wire bytes */
	__u64 selected;    /* 24 samples chosen */
	__u64 ring_full;   /* 32 of them lost: no space in the ring */
	__u64 copy_failed; /* 40 of them lost: header could not be copied */
	__u64 own;         /* 48 packets kept out of the pool by own_mark */
	__u64 reserved;    /* 56 */
};

_Static_assert(sizeof(struct sample_record) == 72, "sample_record is 72 bytes");
_Static_assert(sizeof(struct point_config) == 24, "point_config is 24 bytes");
_Static_assert(sizeof(struct point_counters) == 64, "point_counters is 64 bytes");
_Static_assert(__builtin_offsetof(struct sample_record, wire_bytes) == 32, "layout");
_Static_assert(__builtin_offsetof(struct sample_record, slot) == 64, "layout");

#endif
