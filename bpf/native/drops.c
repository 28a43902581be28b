/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the drop program and attaches it; its ring and its counters are read as the sampler's are. */
#include "addon.h"
#include "capture.h"
#include "object.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "../drops.h"

_Static_assert(sizeof(struct drop_record) <= sizeof(struct sample_record) + SAMPLE_HEADER_MAX, "the reader leaves room for it");

/* openDrops(objectPath, ringBytes, tickMs, config: Buffer of struct drop_config, slabs: Buffer[], onBatch) -> capture */
static napi_value js_open_drops(napi_env env, napi_callback_info info)
{
	napi_value args[6];
	char path[4096];
	uint32_t ring_bytes;
	uint8_t *config;
	size_t config_bytes;
	struct ring_options options = { 0 };
	struct bpf_program *program;
	struct capture *capture;
	const char *step = "bpf_object__open";
	int error = 0;

	if (!get_args(env, info, 6, args) || !get_string(env, args[0], "objectPath", path, sizeof(path)) ||
	    !get_u32(env, args[1], "ringBytes", &ring_bytes) || !get_u32(env, args[2], "tickMs", &options.tick_ms) ||
	    !get_buffer(env, args[3], "config", &config, &config_bytes) || !get_slabs(env, args[4], &options))
		return NULL;
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
	    (error = -object_set_constants(capture->object, config, config_bytes)) ||
	    (error = -object_load(capture->object)))
		goto fail;
	program = bpf_object__find_program_by_name(capture->object, "drop");
	capture->programs[0] = bpf_program__fd(program);
	capture->counters_fd = bpf_object__find_map_fd_by_name(capture->object, "counters");
	capture->counters_bytes = sizeof(struct drop_counters);

	step = "ring_buffer__new";
	options.map_fd = bpf_object__find_map_fd_by_name(capture->object, "ring");
	capture->reader = ring_reader_start(env, &options, args[5], &error);
	if (!capture->reader)
		goto fail;
	step = "bpf(BPF_RAW_TRACEPOINT_OPEN)";
	capture->link = bpf_program__attach(program);
	if (!capture->link) {
		error = errno;
		goto fail;
	}
	return capture_give(env, capture, args[4]);
fail:
	capture_free(env, capture);
	free(capture);
	return throw_errno(env, error, step, object_log());
}

/* detachDrops(capture): counters and what is in the ring stay */
static napi_value js_detach_drops(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	struct capture *capture;

	if (!get_args(env, info, 1, args) || !get_capture(env, args[0], &capture))
		return NULL;
	bpf_link__destroy(capture->link);
	capture->link = NULL;
	return NULL;
}

/* missedDrops(capture) -> times that the kernel did not run the program, because it was running on that CPU already */
static napi_value js_missed_drops(napi_env env, napi_callback_info info)
{
	napi_value args[1], result;
	struct capture *capture;
	struct bpf_prog_info program = { 0 };
	uint32_t size = sizeof(program);

	if (!get_args(env, info, 1, args) || !get_capture(env, args[0], &capture))
		return NULL;
	if (bpf_obj_get_info_by_fd(capture->programs[0], &program, &size))
		return throw_errno(env, errno, "bpf(BPF_OBJ_GET_INFO_BY_FD)", NULL);
	napi_create_double(env, program.recursion_misses, &result);
	return result;
}

bool register_drops(napi_env env, napi_value exports)
{
	return add_function(env, exports, "openDrops", js_open_drops) &&
	       add_function(env, exports, "detachDrops", js_detach_drops) &&
	       add_function(env, exports, "missedDrops", js_missed_drops);
}
