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
enum { POINT_L3 = 1, POINT_FIB = 2, POINT_OWN = 4, POINT_LOOPBACK = 8 };

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

/* Interfaces by the low bits of their index, which the kernel lets grow for as long as the machine is up. */
#define SLOT_CELLS 65536
struct slot_cell {
	__u32 ifindex; /* 0 */
	__u32 slot;    /* 4 slot + 1; 0 = not ours */
};

/* One measuring point: index slot * DIRECTIONS + direction. */
struct point_config {
	__u32 rate;          /*  0 0 = do not sample, only count */
	__u32 header_bytes;  /*  4 */
	__u32 flags;         /*  8 */
	__u32 own_mark;      /* 12 0 = none */
	__u32 skip_mantissa; /* 16 -1 / ln(1 - 1 / rate) = mantissa * 2^(EXPONENTIAL_BITS - shift) */
	__u32 skip_shift;    /* 20 */
};

/* Quantiles of the exponential distribution, fixed-point: [i] = -ln(i / EXPONENTIAL_BINS); [0] is not used. */
#define EXPONENTIAL_BINS 4096
#define EXPONENTIAL_BITS 20

/* One end of a connection: IPv4 mapped into IPv6, port in network order. */
struct endpoint {
	__u8 address[16]; /*  0 */
	__u16 port;       /* 16 */
	__u8 protocol;    /* 18 IPPROTO_* */
	__u8 reserved;    /* 19 */
};

/* Per CPU and measuring point. */
struct point_counters {
	__u64 packets;      /*  0 wire packets: the pool */
	__u64 buffers;      /*  8 */
	__u64 bytes;        /* 16 wire bytes */
	__u64 skip;         /* 24 packets up to and with the next that is chosen */
	__u32 skip_rate;    /* 32 the rate it was drawn for; 0 = not drawn yet */
	__u32 reserved;     /* 36 */
	__u64 selected;     /* 40 samples chosen */
	__u64 ring_full;    /* 48 of them lost: no space in the ring */
	__u64 copy_failed;  /* 56 of them lost: header could not be copied */
	__u64 own;          /* 64 packets kept out of the pool by own_mark */
	__u64 own_selected; /* 72 choices that fell on traffic of an own endpoint: in the pool, but no samples */
};

_Static_assert(sizeof(struct sample_record) == 72, "sample_record is 72 bytes");
_Static_assert(sizeof(struct point_config) == 24, "point_config is 24 bytes");
_Static_assert(sizeof(struct point_counters) == 80, "point_counters is 80 bytes");
_Static_assert(sizeof(struct endpoint) == 20, "endpoint is 20 bytes");
_Static_assert(__builtin_offsetof(struct sample_record, wire_bytes) == 32, "layout");
_Static_assert(__builtin_offsetof(struct sample_record, slot) == 64, "layout");

#endif
