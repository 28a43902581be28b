/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a BPF ring buffer on a thread of its own into slabs (fixed memory that JavaScript owns), and hands each filled
 * slab over. A slab is back when the JavaScript callback returned. No free slab: the ring waits, and when that is full
 * the kernel counts what it could not place.
 */
#ifndef TCXFLOW_RING_H
#define TCXFLOW_RING_H

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>

#define SLABS_MAX 8

struct ring_reader;

struct ring_options {
	int map_fd;
	uint32_t tick_ms;
	uint32_t slab_count;
	uint8_t *slabs[SLABS_MAX];
	uint32_t slab_bytes;
};

/* on_batch(slab, bytes): slab < 0 answers a flush. Returns NULL with *error = errno. */
struct ring_reader *ring_reader_start(napi_env env, const struct ring_options *options, napi_value on_batch, int *error);
void ring_reader_pause(struct ring_reader *reader, bool paused);
/* Everything now in the ring is delivered, then on_batch(-1, ticket). Returns the ticket; the last of several is answered. */
uint32_t ring_reader_flush(struct ring_reader *reader);
/* Joins the thread; undelivered slabs are dropped. Frees the reader. */
void ring_reader_stop(struct ring_reader *reader);

#endif
