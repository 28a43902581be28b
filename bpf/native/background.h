/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TCXFLOW_BACKGROUND_H
#define TCXFLOW_BACKGROUND_H

#include <node_api.h>

/* The first member of a malloc'ed structure that holds what the work needs. */
struct background {
	napi_async_work handle;
	napi_deferred deferred;
	/* On a thread of its own: no JavaScript. */
	void (*run)(struct background *work);
	/* Back on the JavaScript thread; what the promise resolves with, NULL = undefined. */
	napi_value (*result)(napi_env env, struct background *work);
	/* Frees what the structure owns, not the structure. May be NULL. */
	void (*destroy)(struct background *work);
};

/* Takes the structure over. Returns a promise, or NULL with a JavaScript exception. */
napi_value background_start(napi_env env, struct background *work, const char *name);

#endif
