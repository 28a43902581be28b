/* SPDX-License-Identifier: Apache-2.0 */
#include "addon.h"

#include <malloc.h>

/* Bytes: buffers of a batch's size and above are pages of their own, which go back to the system when they are freed. */
#define MMAP_THRESHOLD (64 << 10)
#define TRIM_THRESHOLD (128 << 10)

/* glibc keeps an arena for each thread and what was freed in it: half of a small service's memory. */
static napi_value tune_malloc(napi_env env, napi_callback_info info)
{
	napi_value done;

	(void)info;
	napi_get_boolean(env,
			 mallopt(M_ARENA_MAX, 1) && mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD) &&
				 mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD),
			 &done);
	return done;
}

bool register_memory(napi_env env, napi_value exports)
{
	return add_function(env, exports, "tuneMalloc", tune_malloc);
}
