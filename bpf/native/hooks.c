/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "hooks.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../sample.h"

/* Linux 6.6; older headers lack the names. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47
#ifndef BPF_F_ID
#define BPF_F_ID (1U << 5)
#endif

static uint32_t attach_type(uint32_t direction)
{
	return direction == DIRECTION_EGRESS ? TCX_EGRESS : TCX_INGRESS;
}

int hook_attach(int program_fd, uint32_t ifindex, uint32_t direction, uint32_t flags, uint32_t relative_id)
{
	struct {
		uint32_t prog_fd, target_ifindex, attach_type, flags, relative_id, reserved;
		uint64_t expected_revision;
	} attr = { .prog_fd = program_fd,
		   .target_ifindex = ifindex,
		   .attach_type = attach_type(direction),
		   .flags = flags | (relative_id ? BPF_F_ID : 0),
		   .relative_id = relative_id };
	int fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

int hook_programs(uint32_t ifindex, uint32_t direction, struct hook_program programs[PROGRAMS_MAX])
{
	uint32_t ids[PROGRAMS_MAX] = { 0 };
	struct {
		uint32_t target_ifindex, attach_type, query_flags, attach_flags;
		uint64_t prog_ids;
		uint32_t count, reserved;
		uint64_t prog_attach_flags, link_ids, link_attach_flags, revision;
	} attr = { .target_ifindex = ifindex,
		   .attach_type = attach_type(direction),
		   .prog_ids = (uintptr_t)ids,
		   .count = PROGRAMS_MAX };
	uint32_t count;

	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)))
		return -errno;
	count = attr.count < PROGRAMS_MAX ? attr.count : PROGRAMS_MAX;
	for (uint32_t i = 0; i < count; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(ids[i]);

		/* It may be gone since; then it has no name. */
		if (fd >= 0) {
			bpf_obj_get_info_by_fd(fd, &info, &size);
			close(fd);
		}
		programs[i].id = ids[i];
		memcpy(programs[i].name, info.name, sizeof(programs[i].name));
		programs[i].name[PROGRAM_NAME_BYTES - 1] = 0;
	}
	return count;
}
