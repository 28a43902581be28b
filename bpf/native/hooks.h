/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TCX calls of the kernel. By system call and layout, because Debian 12's libbpf and headers know none of them. All
 * of them take RTNL, and attaching and detaching wait for an RCU grace period while they hold it.
 */
#ifndef TCXFLOW_HOOKS_H
#define TCXFLOW_HOOKS_H

#include <linux/bpf.h>
#include <stdint.h>

#define PROGRAMS_MAX 64
#define PROGRAM_NAME_BYTES 16

struct hook_program {
	uint32_t id;
	char name[PROGRAM_NAME_BYTES];
};

/* In the namespace of the calling thread. Returns a link file descriptor or -errno. */
int hook_attach(int program_fd, uint32_t ifindex, uint32_t direction, uint32_t flags, uint32_t relative_id);
/* The programs at a hook in the order in which they run. Returns their number or -errno. */
int hook_programs(uint32_t ifindex, uint32_t direction, struct hook_program programs[PROGRAMS_MAX]);

#endif
