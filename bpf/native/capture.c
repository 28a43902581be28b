/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the sampler, writes its configuration and reads its counters. One per network namespace. */
#define _GNU_SOURCE
#include "addon.h"
#include "capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sample.h"
#include "object.h"
#include "ring.h"

void capture_free(napi_env env, struct capture *capture)
{
	bpf_link__destroy(capture->link);
	capture->link = NULL;
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

napi_value capture_give(napi_env env, struct capture *capture, napi_value slabs)
{
	napi_value external;

	napi_create_reference(env, slabs, 1, &capture->slabs);
	napi_create_external(env, capture, capture_finalize, NULL, &external);
	return external;
}

bool get_capture(napi_env env, napi_value value, struct capture **out)
{
	if (napi_get_value_external(env, value, (void **)out) != napi_ok || !(*out)->object) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "not an open capture");
		return false;
	}
	return true;
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

/* open(objectPath, ringBytes, wakeBytes, tickMs, maxInterfaces, maxIfIndex, slabs: Buffer[], onBatch) -> capture */
static napi_value js_open(napi_env env, napi_callback_info info)
{
	napi_value args[8];
	char path[4096];
	uint32_t ring_bytes, wake_bytes, tick_ms, max_interfaces, max_ifindex;
	struct ring_options options = { 0 };
	struct capture *capture;
	const char *step = "bpf_object__open";
	int error = 0;

	if (!get_args(env, info, 8, args) || !get_string(env, args[0], "objectPath", path, sizeof(path)) ||
	    !get_u32(env, args[1], "ringBytes", &ring_bytes) || !get_u32(env, args[2], "wakeBytes", &wake_bytes) ||
	    !get_u32(env, args[3], "tickMs", &tick_ms) || !get_u32(env, args[4], "maxInterfaces", &max_interfaces) ||
	    !get_u32(env, args[5], "maxIfIndex", &max_ifindex) || !get_slabs(env, args[6], &options))
		return NULL;
	options.tick_ms = tick_ms;

	capture = calloc(1, sizeof(*capture));
	if (!capture)
		return throw_errno(env, ENOMEM, step, NULL);
	object_log_start();
	capture->cpus = libbpf_num_possible_cpus();
	capture->object = bpf_object__open_file(path, NULL);
	if (!capture->object) {
		error = errno;
		goto fail;
	}
	step = "bpf_object__load";
	if ((error = -object_resize(capture->object, "ring", ring_bytes)) ||
	    (error = -object_resize(capture->object, "slots", max_ifindex + 1)) ||
	    (error = -object_resize(capture->object, "points", max_interfaces * DIRECTIONS)) ||
	    (error = -object_resize(capture->object, "sequences", max_interfaces * DIRECTIONS)) ||
	    (error = -object_resize(capture->object, "counters", max_interfaces * DIRECTIONS)) ||
	    (error = -object_set_constants(capture->object, &wake_bytes, sizeof(wake_bytes))) ||
	    (error = -object_load(capture->object)))
		goto fail;
	capture->programs[DIRECTION_INGRESS] =
		bpf_program__fd(bpf_object__find_program_by_name(capture->object, "sample_ingress"));
	capture->programs[DIRECTION_EGRESS] =
		bpf_program__fd(bpf_object__find_program_by_name(capture->object, "sample_egress"));
	capture->slots_fd = bpf_object__find_map_fd_by_name(capture->object, "slots");
	capture->points_fd = bpf_object__find_map_fd_by_name(capture->object, "points");
	capture->sequences_fd = bpf_object__find_map_fd_by_name(capture->object, "sequences");
	capture->counters_fd = bpf_object__find_map_fd_by_name(capture->object, "counters");
	capture->counters_bytes = sizeof(struct point_counters);
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
	return capture_give(env, capture, args[6]);
fail:
	capture_free(env, capture);
	free(capture);
	return throw_errno(env, error, step, object_log());
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

/* flush(capture) -> ticket, a number that rises: answered by onBatch(-1, ticket), a later one's answer is for all before */
static napi_value js_flush(napi_env env, napi_callback_info info)
{
	napi_value args[1], result = NULL;
	struct capture *capture;

	if (get_args(env, info, 1, args) && get_capture(env, args[0], &capture))
		napi_create_uint32(env, ring_reader_flush(capture->reader), &result);
	return result;
}

/* setSlot(capture, ifIndex, slotPlusOne) */
static napi_value js_set_slot(napi_env env, napi_callback_info info)
{
	napi_value args[3];
	struct capture *capture;
	struct slot_cell cell;
	uint32_t index;

	if (!get_args(env, info, 3, args) || !get_capture(env, args[0], &capture) ||
	    !get_u32(env, args[1], "ifIndex", &cell.ifindex) || !get_u32(env, args[2], "slotPlusOne", &cell.slot))
		return NULL;
	index = cell.ifindex % SLOT_CELLS;
	if (bpf_map_update_elem(capture->slots_fd, &index, &cell, BPF_ANY))
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

/* readCounters(capture, index, out: Buffer): an entry of the map of counters, u64 each, summed over all CPUs */
static napi_value js_read_counters(napi_env env, napi_callback_info info)
{
	enum { FIELDS_MAX = 16 };
	napi_value args[3];
	struct capture *capture;
	uint32_t index;
	uint8_t *out;
	size_t length;
	uint64_t sums[FIELDS_MAX] = { 0 };
	uint64_t *values;

	if (!get_args(env, info, 3, args) || !get_capture(env, args[0], &capture) ||
	    !get_u32(env, args[1], "index", &index) || !get_buffer(env, args[2], "out", &out, &length))
		return NULL;
	if (length < capture->counters_bytes)
		return throw_errno(env, EINVAL, "readCounters", "out is too small");
	values = calloc(capture->cpus, capture->counters_bytes);
	if (!values)
		return throw_errno(env, ENOMEM, "readCounters", NULL);
	if (bpf_map_lookup_elem(capture->counters_fd, &index, values)) {
		free(values);
		return throw_errno(env, errno, "bpf_map_lookup_elem", "counters");
	}
	size_t fields = capture->counters_bytes / 8;

	for (int cpu = 0; cpu < capture->cpus; cpu++)
		for (size_t i = 0; i < fields && i < FIELDS_MAX; i++)
			sums[i] += values[cpu * fields + i];
	free(values);
	memcpy(out, sums, capture->counters_bytes);
	return NULL;
}

/* startPoint(capture, point, counters: Buffer of struct point_counters): a point that is not in use counts from there on */
static napi_value js_start_point(napi_env env, napi_callback_info info)
{
	napi_value args[3];
	struct capture *capture;
	struct point_counters *values;
	uint32_t point;
	uint8_t *start;
	size_t length;
	uint64_t sequence;
	int error;

	if (!get_args(env, info, 3, args) || !get_capture(env, args[0], &capture) ||
	    !get_u32(env, args[1], "point", &point) || !get_buffer(env, args[2], "counters", &start, &length))
		return NULL;
	if (length != sizeof(*values))
		return throw_errno(env, EINVAL, "startPoint", "counters have the wrong size");
	values = calloc(capture->cpus, sizeof(*values));
	if (!values)
		return throw_errno(env, ENOMEM, "startPoint", NULL);
	/* The sum over all CPUs is what counts. */
	memcpy(values, start, sizeof(*values));
	sequence = values->selected;
	error = bpf_map_update_elem(capture->counters_fd, &point, values, BPF_ANY) ||
		bpf_map_update_elem(capture->sequences_fd, &point, &sequence, BPF_ANY);
	free(values);
	if (error)
		return throw_errno(env, errno, "bpf_map_update_elem", "counters");
	return NULL;
}

bool register_capture(napi_env env, napi_value exports)
{
	return add_function(env, exports, "open", js_open) && add_function(env, exports, "close", js_close) &&
	       add_function(env, exports, "pause", js_pause) && add_function(env, exports, "flush", js_flush) &&
	       add_function(env, exports, "setSlot", js_set_slot) &&
	       add_function(env, exports, "setPoint", js_set_point) &&
	       add_function(env, exports, "startPoint", js_start_point) &&
	       add_function(env, exports, "readCounters", js_read_counters);
}
