/* SPDX-License-Identifier: Apache-2.0 */
/* Runs programs on a packet without any network (BPF_PROG_TEST_RUN): for tests of the selection, and for benchmarks. */
#define _GNU_SOURCE
#include "addon.h"
#include "capture.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>

/* Returns ns for each run, or throws. */
static napi_value run_program(napi_env env, int fd, struct __sk_buff *context, uint8_t *frame, size_t length,
			      uint32_t repeat)
{
	napi_value result;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = length, .ctx_in = context,
		    .ctx_size_in = sizeof(*context), .repeat = repeat);

	if (bpf_prog_test_run_opts(fd, &options))
		return throw_errno(env, errno, "bpf(BPF_PROG_TEST_RUN)", NULL);
	napi_create_uint32(env, options.duration, &result);
	return result;
}

/* testRun(capture, direction, frame, ifIndex, gsoSize, gsoSegments, repeat) -> ns for each run */
static napi_value js_test_run(napi_env env, napi_callback_info info)
{
	napi_value args[7];
	struct capture *capture;
	uint32_t direction, repeat;
	uint8_t *frame;
	size_t length;
	struct __sk_buff context = { 0 };

	if (!get_args(env, info, 7, args) || !get_capture(env, args[0], &capture) ||
	    !get_u32(env, args[1], "direction", &direction) || !get_buffer(env, args[2], "frame", &frame, &length) ||
	    !get_u32(env, args[3], "ifIndex", &context.ifindex) || !get_u32(env, args[4], "gsoSize", &context.gso_size) ||
	    !get_u32(env, args[5], "gsoSegments", &context.gso_segs) || !get_u32(env, args[6], "repeat", &repeat))
		return NULL;
	return run_program(env, capture->programs[direction == DIRECTION_EGRESS], &context, frame, length, repeat);
}

/* testRunObject(objectPath, programName, frame, ifIndex, repeat) -> ns for each run; for comparison with other programs */
static napi_value js_test_run_object(napi_env env, napi_callback_info info)
{
	napi_value args[5], result;
	char path[4096], name[64];
	uint32_t repeat;
	uint8_t *frame;
	size_t length;
	struct __sk_buff context = { 0 };
	struct bpf_object *object;

	if (!get_args(env, info, 5, args) || !get_string(env, args[0], "objectPath", path, sizeof(path)) ||
	    !get_string(env, args[1], "programName", name, sizeof(name)) ||
	    !get_buffer(env, args[2], "frame", &frame, &length) ||
	    !get_u32(env, args[3], "ifIndex", &context.ifindex) || !get_u32(env, args[4], "repeat", &repeat))
		return NULL;
	object = bpf_object__open_file(path, NULL);
	if (!object)
		return throw_errno(env, errno, "bpf_object__open", path);
	if (bpf_object__load(object)) {
		bpf_object__close(object);
		return throw_errno(env, errno, "bpf_object__load", path);
	}
	result = run_program(env, bpf_program__fd(bpf_object__find_program_by_name(object, name)), &context, frame,
			     length, repeat);
	bpf_object__close(object);
	return result;
}

bool register_test_run(napi_env env, napi_value exports)
{
	return add_function(env, exports, "testRun", js_test_run) &&
	       add_function(env, exports, "testRunObject", js_test_run_object);
}
