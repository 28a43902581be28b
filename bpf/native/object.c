/* SPDX-License-Identifier: Apache-2.0 */
/* What loading the sampler and loading the drop program have in common. */
#define _GNU_SOURCE
#include "object.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void object_log_start(void)
{
	libbpf_log[0] = 0;
	libbpf_set_print(keep_log);
}

const char *object_log(void)
{
	return libbpf_log;
}

int object_resize(struct bpf_object *object, const char *map_name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, map_name);

	return map ? bpf_map__set_max_entries(map, entries) : -ENOENT;
}

int object_set_constants(struct bpf_object *object, const void *constants, size_t bytes)
{
	struct bpf_map *map;
	size_t size;

	bpf_object__for_each_map(map, object) {
		if (strstr(bpf_map__name(map), ".rodata")) {
			if (!bpf_map__initial_value(map, &size) || size != bytes)
				return -EINVAL;
			return bpf_map__set_initial_value(map, constants, bytes);
		}
	}
	return -ENOENT;
}

int object_load(struct bpf_object *object)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = bpf_object__load(object);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

bool get_slabs(napi_env env, napi_value value, struct ring_options *options)
{
	napi_value element;

	if (napi_get_array_length(env, value, &options->slab_count) != napi_ok || !options->slab_count ||
	    options->slab_count > SLABS_MAX) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "slabs must be an array of 1 to 8 Buffers");
		return false;
	}
	for (uint32_t i = 0; i < options->slab_count; i++) {
		size_t length;

		napi_get_element(env, value, i, &element);
		if (!get_buffer(env, element, "slabs[]", &options->slabs[i], &length))
			return false;
		options->slab_bytes = length;
	}
	return true;
}
