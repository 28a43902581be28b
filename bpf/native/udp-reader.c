/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads UDP sockets on a thread of its own, many datagrams a system call, into slabs of slots that JavaScript owns, and hands
 * each filled slab over. A slab is back when the JavaScript callback returned. No free slab: the sockets wait, and when they
 * are full the kernel counts what it could not place.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLABS_MAX 8
#define SOCKETS_MAX 64
#define BATCH_MAX 64
/* After a stop: what the sockets hold is read, but not what somebody goes on to send. */
#define LAST_SLABS_MAX 1024

/* How a slot begins; bpf/udp.ts has the same. The datagram follows. */
struct slot {
	uint32_t bytes;
	uint32_t socket; /* index */
	uint8_t address[16]; /* of the sender, IPv4 mapped */
};

struct message {
	int slab; /* -1: stopped */
	uint32_t slots;
};

struct udp_reader {
	uint32_t socket_count, slab_count, slab_slots, slot_bytes, tick_ms;
	uint8_t *slabs[SLABS_MAX];
	struct pollfd polled[SOCKETS_MAX + 1]; /* the last is event_fd, which wakes the thread for stop and returned slabs */
	int event_fd;
	napi_threadsafe_function deliver;
	napi_ref slabs_reference;
	pthread_t thread;
	pthread_mutex_t lock;
	bool free_slabs[SLABS_MAX];
	bool starved; /* the thread waits for a slab: only then does a returned one wake it */
	bool stopping;
	struct message messages[SLABS_MAX + 1];
	/* thread only */
	struct mmsghdr headers[BATCH_MAX];
	struct iovec vectors[BATCH_MAX];
	struct sockaddr_storage senders[BATCH_MAX];
};

static void on_js(napi_env env, napi_value callback, void *context, void *data)
{
	struct udp_reader *reader = context;
	struct message *message = data;
	napi_value global, args[2], exception;

	if (!env) /* closed: the queue is being emptied */
		return;
	napi_get_global(env, &global);
	napi_create_int32(env, message->slab, &args[0]);
	napi_create_uint32(env, message->slots, &args[1]);
	if (napi_call_function(env, global, callback, 2, args, NULL) == napi_pending_exception) {
		napi_get_and_clear_last_exception(env, &exception);
		napi_fatal_exception(env, exception);
	}
	if (message->slab < 0)
		return;
	pthread_mutex_lock(&reader->lock);
	reader->free_slabs[message->slab] = true;
	bool wake = reader->starved;
	reader->starved = false;
	pthread_mutex_unlock(&reader->lock);
	if (wake)
		eventfd_write(reader->event_fd, 1);
}

static void post(struct udp_reader *reader, int slab, uint32_t slots)
{
	struct message *message = &reader->messages[slab < 0 ? SLABS_MAX : slab];

	*message = (struct message){ slab, slots };
	napi_call_threadsafe_function(reader->deliver, message, napi_tsfn_nonblocking);
}

/* -1: none is free. */
static int take_free_slab(struct udp_reader *reader, bool *stopping)
{
	int found = -1;

	pthread_mutex_lock(&reader->lock);
	for (uint32_t i = 0; i < reader->slab_count && found < 0; i++)
		if (reader->free_slabs[i])
			found = i;
	if (found >= 0)
		reader->free_slabs[found] = false;
	reader->starved = found < 0;
	*stopping = reader->stopping;
	pthread_mutex_unlock(&reader->lock);
	return found;
}

static void give_back(struct udp_reader *reader, int slab)
{
	pthread_mutex_lock(&reader->lock);
	reader->free_slabs[slab] = true;
	pthread_mutex_unlock(&reader->lock);
}

static void write_address(uint8_t *to, const struct sockaddr_storage *sender)
{
	if (sender->ss_family == AF_INET6) {
		memcpy(to, &((const struct sockaddr_in6 *)sender)->sin6_addr, 16);
		return;
	}
	memset(to, 0, 10);
	memset(to + 10, 0xff, 2);
	memcpy(to + 12, &((const struct sockaddr_in *)sender)->sin_addr, 4);
}

/* Reads at most so many datagrams of one socket. Returns how many. */
static uint32_t read_socket(struct udp_reader *reader, uint32_t socket, uint8_t *at, uint32_t count)
{
	if (count > BATCH_MAX)
		count = BATCH_MAX;
	for (uint32_t i = 0; i < count; i++) {
		reader->vectors[i] = (struct iovec){ at + i * reader->slot_bytes + sizeof(struct slot),
						     reader->slot_bytes - sizeof(struct slot) };
		reader->headers[i].msg_hdr = (struct msghdr){ .msg_name = &reader->senders[i],
							      .msg_namelen = sizeof(reader->senders[i]),
							      .msg_iov = &reader->vectors[i],
							      .msg_iovlen = 1 };
	}
	/* Errors of sockets that only receive are of what was sent before, or EAGAIN: either way there is nothing to read. */
	int got = recvmmsg(reader->polled[socket].fd, reader->headers, count, MSG_DONTWAIT, NULL);

	for (int i = 0; i < got; i++) {
		struct slot *slot = (void *)(at + i * reader->slot_bytes);

		slot->bytes = reader->headers[i].msg_len;
		slot->socket = socket;
		write_address(slot->address, &reader->senders[i]);
	}
	return got < 0 ? 0 : got;
}

/* In turns, so that a flood at one socket does not keep the others waiting. Returns how many slots it filled. */
static uint32_t fill(struct udp_reader *reader, uint8_t *slab)
{
	uint32_t filled = 0, before;

	do {
		before = filled;
		for (uint32_t i = 0; i < reader->socket_count && filled < reader->slab_slots; i++)
			filled += read_socket(reader, i, slab + filled * reader->slot_bytes, reader->slab_slots - filled);
	} while (filled > before && filled < reader->slab_slots);
	return filled;
}

static void wait_event(struct udp_reader *reader, int timeout_ms)
{
	eventfd_t ignored;

	if (poll(&reader->polled[reader->socket_count], 1, timeout_ms) > 0)
		eventfd_read(reader->event_fd, &ignored);
}

static void *run(void *argument)
{
	struct udp_reader *reader = argument;
	uint32_t last_slabs = 0;

	for (;;) {
		bool stopping;
		int slab = take_free_slab(reader, &stopping);

		if (slab < 0) {
			wait_event(reader, -1);
			continue;
		}
		uint32_t slots = fill(reader, reader->slabs[slab]);

		if (slots)
			post(reader, slab, slots);
		else
			give_back(reader, slab);
		if (stopping && (slots < reader->slab_slots || ++last_slabs > LAST_SLABS_MAX)) {
			post(reader, -1, 0);
			return NULL;
		}
		if (stopping || slots == reader->slab_slots)
			continue;
		/* Whatever comes within a tick is read together: to be woken for each costs more than to read it. */
		poll(reader->polled, reader->socket_count + 1, -1);
		wait_event(reader, reader->tick_ms);
	}
}

static void free_reader(napi_env env, struct udp_reader *reader)
{
	if (reader->slabs_reference)
		napi_delete_reference(env, reader->slabs_reference);
	if (reader->event_fd >= 0)
		close(reader->event_fd);
	free(reader);
}

/* Runs when Node has let go of the queue, whose messages point into the reader. */
static void on_finalize(napi_env env, void *data, void *hint)
{
	(void)hint;
	free_reader(env, data);
}

static bool get_sockets(napi_env env, napi_value array, struct udp_reader *reader)
{
	napi_value item;
	uint32_t fd;

	if (napi_get_array_length(env, array, &reader->socket_count) != napi_ok || reader->socket_count < 1 ||
	    reader->socket_count > SOCKETS_MAX) {
		napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "fds: 1 to 64");
		return false;
	}
	for (uint32_t i = 0; i < reader->socket_count; i++) {
		napi_get_element(env, array, i, &item);
		if (!get_u32(env, item, "fd", &fd))
			return false;
		reader->polled[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	return true;
}

static bool get_slots(napi_env env, napi_value array, struct udp_reader *reader)
{
	napi_value item;
	size_t bytes, least = SIZE_MAX;

	if (napi_get_array_length(env, array, &reader->slab_count) != napi_ok || reader->slab_count < 1 ||
	    reader->slab_count > SLABS_MAX || reader->slot_bytes <= sizeof(struct slot) || reader->slot_bytes % 4) {
		napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "slabs: 1 to 8, slots longer than their head and of whole words");
		return false;
	}
	for (uint32_t i = 0; i < reader->slab_count; i++) {
		napi_get_element(env, array, i, &item);
		if (!get_buffer(env, item, "slab", &reader->slabs[i], &bytes))
			return false;
		least = bytes < least ? bytes : least;
		reader->free_slabs[i] = true;
	}
	reader->slab_slots = least / reader->slot_bytes;
	if (!reader->slab_slots)
		napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "slabs: shorter than a slot");
	return reader->slab_slots;
}

/* startUdpReader(fds: number[], tickMs, slotBytes, slabs: Buffer[], onBatch(slab, slots)) -> reader; slab -1: stopped */
static napi_value js_start_udp_reader(napi_env env, napi_callback_info info)
{
	napi_value args[5], name, external;
	struct udp_reader *reader = calloc(1, sizeof(*reader));
	int error;

	if (!reader)
		return throw_errno(env, ENOMEM, "calloc", NULL);
	reader->event_fd = -1;
	pthread_mutex_init(&reader->lock, NULL);
	if (!get_args(env, info, 5, args) || !get_sockets(env, args[0], reader) ||
	    !get_u32(env, args[1], "tickMs", &reader->tick_ms) ||
	    !get_u32(env, args[2], "slotBytes", &reader->slot_bytes) || !get_slots(env, args[3], reader)) {
		free_reader(env, reader);
		return NULL;
	}
	reader->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	reader->polled[reader->socket_count] = (struct pollfd){ .fd = reader->event_fd, .events = POLLIN };
	napi_create_string_utf8(env, "udp reader", NAPI_AUTO_LENGTH, &name);
	if (reader->event_fd < 0 ||
	    napi_create_threadsafe_function(env, args[4], NULL, name, SLABS_MAX + 1, 1, reader, on_finalize, reader,
					    on_js, &reader->deliver) != napi_ok) {
		error = reader->event_fd < 0 ? errno : EINVAL;
		free_reader(env, reader);
		return throw_errno(env, error, "eventfd", NULL);
	}
	napi_create_reference(env, args[3], 1, &reader->slabs_reference);
	error = pthread_create(&reader->thread, NULL, run, reader);
	if (error) {
		napi_release_threadsafe_function(reader->deliver, napi_tsfn_abort);
		return throw_errno(env, error, "pthread_create", NULL);
	}
	napi_create_external(env, reader, NULL, NULL, &external);
	return external;
}

/* stopUdpReader(reader): what the sockets hold is still handed over, then onBatch(-1, 0) */
static napi_value js_stop_udp_reader(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	struct udp_reader *reader;

	if (!get_args(env, info, 1, args) || napi_get_value_external(env, args[0], (void **)&reader) != napi_ok)
		return NULL;
	pthread_mutex_lock(&reader->lock);
	reader->stopping = true;
	pthread_mutex_unlock(&reader->lock);
	eventfd_write(reader->event_fd, 1);
	return NULL;
}

/* closeUdpReader(reader): once, after onBatch(-1, 0); sockets stay open */
static napi_value js_close_udp_reader(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	struct udp_reader *reader;

	if (!get_args(env, info, 1, args) || napi_get_value_external(env, args[0], (void **)&reader) != napi_ok)
		return NULL;
	pthread_join(reader->thread, NULL);
	napi_release_threadsafe_function(reader->deliver, napi_tsfn_abort);
	return NULL;
}

bool register_udp_reader(napi_env env, napi_value exports)
{
	return add_function(env, exports, "startUdpReader", js_start_udp_reader) &&
	       add_function(env, exports, "stopUdpReader", js_stop_udp_reader) &&
	       add_function(env, exports, "closeUdpReader", js_close_udp_reader);
}
