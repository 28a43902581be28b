/* SPDX-License-Identifier: Apache-2.0 */
/* Work that waits for the kernel, on a thread of libuv's: the event loop goes on meanwhile. */
#include "background.h"

#include <stdlib.h>

static void execute(napi_env env, void *data)
{
	struct background *work = data;

	(void)env;
	work->run(work);
}

static void complete(napi_env env, napi_status status, void *data)
{
	struct background *work = data;
	napi_value result = NULL, undefined;

	(void)status; /* nothing is ever cancelled but with the whole environment */
	napi_get_undefined(env, &undefined);
	if (work->result)
		result = work->result(env, work);
	napi_resolve_deferred(env, work->deferred, result ? result : undefined);
	napi_delete_async_work(env, work->handle);
	if (work->destroy)
		work->destroy(work);
	free(work);
}

napi_value background_start(napi_env env, struct background *work, const char *name)
{
	napi_value promise, resource_name;

	if (napi_create_promise(env, &work->deferred, &promise) != napi_ok ||
	    napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &resource_name) != napi_ok ||
	    napi_create_async_work(env, NULL, resource_name, execute, complete, work, &work->handle) != napi_ok ||
	    napi_queue_async_work(env, work->handle) != napi_ok) {
		if (work->destroy)
			work->destroy(work);
		free(work);
		napi_throw_error(env, NULL, "libbpf-ts: no background work can be started");
		return NULL;
	}
	return promise;
}
