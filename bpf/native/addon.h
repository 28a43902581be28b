/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TCXFLOW_ADDON_H
#define TCXFLOW_ADDON_H

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>

/* values.c: conversion between JavaScript and C; each returns false with a JavaScript exception pending. */
bool get_args(napi_env env, napi_callback_info info, size_t count, napi_value *args);
bool get_u32(napi_env env, napi_value value, const char *name, uint32_t *out);
bool get_string(napi_env env, napi_value value, const char *name, char *out, size_t capacity);
bool get_buffer(napi_env env, napi_value value, const char *name, uint8_t **data, size_t *length);
bool is_nullish(napi_env env, napi_value value);
/* An Error with code (errno's name), syscall and message. */
napi_value make_errno(napi_env env, int error, const char *syscall, const char *detail);
/* Throws it; returns NULL for `return throw_errno(…)`. */
napi_value throw_errno(napi_env env, int error, const char *syscall, const char *detail);
bool add_function(napi_env env, napi_value exports, const char *name, napi_callback function);

/* netns.c: enter a network namespace for one call. path NULL = stay. Returns 0 or -errno. */
struct netns_guard {
	int back;
};
int netns_enter(struct netns_guard *guard, const char *path);
void netns_leave(struct netns_guard *guard);

/* Each file registers its own functions. */
bool register_capture(napi_env env, napi_value exports);
bool register_attach(napi_env env, napi_value exports);
bool register_attach_many(napi_env env, napi_value exports);
bool register_own(napi_env env, napi_value exports);
bool register_drops(napi_env env, napi_value exports);
bool register_btf(napi_env env, napi_value exports);
bool register_test_run(napi_env env, napi_value exports);
bool register_links(napi_env env, napi_value exports);
bool register_expedite(napi_env env, napi_value exports);
bool register_netlink(napi_env env, napi_value exports);
bool register_memory(napi_env env, napi_value exports);
bool register_privileges(napi_env env, napi_value exports);
bool register_packet_socket(napi_env env, napi_value exports);
bool register_udp_socket(napi_env env, napi_value exports);
bool register_udp_reader(napi_env env, napi_value exports);
bool register_udp_sender(napi_env env, napi_value exports);

#endif
