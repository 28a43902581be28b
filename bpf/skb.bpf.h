/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's own structures, as far as drops are read from them. Where a field really is, libbpf finds out on the
 * running kernel when it loads the program (CO-RE).
 */
#ifndef TCXFLOW_SKB_BPF_H
#define TCXFLOW_SKB_BPF_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

enum skb_drop_reason { SKB_NOT_DROPPED_YET = 0, SKB_CONSUMED = 1 };

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	possible_net_t skc_net;
};

struct sock {
	struct sock_common __sk_common;
};

struct net_device {
	char name[16];
	int ifindex;
	unsigned short type;
	possible_net_t nd_net;
};

struct skb_shared_info {
	unsigned short gso_size;
	unsigned short gso_segs;
};

struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	unsigned int len;
	int skb_iif;
	__be16 protocol;
	__be16 vlan_proto;
	__u16 vlan_tci;
	__u16 network_header;
	__u16 mac_header;
	unsigned int tail; /* from head, as end is, on 64 bits */
	unsigned int end;
	unsigned char *head;
	unsigned char *data;
};

#pragma clang attribute pop

#endif
