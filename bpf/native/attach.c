/* SPDX-License-Identifier: Apache-2.0 */
/* TCX links for JavaScript, one at a time: attaching, what else is attached, whether a link still has its interface. */
#define _GNU_SOURCE
#include "addon.h"
#include "capture.h"
#include "hooks.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

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
	int fd, error;

	if (!get_args(env, info, 6, args) || !get_capture(env, args[0], &capture) ||
	    !get_u32(env, args[1], "ifIndex", &ifindex) || !get_u32(env, args[2], "direction", &direction) ||
	    (!is_nullish(env, args[3]) && !get_string(env, args[3], "netnsPath", netns, sizeof(netns))) ||
	    !get_u32(env, args[4], "flags", &flags) || !get_u32(env, args[5], "relativeId", &relative_id))
		return NULL;
	error = netns_enter(&guard, netns);
	if (error)
		return throw_errno(env, -error, "setns", netns);
	fd = hook_attach(capture->programs[direction == DIRECTION_EGRESS], ifindex, direction, flags, relative_id);
	netns_leave(&guard);
	if (fd < 0)
		return throw_errno(env, -fd, "bpf(BPF_LINK_CREATE)", NULL);
	napi_create_int32(env, fd, &result);
	return result;
}

/* attachedPrograms(ifIndex, direction, netnsPath | null) -> [[id, name], …] in the order in which they run */
static napi_value js_attached_programs(napi_env env, napi_callback_info info)
{
	napi_value args[3], result, pair, value;
	uint32_t ifindex, direction;
	struct hook_program programs[PROGRAMS_MAX];
	char netns[4096] = "";
	struct netns_guard guard;
	int error, count;

	if (!get_args(env, info, 3, args) || !get_u32(env, args[0], "ifIndex", &ifindex) ||
	    !get_u32(env, args[1], "direction", &direction) ||
	    (!is_nullish(env, args[2]) && !get_string(env, args[2], "netnsPath", netns, sizeof(netns))))
		return NULL;
	error = netns_enter(&guard, netns);
	if (error)
		return throw_errno(env, -error, "setns", netns);
	count = hook_programs(ifindex, direction, programs);
	netns_leave(&guard);
	if (count < 0)
		return throw_errno(env, -count, "bpf(BPF_PROG_QUERY)", NULL);
	napi_create_array(env, &result);
	for (int i = 0; i < count; i++) {
		napi_create_array_with_length(env, 2, &pair);
		napi_create_uint32(env, programs[i].id, &value);
		napi_set_element(env, pair, 0, value);
		napi_create_string_utf8(env, programs[i].name, NAPI_AUTO_LENGTH, &value);
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
