/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What drops.bpf.c and user space share. Mirrored in drop-record.ts; drop-record.test.ts compares both. */
#ifndef TCXFLOW_DROPS_H
#define TCXFLOW_DROPS_H

#include <linux/types.h>

/* drop_record.flags */
enum { DROP_VLAN = 1, DROP_L3 = 2 };

#define DROP_HEADER_MAX 128
#define DROP_NAME_BYTES 16

/*
 * Where a reason is counted. The kernel's own come first; those of its subsystems (mac80211, Open vSwitch) have the
 * subsystem's number from 1 in their upper 16 bits. Slot 0, of "not dropped yet", is for what has no slot of its own.
 */
#define DROP_CORE_REASONS 256
#define DROP_SUBSYSTEMS 4
#define DROP_SUBSYSTEM_REASONS 64
#define DROP_SLOTS (DROP_CORE_REASONS + DROP_SUBSYSTEMS * DROP_SUBSYSTEM_REASONS)

/* Constants of the program, set before load. */
struct drop_config {
	__u32 rate;           /*  0 N of 1:N */
	__u32 max_per_second; /*  4 of each reason */
	__u32 header_bytes;   /*  8 at most DROP_HEADER_MAX */
};

/* One dropped buffer that was chosen. All records have the same size. */
struct drop_record {
	__u64 ktime_ns;      /*  0 CLOCK_MONOTONIC */
	__u32 reason;        /*  8 enum skb_drop_reason of the running kernel */
	__u32 netns;         /* 12 inode number of the network namespace, 0 = unknown */
	__u32 ifindex;       /* 16 skb->dev, 0 = none */
	__u32 input_ifindex; /* 20 skb->skb_iif, 0 = made here */
	__u32 rate;          /* 24 N of 1:N */
	__u32 wire_bytes;    /* 28 from where the header starts, VLAN tag included */
	__u32 segments;      /* 32 wire packets in this buffer */
	__u16 header_bytes;  /* 36 */
	__u16 ether_type;    /* 38 host order */
	__u16 vlan_tpid;     /* 40 host order, when DROP_VLAN */
	__u16 vlan_tci;      /* 42 */
	__u32 flags;         /* 44 */
	char name[DROP_NAME_BYTES];     /* 48 of the device; empty = none */
	__u8 header[DROP_HEADER_MAX];   /* 64 */
};

/* Per CPU and reason. */
struct drop_counters {
	__u64 buffers;    /*  0 packets as the kernel has them: the pool */
	__u64 packets;    /*  8 on the wire: segments */
	__u64 local;      /* 16 buffers that are no packets (AF_UNIX, netlink), kept out of the pool */
	__u64 selected;   /* 24 buffers chosen */
	__u64 over_bound; /* 32 of them lost: max_per_second */
	__u64 ring_full;  /* 40 of them lost: no space in the ring */
};

_Static_assert(sizeof(struct drop_config) == 12, "drop_config is 12 bytes");
_Static_assert(sizeof(struct drop_record) == 192, "drop_record is 192 bytes");
_Static_assert(sizeof(struct drop_counters) == 48, "drop_counters is 48 bytes");

#endif
