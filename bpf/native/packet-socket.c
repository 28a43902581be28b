/* SPDX-License-Identifier: Apache-2.0 */
/* Raw frames out of an interface (packet(7)), for the lab's and the tests' traffic. */
#define _GNU_SOURCE
#include "addon.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_bound(const char *name)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	int fd, error;

	address.sll_ifindex = if_nametoindex(name);
	if (!address.sll_ifindex)
		return -errno;
	/* Protocol 0: send only, nothing is queued for reading. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || !bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd < 0 ? -errno : fd;
	error = -errno;
	close(fd);
	return error;
}

/* openPacketSocket(ifName, netnsPath | null) -> file descriptor */
static napi_value js_open_packet_socket(napi_env env, napi_callback_info info)
{
	napi_value args[2], result;
	char name[IF_NAMESIZE], netns[4096] = "";
	struct netns_guard guard;
	int fd;

	if (!get_args(env, info, 2, args) || !get_string(env, args[0], "ifName", name, sizeof(name)) ||
	    (!is_nullish(env, args[1]) && !get_string(env, args[1], "netnsPath", netns, sizeof(netns))))
		return NULL;
	fd = netns_enter(&guard, netns);
	if (fd)
		return throw_errno(env, -fd, "setns", netns);
	fd = open_bound(name);
	netns_leave(&guard);
	if (fd < 0)
		return throw_errno(env, -fd, "socket(AF_PACKET)", name);
	napi_create_int32(env, fd, &result);
	return result;
}

/* sendFrame(fd, frame: Buffer) -> bytes sent */
static napi_value js_send_frame(napi_env env, napi_callback_info info)
{
	napi_value args[2], result;
	uint32_t fd;
	uint8_t *frame;
	size_t length;
	ssize_t sent;

	if (!get_args(env, info, 2, args) || !get_u32(env, args[0], "fd", &fd) ||
	    !get_buffer(env, args[1], "frame", &frame, &length))
		return NULL;
	sent = send(fd, frame, length, 0);
	if (sent < 0)
		return throw_errno(env, errno, "send", NULL);
	napi_create_int32(env, sent, &result);
	return result;
}

bool register_packet_socket(napi_env env, napi_value exports)
{
	return add_function(env, exports, "openPacketSocket", js_open_packet_socket) &&
	       add_function(env, exports, "sendFrame", js_send_frame);
}
