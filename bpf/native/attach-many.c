/* SPDX-License-Identifier: Apache-2.0 */
/* Many TCX links at a time, in the background: attaching and detaching wait for the kernel, see hooks.h. */
#define _GNU_SOURCE
#include "addon.h"
#include "background.h"
#include "capture.h"
#include "expedite.h"
#include "hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOBS_MAX 65536

struct job {
	uint32_t ifindex, direction, flags;
	char relative[PROGRAM_NAME_BYTES]; /* "" = none */
	int fd;				   /* result: link file descriptor or -errno */
	int program_count;
	struct hook_program *programs;
};

struct attach_work {
	struct background background;
	char netns[4096];
	int expedite_fd;
	int programs[DIRECTIONS]; /* copies: the capture may be closed meanwhile */
	int netns_error;
	uint32_t count;
	struct job jobs[];
};

static void run_job(struct attach_work *work, struct job *job)
{
	struct hook_program programs[PROGRAMS_MAX];
	uint32_t relative_id = 0;
	int count;

	if (job->relative[0]) {
		count = hook_programs(job->ifindex, job->direction, programs);
		for (int i = 0; i < count && !relative_id; i++)
			if (!strcmp(programs[i].name, job->relative))
				relative_id = programs[i].id;
	}
	job->fd = hook_attach(work->programs[job->direction], job->ifindex, job->direction, job->flags, relative_id);
	if (job->fd < 0)
		return;
	count = hook_programs(job->ifindex, job->direction, programs);
	if (count <= 0 || !(job->programs = malloc(count * sizeof(*programs))))
		return;
	memcpy(job->programs, programs, count * sizeof(*programs));
	job->program_count = count;
}

static void attach_run(struct background *background)
{
	struct attach_work *work = (struct attach_work *)background;
	struct netns_guard guard;

	work->netns_error = netns_enter(&guard, work->netns);
	if (work->netns_error)
		return;
	expedite_begin(work->expedite_fd);
	for (uint32_t i = 0; i < work->count; i++)
		run_job(work, &work->jobs[i]);
	expedite_end(work->expedite_fd);
	netns_leave(&guard);
}

/* [[fd, [program name, …]] | Error, …] */
static napi_value attach_result(napi_env env, struct background *background)
{
	struct attach_work *work = (struct attach_work *)background;
	napi_value all, pair, names, value;

	napi_create_array_with_length(env, work->count, &all);
	for (uint32_t i = 0; i < work->count; i++) {
		struct job *job = &work->jobs[i];

		if (work->netns_error)
			pair = make_errno(env, -work->netns_error, "setns", work->netns);
		else if (job->fd < 0)
			pair = make_errno(env, -job->fd, "bpf(BPF_LINK_CREATE)", NULL);
		else {
			napi_create_array_with_length(env, 2, &pair);
			napi_create_int32(env, job->fd, &value);
			napi_set_element(env, pair, 0, value);
			napi_create_array(env, &names);
			for (int at = 0; at < job->program_count; at++) {
				napi_create_string_utf8(env, job->programs[at].name, NAPI_AUTO_LENGTH, &value);
				napi_set_element(env, names, at, value);
			}
			napi_set_element(env, pair, 1, names);
		}
		napi_set_element(env, all, i, pair);
	}
	return all;
}

static void attach_destroy(struct background *background)
{
	struct attach_work *work = (struct attach_work *)background;

	for (int i = 0; i < DIRECTIONS; i++)
		if (work->programs[i] >= 0)
			close(work->programs[i]);
	for (uint32_t i = 0; i < work->count; i++)
		free(work->jobs[i].programs);
}

static bool read_job(napi_env env, napi_value given, struct job *job)
{
	napi_value field[4];

	for (uint32_t i = 0; i < 4; i++)
		if (napi_get_element(env, given, i, &field[i]) != napi_ok)
			return false;
	if (!get_u32(env, field[0], "ifIndex", &job->ifindex) || !get_u32(env, field[1], "direction", &job->direction) ||
	    !get_u32(env, field[2], "flags", &job->flags))
		return false;
	job->direction = job->direction == DIRECTION_EGRESS ? DIRECTION_EGRESS : DIRECTION_INGRESS;
	if (is_nullish(env, field[3]))
		return true;
	/* The kernel keeps 15 characters of a program's name. */
	return napi_get_value_string_utf8(env, field[3], job->relative, sizeof(job->relative), NULL) == napi_ok;
}

/*
 * attachMany(capture, netnsPath | null, jobs: [ifIndex, direction, flags, relative program's name | null][],
 * expediteFd: see expedite.h) -> promise of [fd, names of the programs at the hook] or an Error for each
 */
static napi_value js_attach_many(napi_env env, napi_callback_info info)
{
	napi_value args[4], element;
	struct capture *capture;
	struct attach_work *work;
	uint32_t count;

	if (!get_args(env, info, 4, args) || !get_capture(env, args[0], &capture))
		return NULL;
	if (napi_get_array_length(env, args[2], &count) != napi_ok || count > JOBS_MAX) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "jobs must be an array of at most 65536");
		return NULL;
	}
	work = calloc(1, sizeof(*work) + count * sizeof(struct job));
	if (!work)
		return throw_errno(env, ENOMEM, "attachMany", NULL);
	work->background = (struct background){ .run = attach_run, .result = attach_result, .destroy = attach_destroy };
	work->count = count;
	for (int i = 0; i < DIRECTIONS; i++)
		work->programs[i] = fcntl(capture->programs[i], F_DUPFD_CLOEXEC, 0);
	if ((!is_nullish(env, args[1]) && !get_string(env, args[1], "netnsPath", work->netns, sizeof(work->netns))) ||
	    napi_get_value_int32(env, args[3], &work->expedite_fd) != napi_ok)
		goto fail;
	for (uint32_t i = 0; i < count; i++)
		if (napi_get_element(env, args[2], i, &element) != napi_ok || !read_job(env, element, &work->jobs[i]))
			goto fail;
	return background_start(env, &work->background, "libbpf-ts attach");
fail:
	attach_destroy(&work->background);
	free(work);
	return NULL;
}

struct close_work {
	struct background background;
	int expedite_fd;
	uint32_t count;
	uint32_t fds[];
};

static void close_run(struct background *background)
{
	struct close_work *work = (struct close_work *)background;

	expedite_begin(work->expedite_fd);
	for (uint32_t i = 0; i < work->count; i++)
		close(work->fds[i]);
	expedite_end(work->expedite_fd);
}

/* closeMany(fds: Buffer of u32, expediteFd) -> promise */
static napi_value js_close_many(napi_env env, napi_callback_info info)
{
	napi_value args[2];
	struct close_work *work;
	uint8_t *fds;
	size_t length;

	if (!get_args(env, info, 2, args) || !get_buffer(env, args[0], "fds", &fds, &length))
		return NULL;
	work = calloc(1, sizeof(*work) + length);
	if (!work)
		return throw_errno(env, ENOMEM, "closeMany", NULL);
	if (napi_get_value_int32(env, args[1], &work->expedite_fd) != napi_ok)
		work->expedite_fd = -1;
	work->background.run = close_run;
	work->count = length / sizeof(uint32_t);
	memcpy(work->fds, fds, work->count * sizeof(uint32_t));
	return background_start(env, &work->background, "libbpf-ts close");
}

bool register_attach_many(napi_env env, napi_value exports)
{
	return add_function(env, exports, "attachMany", js_attach_many) &&
	       add_function(env, exports, "closeMany", js_close_many);
}
