/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets as the emitter of sFlow wants them: with a DSCP. */
#define _GNU_SOURCE
#include "addon.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* RFC 2474 3: the upper six bits of the byte that was the type of service; ECN is the kernel's. */
static int set_dscp(int fd, int family, int dscp)
{
	int byte = dscp << 2;

	if (family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &byte, sizeof(byte)) ? errno : 0;
	return setsockopt(fd, IPPROTO_IP, IP_TOS, &byte, sizeof(byte)) ? errno : 0;
}

/* openUdpSender(family: 4 | 6, bufferBytes, dscp) -> file descriptor, not bound yet */
static napi_value js_open_udp_sender(napi_env env, napi_callback_info info)
{
	napi_value args[3], result;
	uint32_t version, buffer_bytes, dscp;
	int fd, family, error;

	if (!get_args(env, info, 3, args) || !get_u32(env, args[0], "family", &version) ||
	    !get_u32(env, args[1], "bufferBytes", &buffer_bytes) || !get_u32(env, args[2], "dscp", &dscp))
		return NULL;
	family = version == 6 ? AF_INET6 : AF_INET;
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return throw_errno(env, errno, "socket", NULL);
	error = set_dscp(fd, family, dscp);
	if (error) {
		close(fd);
		return throw_errno(env, error, family == AF_INET6 ? "setsockopt(IPV6_TCLASS)" : "setsockopt(IP_TOS)", NULL);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes))) {
		error = errno;
		close(fd);
		return throw_errno(env, error, "setsockopt(SO_SNDBUF)", NULL);
	}
	napi_create_int32(env, fd, &result);
	return result;
}

bool register_udp_sender(napi_env env, napi_value exports)
{
	return add_function(env, exports, "openUdpSender", js_open_udp_sender);
}
