/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets as the emitter of sFlow wants them: with a DSCP, and with the agent's address for the sender's. */
#define _GNU_SOURCE
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75
#endif

#define IPV4_MAPPED_PREFIX "\0\0\0\0\0\0\0\0\0\0\xff\xff"

/* Returns what failed, with errno; NULL: all is set. */
static const char *set_options(int fd, int family, int buffer_bytes, int dscp, bool any_source)
{
	/* RFC 2474 3: the upper six bits of the byte that was the type of service; ECN is the kernel's. */
	int byte = dscp << 2, on = 1;
	bool v6 = family == AF_INET6;

	if (setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &byte, sizeof(byte)))
		return v6 ? "setsockopt(IPV6_TCLASS)" : "setsockopt(IP_TOS)";
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes)))
		return "setsockopt(SO_SNDBUF)";
	/* Asks for CAP_NET_RAW or CAP_NET_ADMIN. Checksum, fragments and route stay the kernel's, unlike with raw sockets. */
	if (any_source && setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &on, sizeof(on)))
		return v6 ? "setsockopt(IPV6_TRANSPARENT)" : "setsockopt(IP_TRANSPARENT)";
	return NULL;
}

/* openUdpSender(family: 4 | 6, bufferBytes, dscp, anySource: 0 | 1) -> file descriptor, not bound yet */
static napi_value js_open_udp_sender(napi_env env, napi_callback_info info)
{
	napi_value args[4], result;
	uint32_t version, buffer_bytes, dscp, any_source;
	const char *failed;
	int fd, family, error;

	if (!get_args(env, info, 4, args) || !get_u32(env, args[0], "family", &version) ||
	    !get_u32(env, args[1], "bufferBytes", &buffer_bytes) || !get_u32(env, args[2], "dscp", &dscp) ||
	    !get_u32(env, args[3], "anySource", &any_source))
		return NULL;
	family = version == 6 ? AF_INET6 : AF_INET;
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return throw_errno(env, errno, "socket", NULL);
	failed = set_options(fd, family, buffer_bytes, dscp, any_source);
	if (failed) {
		error = errno;
		close(fd);
		return throw_errno(env, error, failed, NULL);
	}
	napi_create_int32(env, fd, &result);
	return result;
}

struct message {
	struct sockaddr_storage to;
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	struct msghdr header;
};

/* ip(7) IP_PKTINFO, ipv6(7) IPV6_PKTINFO: the source of this one datagram. */
static void set_source(struct message *message, int level, int type, const void *data, size_t bytes)
{
	struct cmsghdr *header = &message->control.header;

	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(header), data, bytes);
	message->header.msg_control = header;
	message->header.msg_controllen = CMSG_SPACE(bytes);
}

/* Returns 0 or an errno. */
static int address_message(struct message *message, const uint8_t *source, const char *address, uint32_t port)
{
	struct sockaddr_in *v4 = (void *)&message->to;
	struct sockaddr_in6 *v6 = (void *)&message->to;
	bool is_v4 = !memcmp(source, IPV4_MAPPED_PREFIX, 12);
	struct in_pktinfo info = { 0 };
	struct in6_pktinfo info6 = { 0 };

	message->header.msg_name = &message->to;
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		if (!is_v4)
			return EAFNOSUPPORT;
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		message->header.msg_namelen = sizeof(*v4);
		memcpy(&info.ipi_spec_dst, source + 12, 4);
		set_source(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
		return 0;
	}
	if (inet_pton(AF_INET6, address, &v6->sin6_addr) != 1)
		return EINVAL;
	if (is_v4)
		return EAFNOSUPPORT;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	message->header.msg_namelen = sizeof(*v6);
	memcpy(&info6.ipi6_addr, source, 16);
	set_source(message, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
	return 0;
}

/* sendUdpFrom(fd, source: Buffer of 16 bytes, IPv4 mapped, address, port, datagram: Buffer) -> 0, or the errno */
static napi_value js_send_udp_from(napi_env env, napi_callback_info info)
{
	napi_value args[5], result;
	char address[64];
	uint32_t fd, port;
	uint8_t *source, *datagram;
	size_t source_bytes, bytes;
	struct message message = { 0 };
	struct iovec vector;
	int error;

	if (!get_args(env, info, 5, args) || !get_u32(env, args[0], "fd", &fd) ||
	    !get_buffer(env, args[1], "source", &source, &source_bytes) ||
	    !get_string(env, args[2], "address", address, sizeof(address)) || !get_u32(env, args[3], "port", &port) ||
	    !get_buffer(env, args[4], "datagram", &datagram, &bytes))
		return NULL;
	error = source_bytes == 16 ? address_message(&message, source, address, port) : EINVAL;
	if (!error) {
		vector = (struct iovec){ datagram, bytes };
		message.header.msg_iov = &vector;
		message.header.msg_iovlen = 1;
		if (sendmsg(fd, &message.header, MSG_NOSIGNAL) < 0)
			error = errno;
	}
	napi_create_int32(env, error, &result);
	return result;
}

bool register_udp_sender(napi_env env, napi_value exports)
{
	return add_function(env, exports, "openUdpSender", js_open_udp_sender) &&
	       add_function(env, exports, "sendUdpFrom", js_send_udp_from);
}
