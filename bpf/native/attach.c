/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCX links: attaching, what else is attached, whether a link still has its interface. By system call and layout, because
 * Debian 12's libbpf and headers know neither.
 */
#define _GNU_SOURCE
#include "addon.h"
#include "capture.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 6.6; older headers lack the names. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47
#ifndef BPF_F_ID
#define BPF_F_ID (1U << 5)
#endif

/*
 * attach(capture, ifIndex, direction, netnsPath | null, flags: BPF_F_BEFORE | BPF_F_AFTER, relativeId) -> link file
 * descriptor. Without a relative (0) BEFORE means first and AFTER last.
 */
static napi_value js_attach(napi_env env, napi_callback_info info)
{
	napi_value args[6], result;
	struct capture *capture;
	uint32_t ifindex, direction, flags, relative_id;
	char netns[4096] = "";
	struct netns_guard guard;
	struct {
		uint32_t prog_fd, target_ifindex, attach_type, flags, relative_id, reserved;
		uint64_t expected_revision;
	} attr = { 0 };
	int fd, error;

	if (!get_args(env, info, 6, args) || !get_capture(env, args[0], &capture) ||
	    !get_u32(env, args[1], "ifIndex", &ifindex) || !get_u32(env, args[2], "direction", &direction) ||
	    (!is_nullish(env, args[3]) && !get_string(env, args[3], "netnsPath", netns, sizeof(netns))) ||
	    !get_u32(env, args[4], "flags", &flags) || !get_u32(env, args[5], "relativeId", &relative_id))
		return NULL;
	error = netns_enter(&guard, netns);
	if (error)
		return throw_errno(env, -error, "setns", netns);
	attr.prog_fd = capture->programs[direction == DIRECTION_EGRESS];
	attr.target_ifindex = ifindex;
	attr.attach_type = direction == DIRECTION_EGRESS ? TCX_EGRESS : TCX_INGRESS;
	attr.flags = flags | (relative_id ? BPF_F_ID : 0);
	attr.relative_id = relative_id;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	error = errno;
	netns_leave(&guard);
	if (fd < 0)
		return throw_errno(env, error, "bpf(BPF_LINK_CREATE)", NULL);
	napi_create_int32(env, fd, &result);
	return result;
}

/* attachedPrograms(ifIndex, direction, netnsPath | null) -> [[id, name], …] in the order in which they run */
static napi_value js_attached_programs(napi_env env, napi_callback_info info)
{
	enum { PROGRAMS_MAX = 64 };
	napi_value args[3], result, pair, value;
	uint32_t ifindex, direction, ids[PROGRAMS_MAX] = { 0 };
	char netns[4096] = "";
	struct netns_guard guard;
	struct {
		uint32_t target_ifindex, attach_type, query_flags, attach_flags;
		uint64_t prog_ids;
		uint32_t count, reserved;
		uint64_t prog_attach_flags, link_ids, link_attach_flags, revision;
	} attr = { 0 };
	int error;

	if (!get_args(env, info, 3, args) || !get_u32(env, args[0], "ifIndex", &ifindex) ||
	    !get_u32(env, args[1], "direction", &direction) ||
	    (!is_nullish(env, args[2]) && !get_string(env, args[2], "netnsPath", netns, sizeof(netns))))
		return NULL;
	error = netns_enter(&guard, netns);
	if (error)
		return throw_errno(env, -error, "setns", netns);
	attr.target_ifindex = ifindex;
	attr.attach_type = direction == DIRECTION_EGRESS ? TCX_EGRESS : TCX_INGRESS;
	attr.prog_ids = (uintptr_t)ids;
	attr.count = PROGRAMS_MAX;
	error = syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) ? errno : 0;
	netns_leave(&guard);
	if (error)
		return throw_errno(env, error, "bpf(BPF_PROG_QUERY)", NULL);
	napi_create_array(env, &result);
	for (uint32_t i = 0; i < attr.count && i < PROGRAMS_MAX; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(ids[i]);

		if (fd >= 0) {
			bpf_obj_get_info_by_fd(fd, &info, &size);
			close(fd);
		}
		napi_create_array_with_length(env, 2, &pair);
		napi_create_uint32(env, ids[i], &value);
		napi_set_element(env, pair, 0, value);
		napi_create_string_utf8(env, info.name, NAPI_AUTO_LENGTH, &value);
		napi_set_element(env, pair, 1, value);
		napi_set_element(env, result, i, pair);
	}
	return result;
}

/* linkIfIndex(linkFd) -> where the link is attached; 0 = its interface is gone */
static napi_value js_link_ifindex(napi_env env, napi_callback_info info)
{
	napi_value args[1], result;
	uint32_t fd;
	/* struct bpf_link_info: type, id, prog_id, padding, and for TCX ifindex and attach_type. */
	uint32_t link[32] = { 0 };
	uint32_t size = sizeof(link);

	if (!get_args(env, info, 1, args) || !get_u32(env, args[0], "linkFd", &fd))
		return NULL;
	if (bpf_obj_get_info_by_fd(fd, link, &size))
		return throw_errno(env, errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", NULL);
	napi_create_uint32(env, link[4], &result);
	return result;
}

/* closeFd(fd) */
static napi_value js_close_fd(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	uint32_t fd;

	if (get_args(env, info, 1, args) && get_u32(env, args[0], "fd", &fd))
		close(fd);
	return NULL;
}

bool register_attach(napi_env env, napi_value exports)
{
	return add_function(env, exports, "attach", js_attach) && add_function(env, exports, "closeFd", js_close_fd) &&
	       add_function(env, exports, "attachedPrograms", js_attached_programs) &&
	       add_function(env, exports, "linkIfIndex", js_link_ifindex);
}
