/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as this host's own traffic: the keys of two maps (own.bpf.h). */
#define _GNU_SOURCE
#include "addon.h"
#include "capture.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

/* Makes the map's keys those given: the new ones first, so that none is missing in between. Returns 0 or -errno. */
static int replace_keys(int map_fd, const uint8_t *keys, size_t count, size_t key_bytes)
{
	static const uint8_t present = 1;
	uint8_t key[64], next[64];
	bool more;

	for (size_t i = 0; i < count; i++)
		if (bpf_map_update_elem(map_fd, keys + i * key_bytes, &present, BPF_ANY))
			return -errno;
	for (more = !bpf_map_get_next_key(map_fd, NULL, key); more; memcpy(key, next, key_bytes)) {
		bool wanted = false;

		more = !bpf_map_get_next_key(map_fd, key, next);
		for (size_t i = 0; i < count && !wanted; i++)
			wanted = !memcmp(keys + i * key_bytes, key, key_bytes);
		if (!wanted && bpf_map_delete_elem(map_fd, key) && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* setOwn(capture, endpoints: Buffer of struct endpoint, addresses: Buffer of 16 bytes each) */
static napi_value js_set_own(napi_env env, napi_callback_info info)
{
	napi_value args[3];
	struct capture *capture;
	uint8_t *endpoints, *addresses;
	size_t endpoints_bytes, addresses_bytes;
	int error;

	if (!get_args(env, info, 3, args) || !get_capture(env, args[0], &capture) ||
	    !get_buffer(env, args[1], "endpoints", &endpoints, &endpoints_bytes) ||
	    !get_buffer(env, args[2], "addresses", &addresses, &addresses_bytes))
		return NULL;
	error = replace_keys(capture->own_endpoints_fd, endpoints, endpoints_bytes / sizeof(struct endpoint),
			     sizeof(struct endpoint));
	if (!error)
		error = replace_keys(capture->own_addresses_fd, addresses, addresses_bytes / 16, 16);
	if (error)
		throw_errno(env, -error, "bpf_map_update_elem", "own");
	return NULL;
}

bool register_own(napi_env env, napi_value exports)
{
	return add_function(env, exports, "setOwn", js_set_own);
}
