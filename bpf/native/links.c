/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says about interfaces, its clocks, and libbpf's version. Parsing is netlink.ts's. */
#define _GNU_SOURCE
#include "addon.h"
#include "netlink.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A thousand interfaces that come at once say as much. */
#define WATCH_BYTES (8 << 20)

/* A socket of this family inside a namespace, or -1 with a JavaScript exception. */
static int open_in_netns(napi_env env, napi_value path, int family, int type, int protocol)
{
	char netns[4096] = "";
	struct netns_guard guard;
	int fd, error;

	if (!is_nullish(env, path) && !get_string(env, path, "netnsPath", netns, sizeof(netns)))
		return -1;
	error = netns_enter(&guard, netns);
	if (error) {
		throw_errno(env, -error, "setns", netns);
		return -1;
	}
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	error = errno;
	netns_leave(&guard);
	if (fd < 0)
		throw_errno(env, error, "socket", NULL);
	return fd;
}

/* dump(netnsPath | null, RTM_GETLINK | RTM_GETADDR) -> Buffer of RTM_NEWLINK or RTM_NEWADDR messages */
static napi_value js_dump(napi_env env, napi_callback_info info)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} request = { .header = { .nlmsg_len = sizeof(request), .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1 } };
	napi_value args[2], result = NULL;
	uint32_t type;
	uint8_t *data;
	size_t length;
	int fd, error;

	if (!get_args(env, info, 2, args) || !get_u32(env, args[1], "type", &type))
		return NULL;
	fd = open_in_netns(env, args[0], AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (fd < 0)
		return NULL;
	request.header.nlmsg_type = type;
	error = netlink_dump(fd, &request, sizeof(request), &data, &length);
	close(fd);
	if (error)
		throw_errno(env, -error, "netlink dump", NULL);
	else
		napi_create_buffer_copy(env, length, data, NULL, &result);
	free(data);
	return result;
}

/* watchOpen(netnsPath | null) -> file descriptor that gets every change of interfaces and addresses */
static napi_value js_watch_open(napi_env env, napi_callback_info info)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
	napi_value args[1], result;
	int fd, error, bytes = WATCH_BYTES;

	if (!get_args(env, info, 1, args))
		return NULL;
	fd = open_in_netns(env, args[0], AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd < 0)
		return NULL;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		error = errno;
		close(fd);
		return throw_errno(env, error, "bind", "netlink");
	}
	napi_create_int32(env, fd, &result);
	return result;
}

/* watchRead(fd) -> Buffer of the messages of one datagram, null = nothing new; ENOBUFS = some were lost */
static napi_value js_watch_read(napi_env env, napi_callback_info info)
{
	napi_value args[1], result = NULL;
	uint8_t data[65536];
	uint32_t fd;
	ssize_t length;

	if (!get_args(env, info, 1, args) || !get_u32(env, args[0], "fd", &fd))
		return NULL;
	length = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	if (length < 0 && errno != EAGAIN && errno != EINTR)
		return throw_errno(env, errno, "netlink", NULL);
	if (length < 0)
		napi_get_null(env, &result);
	else
		napi_create_buffer_copy(env, length, data, NULL, &result);
	return result;
}

/* linkSpeed(netnsPath | null, ifName) -> [Mbit/s, duplex] as ETHTOOL_GSET says; null when the device does not say */
static napi_value js_link_speed(napi_env env, napi_callback_info info)
{
	struct ethtool_cmd command = { .cmd = ETHTOOL_GSET };
	struct ifreq request = { .ifr_data = (void *)&command };
	napi_value args[2], result, value;
	int fd, failed;

	if (!get_args(env, info, 2, args) || !get_string(env, args[1], "ifName", request.ifr_name, IFNAMSIZ))
		return NULL;
	fd = open_in_netns(env, args[0], AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return NULL;
	failed = ioctl(fd, SIOCETHTOOL, &request);
	close(fd);
	if (failed || ethtool_cmd_speed(&command) == (uint32_t)SPEED_UNKNOWN) {
		napi_get_null(env, &result);
		return result;
	}
	napi_create_array_with_length(env, 2, &result);
	napi_create_uint32(env, ethtool_cmd_speed(&command), &value);
	napi_set_element(env, result, 0, value);
	napi_create_uint32(env, command.duplex, &value);
	napi_set_element(env, result, 1, value);
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
	return add_function(env, exports, "dump", js_dump) && add_function(env, exports, "watchOpen", js_watch_open) &&
	       add_function(env, exports, "watchRead", js_watch_read) &&
	       add_function(env, exports, "linkSpeed", js_link_speed) &&
	       add_function(env, exports, "readClocks", js_read_clocks) &&
	       add_function(env, exports, "libbpfVersion", js_libbpf_version);
}
