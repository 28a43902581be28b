/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TCXFLOW_CAPTURE_H
#define TCXFLOW_CAPTURE_H

#include <bpf/libbpf.h>
#include <node_api.h>
#include <stdbool.h>

#include "../sample.h"
#include "ring.h"

struct capture {
	struct bpf_object *object;
	struct bpf_link *link; /* of the drop program */
	struct ring_reader *reader;
	napi_ref slabs;
	int programs[DIRECTIONS];
	int slots_fd, points_fd, sequences_fd, counters_fd, own_endpoints_fd, own_addresses_fd;
	size_t counters_bytes; /* of an entry of the map of counters, for one CPU */
	int cpus;
};

/* The JavaScript object that owns an open capture from now on. */
napi_value capture_give(napi_env env, struct capture *capture, napi_value slabs);
/* All that it holds, but not itself. */
void capture_free(napi_env env, struct capture *capture);

/* False with a JavaScript exception when the value is no open capture. */
bool get_capture(napi_env env, napi_value value, struct capture **out);

#endif
