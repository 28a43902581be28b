/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets as the receiver of sFlow wants them: shared ports, large buffers, and what the kernel dropped at each. */
#define _GNU_SOURCE
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Returns the address's length; 0: it is none. */
static socklen_t parse_address(const char *text, uint32_t scope, uint32_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (void *)address;
	struct sockaddr_in6 *v6 = (void *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		return 0;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	v6->sin6_scope_id = scope;
	return sizeof(*v6);
}

static int set_options(int fd, int buffer_bytes, bool share_port)
{
	int on = 1;

	if (share_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
		return errno;
	/* Past net.core.rmem_max with CAP_NET_ADMIN only. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes)))
		return errno;
	return 0;
}

/* openUdpSocket(address, scopeId, port, bufferBytes, sharePort: 0 | 1) -> file descriptor; IPv6 takes IPv4 too */
static napi_value js_open_udp_socket(napi_env env, napi_callback_info info)
{
	napi_value args[5], result;
	char text[64];
	uint32_t scope, port, buffer_bytes, share_port;
	struct sockaddr_storage address;
	int fd, error, off = 0;

	if (!get_args(env, info, 5, args) || !get_string(env, args[0], "address", text, sizeof(text)) ||
	    !get_u32(env, args[1], "scopeId", &scope) || !get_u32(env, args[2], "port", &port) ||
	    !get_u32(env, args[3], "bufferBytes", &buffer_bytes) || !get_u32(env, args[4], "sharePort", &share_port))
		return NULL;
	socklen_t length = parse_address(text, scope, port, &address);
	if (!length)
		return throw_errno(env, EINVAL, "inet_pton", text);
	fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return throw_errno(env, errno, "socket", text);
	if (address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	error = set_options(fd, buffer_bytes, share_port);
	if (!error && bind(fd, (struct sockaddr *)&address, length))
		error = errno;
	if (error) {
		close(fd);
		return throw_errno(env, error, "bind", text);
	}
	napi_create_int32(env, fd, &result);
	return result;
}

/* udpSocketState(fd) -> [port, bufferBytes, drops modulo 2^32] */
static napi_value js_udp_socket_state(napi_env env, napi_callback_info info)
{
	napi_value args[1], result, value;
	uint32_t fd, state[3];
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t memory_bytes = sizeof(memory);

	if (!get_args(env, info, 1, args) || !get_u32(env, args[0], "fd", &fd))
		return NULL;
	if (getsockname(fd, (struct sockaddr *)&address, &length) ||
	    getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &memory_bytes))
		return throw_errno(env, errno, "getsockopt(SO_MEMINFO)", NULL);
	/* The port lies at the same place in both families. */
	state[0] = ntohs(((struct sockaddr_in *)&address)->sin_port);
	state[1] = memory[SK_MEMINFO_RCVBUF];
	state[2] = memory[SK_MEMINFO_DROPS];
	napi_create_array_with_length(env, 3, &result);
	for (uint32_t i = 0; i < 3; i++) {
		napi_create_uint32(env, state[i], &value);
		napi_set_element(env, result, i, value);
	}
	return result;
}

bool register_udp_socket(napi_env env, napi_value exports)
{
	return add_function(env, exports, "openUdpSocket", js_open_udp_socket) &&
	       add_function(env, exports, "udpSocketState", js_udp_socket_state);
}
