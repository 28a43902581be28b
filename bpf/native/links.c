/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says about interfaces, its clocks, and libbpf's version. Parsing is netlink.ts's. */
#define _GNU_SOURCE
#include "addon.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DUMP_BYTES_MAX (64u << 20)

/* All RTM_NEWLINK messages of a dump, one after another, into *data (malloc). Returns 0 or -errno. */
static int dump_links(int fd, uint8_t **data, size_t *length)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} request = { .header = { .nlmsg_len = sizeof(request),
				  .nlmsg_type = RTM_GETLINK,
				  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
				  .nlmsg_seq = 1 } };
	size_t capacity = 0;

	if (send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	for (;;) {
		if (capacity - *length < 65536) {
			uint8_t *grown;

			capacity += 262144;
			if (capacity > DUMP_BYTES_MAX)
				return -EMSGSIZE;
			grown = realloc(*data, capacity);
			if (!grown)
				return -ENOMEM;
			*data = grown;
		}
		ssize_t received = recv(fd, *data + *length, capacity - *length, 0);

		if (received < 0)
			return -errno;
		size_t kept = 0;

		for (struct nlmsghdr *message = (void *)(*data + *length); NLMSG_OK(message, (size_t)received - kept);) {
			if (message->nlmsg_type == NLMSG_DONE) {
				*length += kept;
				return 0;
			}
			if (message->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(message))->error;
			kept += NLMSG_ALIGN(message->nlmsg_len);
			message = (void *)(*data + *length + kept);
		}
		*length += kept;
	}
}

/* dumpLinks(netnsPath | null) -> Buffer of RTM_NEWLINK messages */
static napi_value js_dump_links(napi_env env, napi_callback_info info)
{
	napi_value args[1], result = NULL;
	char netns[4096] = "";
	struct netns_guard guard;
	uint8_t *data = NULL;
	size_t length = 0;
	int fd, error;

	if (!get_args(env, info, 1, args) ||
	    (!is_nullish(env, args[0]) && !get_string(env, args[0], "netnsPath", netns, sizeof(netns))))
		return NULL;
	error = netns_enter(&guard, netns);
	if (error)
		return throw_errno(env, -error, "setns", netns);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	error = fd < 0 ? -errno : 0;
	netns_leave(&guard);
	if (!error)
		error = dump_links(fd, &data, &length);
	if (fd >= 0)
		close(fd);
	if (error)
		throw_errno(env, -error, "netlink RTM_GETLINK", NULL);
	else
		napi_create_buffer_copy(env, length, data, NULL, &result);
	free(data);
	return result;
}

/* readClocks(out: BigInt64Array bytes as Buffer of 24): monotonic before, realtime, monotonic after, in ns */
static napi_value js_read_clocks(napi_env env, napi_callback_info info)
{
	static const clockid_t clocks[3] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_MONOTONIC };
	napi_value args[1];
	uint8_t *out;
	size_t length;
	struct timespec times[3];
	int64_t values[3];

	if (!get_args(env, info, 1, args) || !get_buffer(env, args[0], "out", &out, &length))
		return NULL;
	if (length < sizeof(values))
		return throw_errno(env, EINVAL, "readClocks", "out is too small");
	for (int i = 0; i < 3; i++)
		clock_gettime(clocks[i], &times[i]);
	for (int i = 0; i < 3; i++)
		values[i] = times[i].tv_sec * 1000000000LL + times[i].tv_nsec;
	memcpy(out, values, sizeof(values));
	return NULL;
}

/* libbpfVersion() -> "v1.1" */
static napi_value js_libbpf_version(napi_env env, napi_callback_info info)
{
	napi_value result = NULL;

	(void)info;
	napi_create_string_utf8(env, libbpf_version_string(), NAPI_AUTO_LENGTH, &result);
	return result;
}

bool register_links(napi_env env, napi_value exports)
{
	return add_function(env, exports, "dumpLinks", js_dump_links) &&
	       add_function(env, exports, "readClocks", js_read_clocks) &&
	       add_function(env, exports, "libbpfVersion", js_libbpf_version);
}
