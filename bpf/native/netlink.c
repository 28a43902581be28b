/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink dumps in the background: most take RTNL, which somebody may hold for long. Requests and answers are TypeScript's. */
#define _GNU_SOURCE
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "background.h"

#define DUMP_BYTES_MAX (64u << 20)
#define RECEIVE_BYTES 65536
#define REQUESTS_MAX 16

int netlink_dump(int fd, const void *request, size_t request_bytes, uint8_t **data, size_t *length)
{
	size_t capacity = 0;

	*data = NULL;
	*length = 0;
	if (send(fd, request, request_bytes, 0) < 0)
		return -errno;
	for (;;) {
		if (capacity - *length < RECEIVE_BYTES) {
			uint8_t *grown;

			capacity += 4 * RECEIVE_BYTES;
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

struct dump {
	uint32_t protocol;
	uint8_t *request;
	size_t request_bytes;
	uint8_t *answer;
	size_t answer_bytes;
	int error;
};

struct dump_work {
	struct background background;
	char netns[4096];
	int netns_error;
	uint32_t count;
	struct dump dumps[REQUESTS_MAX];
};

static void dump_run(struct background *background)
{
	struct dump_work *work = (struct dump_work *)background;
	struct netns_guard guard;

	work->netns_error = netns_enter(&guard, work->netns);
	if (work->netns_error)
		return;
	for (uint32_t i = 0; i < work->count; i++) {
		struct dump *dump = &work->dumps[i];
		int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, dump->protocol);

		if (fd < 0) {
			dump->error = -errno;
			continue;
		}
		dump->error = netlink_dump(fd, dump->request, dump->request_bytes, &dump->answer, &dump->answer_bytes);
		close(fd);
	}
	netns_leave(&guard);
}

static napi_value dump_result(napi_env env, struct background *background)
{
	struct dump_work *work = (struct dump_work *)background;
	napi_value all, value;

	napi_create_array_with_length(env, work->count, &all);
	for (uint32_t i = 0; i < work->count; i++) {
		struct dump *dump = &work->dumps[i];

		if (work->netns_error)
			value = make_errno(env, -work->netns_error, "setns", work->netns);
		else if (dump->error)
			value = make_errno(env, -dump->error, "netlink dump", NULL);
		else
			napi_create_buffer_copy(env, dump->answer_bytes, dump->answer, NULL, &value);
		napi_set_element(env, all, i, value);
	}
	return all;
}

static void dump_destroy(struct background *background)
{
	struct dump_work *work = (struct dump_work *)background;

	for (uint32_t i = 0; i < work->count; i++) {
		free(work->dumps[i].request);
		free(work->dumps[i].answer);
	}
}

static bool read_request(napi_env env, napi_value given, struct dump *dump)
{
	napi_value protocol, request;
	uint8_t *bytes;

	if (napi_get_element(env, given, 0, &protocol) != napi_ok || napi_get_element(env, given, 1, &request) != napi_ok ||
	    !get_u32(env, protocol, "protocol", &dump->protocol) ||
	    !get_buffer(env, request, "request", &bytes, &dump->request_bytes))
		return false;
	dump->request = malloc(dump->request_bytes);
	if (dump->request)
		memcpy(dump->request, bytes, dump->request_bytes);
	return dump->request;
}

/* netlinkDumps(netnsPath | null, requests: [protocol, Buffer][]) -> promise of a Buffer of messages or an Error for each */
static napi_value js_netlink_dumps(napi_env env, napi_callback_info info)
{
	napi_value args[2], element;
	struct dump_work *work;
	uint32_t count;

	if (!get_args(env, info, 2, args))
		return NULL;
	if (napi_get_array_length(env, args[1], &count) != napi_ok || count > REQUESTS_MAX) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "requests must be an array of at most 16");
		return NULL;
	}
	work = calloc(1, sizeof(*work));
	if (!work)
		return throw_errno(env, ENOMEM, "netlinkDumps", NULL);
	work->background = (struct background){ .run = dump_run, .result = dump_result, .destroy = dump_destroy };
	if (!is_nullish(env, args[0]) && !get_string(env, args[0], "netnsPath", work->netns, sizeof(work->netns)))
		goto fail;
	for (; work->count < count; work->count++)
		if (napi_get_element(env, args[1], work->count, &element) != napi_ok ||
		    !read_request(env, element, &work->dumps[work->count]))
			goto fail;
	return background_start(env, &work->background, "libbpf-ts netlink");
fail:
	dump_destroy(&work->background);
	free(work);
	return NULL;
}

bool register_netlink(napi_env env, napi_value exports)
{
	return add_function(env, exports, "netlinkDumps", js_netlink_dumps);
}
