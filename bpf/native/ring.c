/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../sample.h"

#define RECORD_BYTES_MAX (sizeof(struct sample_record) + SAMPLE_HEADER_MAX)

struct message {
	struct ring_reader *reader;
	int slab; /* -1: flushed */
	uint32_t bytes;
};

struct ring_reader {
	struct ring_options options;
	struct ring_buffer *ring;
	/* The kernel's positions in the ring: its consumer and its producer page. */
	const unsigned long *consumed, *produced;
	napi_threadsafe_function deliver;
	pthread_t thread;
	int epoll_fd;
	int event_fd; /* wakes the thread for pause, flush, stop and returned slabs */
	pthread_mutex_t lock;
	bool free_slabs[SLABS_MAX];
	bool paused, flushing, stopping;
	bool flush_posted; /* its message is on the way */
	uint32_t flush_ticket;
	unsigned long flush_target; /* producer position when it was asked for */
	bool starved; /* the thread waits for a slab: only then does a returned one wake it */
	struct message messages[SLABS_MAX + 1];
	/* thread only: the slab being filled */
	int filling;
	uint32_t filled;
};

/* libbpf takes the record off the ring whatever we answer, so stop while a whole one still fits. */
static int on_record(void *context, void *data, size_t size)
{
	struct ring_reader *reader = context;

	memcpy(reader->options.slabs[reader->filling] + reader->filled, data, size);
	reader->filled += size;
	return reader->filled + RECORD_BYTES_MAX > reader->options.slab_bytes ? -ENOBUFS : 0;
}

static void on_js(napi_env env, napi_value callback, void *context, void *data)
{
	struct ring_reader *reader = context;
	struct message *message = data;
	napi_value global, args[2], exception;

	if (!env) /* stopped: the queue is being emptied */
		return;
	napi_get_global(env, &global);
	napi_create_int32(env, message->slab, &args[0]);
	napi_create_uint32(env, message->bytes, &args[1]);
	if (napi_call_function(env, global, callback, 2, args, NULL) == napi_pending_exception) {
		napi_get_and_clear_last_exception(env, &exception);
		napi_fatal_exception(env, exception);
	}
	pthread_mutex_lock(&reader->lock);
	if (message->slab < 0)
		reader->flush_posted = false;
	else
		reader->free_slabs[message->slab] = true;
	bool wake = reader->starved || reader->flushing;
	reader->starved = false;
	pthread_mutex_unlock(&reader->lock);
	/* Else it would come for every few records, which costs more than the records. */
	if (wake)
		eventfd_write(reader->event_fd, 1);
}

static int take_free_slab(struct ring_reader *reader)
{
	for (uint32_t i = 0; i < reader->options.slab_count; i++) {
		if (reader->free_slabs[i]) {
			reader->free_slabs[i] = false;
			return i;
		}
	}
	return -1;
}

static void post(struct ring_reader *reader, int slab, uint32_t bytes)
{
	struct message *message = &reader->messages[slab < 0 ? SLABS_MAX : slab];

	*message = (struct message){ reader, slab, bytes };
	napi_call_threadsafe_function(reader->deliver, message, napi_tsfn_nonblocking);
}

static void wait_events(struct ring_reader *reader, int timeout_ms)
{
	struct epoll_event events[2];
	eventfd_t ignored;
	int ready = epoll_wait(reader->epoll_fd, events, 2, timeout_ms);

	for (int i = 0; i < ready; i++)
		if (events[i].data.fd == reader->event_fd)
			eventfd_read(reader->event_fd, &ignored);
}

static void *run(void *argument)
{
	struct ring_reader *reader = argument;

	for (;;) {
		bool flush_done;
		uint32_t ticket;
		int slab;

		pthread_mutex_lock(&reader->lock);
		if (reader->stopping) {
			pthread_mutex_unlock(&reader->lock);
			return NULL;
		}
		bool held = reader->paused && !reader->flushing;
		slab = held ? -1 : take_free_slab(reader);
		reader->starved = !held && slab < 0;
		pthread_mutex_unlock(&reader->lock);

		if (slab < 0) {
			wait_events(reader, held ? 100 : (int)reader->options.tick_ms);
			continue;
		}
		reader->filling = slab;
		reader->filled = 0;
		bool more = ring_buffer__consume(reader->ring) == -ENOBUFS;

		pthread_mutex_lock(&reader->lock);
		if (!reader->filled)
			reader->free_slabs[slab] = true;
		/* A record that is reserved and not yet submitted holds it up: its packet passes this moment. */
		flush_done = reader->flushing && !reader->flush_posted &&
			     (long)(__atomic_load_n(reader->consumed, __ATOMIC_ACQUIRE) - reader->flush_target) >= 0;
		if (flush_done) {
			reader->flushing = false;
			reader->flush_posted = true;
		}
		ticket = reader->flush_ticket;
		pthread_mutex_unlock(&reader->lock);

		if (reader->filled)
			post(reader, slab, reader->filled);
		/* Behind the slabs before it: they are handed over in order. */
		if (flush_done)
			post(reader, -1, ticket);
		if (!more)
			wait_events(reader, reader->options.tick_ms);
	}
}

static bool map_positions(struct ring_reader *reader)
{
	long page = sysconf(_SC_PAGESIZE);
	const char *pages = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, reader->options.map_fd, 0);

	if (pages == MAP_FAILED)
		return false;
	reader->consumed = (const void *)pages;
	reader->produced = (const void *)(pages + page);
	return true;
}

static void unmap_positions(struct ring_reader *reader)
{
	if (reader->consumed)
		munmap((void *)reader->consumed, 2 * sysconf(_SC_PAGESIZE));
}

/* Runs when Node has let go of the queue, whose messages point into the reader. */
static void on_finalize(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	free(data);
}

struct ring_reader *ring_reader_start(napi_env env, const struct ring_options *options, napi_value on_batch, int *error)
{
	struct ring_reader *reader = calloc(1, sizeof(*reader));
	struct epoll_event on_event = { .events = EPOLLIN };
	struct epoll_event on_ring = { .events = EPOLLIN | EPOLLET };
	napi_value name;

	if (!reader) {
		*error = ENOMEM;
		return NULL;
	}
	reader->options = *options;
	reader->event_fd = reader->epoll_fd = -1;
	for (uint32_t i = 0; i < options->slab_count; i++)
		reader->free_slabs[i] = true;
	pthread_mutex_init(&reader->lock, NULL);

	reader->ring = ring_buffer__new(options->map_fd, on_record, reader, NULL);
	reader->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	reader->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	on_event.data.fd = reader->event_fd;
	on_ring.data.fd = options->map_fd;
	/* Edge triggered: the ring stays readable while it holds anything, and the tick is to collect that. */
	if (!reader->ring || reader->event_fd < 0 || reader->epoll_fd < 0 || !map_positions(reader) ||
	    epoll_ctl(reader->epoll_fd, EPOLL_CTL_ADD, reader->event_fd, &on_event) ||
	    epoll_ctl(reader->epoll_fd, EPOLL_CTL_ADD, options->map_fd, &on_ring)) {
		*error = errno;
		goto fail;
	}
	napi_create_string_utf8(env, "libbpf-ts ring", NAPI_AUTO_LENGTH, &name);
	if (napi_create_threadsafe_function(env, on_batch, NULL, name, SLABS_MAX + 1, 1, reader, on_finalize, reader,
					    on_js, &reader->deliver) != napi_ok) {
		*error = EINVAL;
		goto fail;
	}
	*error = pthread_create(&reader->thread, NULL, run, reader);
	if (!*error)
		return reader;
	unmap_positions(reader);
	ring_buffer__free(reader->ring);
	close(reader->event_fd);
	close(reader->epoll_fd);
	napi_release_threadsafe_function(reader->deliver, napi_tsfn_abort);
	return NULL;
fail:
	unmap_positions(reader);
	if (reader->ring)
		ring_buffer__free(reader->ring);
	if (reader->event_fd >= 0)
		close(reader->event_fd);
	if (reader->epoll_fd >= 0)
		close(reader->epoll_fd);
	free(reader);
	return NULL;
}

static void set(struct ring_reader *reader, bool *flag, bool value)
{
	pthread_mutex_lock(&reader->lock);
	*flag = value;
	pthread_mutex_unlock(&reader->lock);
	eventfd_write(reader->event_fd, 1);
}

void ring_reader_pause(struct ring_reader *reader, bool paused)
{
	set(reader, &reader->paused, paused);
}

uint32_t ring_reader_flush(struct ring_reader *reader)
{
	uint32_t ticket;

	pthread_mutex_lock(&reader->lock);
	ticket = ++reader->flush_ticket;
	reader->flush_target = __atomic_load_n(reader->produced, __ATOMIC_ACQUIRE);
	reader->flushing = true;
	pthread_mutex_unlock(&reader->lock);
	eventfd_write(reader->event_fd, 1);
	return ticket;
}

void ring_reader_stop(struct ring_reader *reader)
{
	set(reader, &reader->stopping, true);
	pthread_join(reader->thread, NULL);
	unmap_positions(reader);
	ring_buffer__free(reader->ring);
	close(reader->event_fd);
	close(reader->epoll_fd);
	napi_release_threadsafe_function(reader->deliver, napi_tsfn_abort);
}
