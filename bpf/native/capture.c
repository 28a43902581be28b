/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the sampler, writes its configuration and reads its counters. One per network namespace. */
#define _GNU_SOURCE
#include "addon.h"
#include "capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sample.h"
#include "ring.h"

/* libbpf explains itself on stderr only; the end of it, where the verifier says what it minds, goes into our errors. */
static char libbpf_log[2048];

static int keep_log(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t used = strlen(libbpf_log), length;
	char *text;

	if (level == LIBBPF_DEBUG || vasprintf(&text, format, args) < 0)
		return 0;
	length = strlen(text);
	if (length >= sizeof(libbpf_log)) {
		used = 0;
		memcpy(libbpf_log, text + length - sizeof(libbpf_log) + 1, sizeof(libbpf_log));
	} else {
		size_t over = used + length >= sizeof(libbpf_log) ? used + length - sizeof(libbpf_log) + 1 : 0;

		memmove(libbpf_log, libbpf_log + over, used - over);
		memcpy(libbpf_log + used - over, text, length + 1);
	}
	free(text);
	return 0;
}

static void capture_free(napi_env env, struct capture *capture)
{
	if (capture->reader)
		ring_reader_stop(capture->reader);
	capture->reader = NULL;
	if (capture->object)
		bpf_object__close(capture->object);
	capture->object = NULL;
	if (capture->slabs)
		napi_delete_reference(env, capture->slabs);
	capture->slabs = NULL;
}

static void capture_finalize(napi_env env, void *data, void *hint)
{
	(void)hint;
	capture_free(env, data);
	free(data);
}

bool get_capture(napi_env env, napi_value value, struct capture **out)
{
	if (napi_get_value_external(env, value, (void **)out) != napi_ok || !(*out)->object) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "not an open capture");
		return false;
	}
	return true;
}

static int resize(struct bpf_object *object, const char *name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	return map ? bpf_map__set_max_entries(map, entries) : -ENOENT;
}

static int set_wake_bytes(struct bpf_object *object, uint32_t wake_bytes)
{
	struct bpf_map *map;
	size_t size;

	bpf_object__for_each_map(map, object) {
		if (strstr(bpf_map__name(map), ".rodata")) {
			/* wake_bytes is the only constant of the program. */
			if (!bpf_map__initial_value(map, &size) || size != sizeof(wake_bytes))
				return -EINVAL;
			return bpf_map__set_initial_value(map, &wake_bytes, sizeof(wake_bytes));
		}
	}
	return -ENOENT;
}

static int fill_exponentials(const struct bpf_object *object)
{
	int fd = bpf_object__find_map_fd_by_name(object, "exponentials");
	int error = 0;

	for (uint32_t bin = 1; bin <= EXPONENTIAL_BINS && !error; bin++) {
		uint32_t quantile = lround(-log((double)bin / EXPONENTIAL_BINS) * (1 << EXPONENTIAL_BITS));

		error = bpf_map_update_elem(fd, &bin, &quantile, BPF_ANY);
	}
	return error;
}

/* Without signals: each one (a profiler's, say) makes the verifier begin again, and at last give up with EAGAIN. */
static int load(struct bpf_object *object)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = bpf_object__load(object);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* open(objectPath, ringBytes, wakeBytes, tickMs, maxInterfaces, maxIfIndex, slabs: Buffer[], onBatch) -> capture */
static napi_value js_open(napi_env env, napi_callback_info info)
{
	napi_value args[8], element, external;
	char path[4096];
	uint32_t ring_bytes, wake_bytes, tick_ms, max_interfaces, max_ifindex, slab_count;
	struct ring_options options = { 0 };
	struct capture *capture;
	const char *step = "bpf_object__open";
	int error = 0;

	if (!get_args(env, info, 8, args) || !get_string(env, args[0], "objectPath", path, sizeof(path)) ||
	    !get_u32(env, args[1], "ringBytes", &ring_bytes) || !get_u32(env, args[2], "wakeBytes", &wake_bytes) ||
	    !get_u32(env, args[3], "tickMs", &tick_ms) || !get_u32(env, args[4], "maxInterfaces", &max_interfaces) ||
	    !get_u32(env, args[5], "maxIfIndex", &max_ifindex))
		return NULL;
	if (napi_get_array_length(env, args[6], &slab_count) != napi_ok || !slab_count || slab_count > SLABS_MAX) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "slabs must be an array of 1 to 8 Buffers");
		return NULL;
	}
	for (uint32_t i = 0; i < slab_count; i++) {
		size_t length;

		napi_get_element(env, args[6], i, &element);
		if (!get_buffer(env, element, "slabs[]", &options.slabs[i], &length))
			return NULL;
		options.slab_bytes = length;
	}
	options.slab_count = slab_count;
	options.tick_ms = tick_ms;

	capture = calloc(1, sizeof(*capture));
	if (!capture)
		return throw_errno(env, ENOMEM, step, NULL);
	libbpf_log[0] = 0;
	libbpf_set_print(keep_log);
	capture->cpus = libbpf_num_possible_cpus();
	capture->object = bpf_object__open_file(path, NULL);
	if (!capture->object) {
		error = errno;
		goto fail;
	}
	step = "bpf_object__load";
	if ((error = -resize(capture->object, "ring", ring_bytes)) ||
	    (error = -resize(capture->object, "slots", max_ifindex + 1)) ||
	    (error = -resize(capture->object, "points", max_interfaces * DIRECTIONS)) ||
	    (error = -resize(capture->object, "sequences", max_interfaces * DIRECTIONS)) ||
	    (error = -resize(capture->object, "counters", max_interfaces * DIRECTIONS)) ||
	    (error = -set_wake_bytes(capture->object, wake_bytes)) || (error = -load(capture->object)))
		goto fail;
	capture->programs[DIRECTION_INGRESS] =
		bpf_program__fd(bpf_object__find_program_by_name(capture->object, "sample_ingress"));
	capture->programs[DIRECTION_EGRESS] =
		bpf_program__fd(bpf_object__find_program_by_name(capture->object, "sample_egress"));
	capture->slots_fd = bpf_object__find_map_fd_by_name(capture->object, "slots");
	capture->points_fd = bpf_object__find_map_fd_by_name(capture->object, "points");
	capture->counters_fd = bpf_object__find_map_fd_by_name(capture->object, "counters");
	capture->own_endpoints_fd = bpf_object__find_map_fd_by_name(capture->object, "own_endpoints");
	capture->own_addresses_fd = bpf_object__find_map_fd_by_name(capture->object, "own_addresses");
	step = "bpf_map_update_elem";
	if (fill_exponentials(capture->object)) {
		error = errno;
		goto fail;
	}

	step = "ring_buffer__new";
	options.map_fd = bpf_object__find_map_fd_by_name(capture->object, "ring");
	capture->reader = ring_reader_start(env, &options, args[7], &error);
	if (!capture->reader)
		goto fail;
	napi_create_reference(env, args[6], 1, &capture->slabs);
	napi_create_external(env, capture, capture_finalize, NULL, &external);
	return external;
fail:
	capture_free(env, capture);
	free(capture);
	return throw_errno(env, error, step, libbpf_log);
}

/* close(capture) */
static napi_value js_close(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	struct capture *capture;

	if (get_args(env, info, 1, args) && get_capture(env, args[0], &capture))
		capture_free(env, capture);
	return NULL;
}

/* pause(capture, paused: 0 | 1) */
static napi_value js_pause(napi_env env, napi_callback_info info)
{
	napi_value args[2];
	struct capture *capture;
	uint32_t paused;

	if (get_args(env, info, 2, args) && get_capture(env, args[0], &capture) &&
	    get_u32(env, args[1], "paused", &paused))
		ring_reader_pause(capture->reader, paused);
	return NULL;
}

/* flush(capture): answered by onBatch(-1, 0) */
static napi_value js_flush(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	struct capture *capture;

	if (get_args(env, info, 1, args) && get_capture(env, args[0], &capture))
		ring_reader_flush(capture->reader);
	return NULL;
}

/* setSlot(capture, ifIndex, slotPlusOne) */
static napi_value js_set_slot(napi_env env, napi_callback_info info)
{
	napi_value args[3];
	struct capture *capture;
	uint32_t ifindex, slot;

	if (!get_args(env, info, 3, args) || !get_capture(env, args[0], &capture) ||
	    !get_u32(env, args[1], "ifIndex", &ifindex) || !get_u32(env, args[2], "slotPlusOne", &slot))
		return NULL;
	if (bpf_map_update_elem(capture->slots_fd, &ifindex, &slot, BPF_ANY))
		return throw_errno(env, errno, "bpf_map_update_elem", "slots");
	return NULL;
}

/* setPoint(capture, point, config: Buffer of struct point_config) */
static napi_value js_set_point(napi_env env, napi_callback_info info)
{
	napi_value args[3];
	struct capture *capture;
	uint32_t point;
	uint8_t *config;
	size_t length;

	if (!get_args(env, info, 3, args) || !get_capture(env, args[0], &capture) ||
	    !get_u32(env, args[1], "point", &point) || !get_buffer(env, args[2], "config", &config, &length))
		return NULL;
	if (length != sizeof(struct point_config))
		return throw_errno(env, EINVAL, "setPoint", "config has the wrong size");
	if (bpf_map_update_elem(capture->points_fd, &point, config, BPF_ANY))
		return throw_errno(env, errno, "bpf_map_update_elem", "points");
	return NULL;
}

/* readCounters(capture, point, out: Buffer of struct point_counters): summed over all CPUs */
static napi_value js_read_counters(napi_env env, napi_callback_info info)
{
	enum { FIELDS = sizeof(struct point_counters) / 8 };
	napi_value args[3];
	struct capture *capture;
	uint32_t point;
	uint8_t *out;
	size_t length;
	uint64_t sums[FIELDS] = { 0 };
	uint64_t *values;

	if (!get_args(env, info, 3, args) || !get_capture(env, args[0], &capture) ||
	    !get_u32(env, args[1], "point", &point) || !get_buffer(env, args[2], "out", &out, &length))
		return NULL;
	if (length < sizeof(sums))
		return throw_errno(env, EINVAL, "readCounters", "out is too small");
	values = calloc(capture->cpus, sizeof(sums));
	if (!values)
		return throw_errno(env, ENOMEM, "readCounters", NULL);
	if (bpf_map_lookup_elem(capture->counters_fd, &point, values)) {
		free(values);
		return throw_errno(env, errno, "bpf_map_lookup_elem", "counters");
	}
	for (int cpu = 0; cpu < capture->cpus; cpu++)
		for (int i = 0; i < FIELDS; i++)
			sums[i] += values[cpu * FIELDS + i];
	free(values);
	memcpy(out, sums, sizeof(sums));
	return NULL;
}

bool register_capture(napi_env env, napi_value exports)
{
	return add_function(env, exports, "open", js_open) && add_function(env, exports, "close", js_close) &&
	       add_function(env, exports, "pause", js_pause) && add_function(env, exports, "flush", js_flush) &&
	       add_function(env, exports, "setSlot", js_set_slot) &&
	       add_function(env, exports, "setPoint", js_set_point) &&
	       add_function(env, exports, "readCounters", js_read_counters);
}
