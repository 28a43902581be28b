/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TCXFLOW_OBJECT_H
#define TCXFLOW_OBJECT_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "addon.h"
#include "ring.h"

/* What libbpf says from here on is kept; object_log() is the end of it. */
void object_log_start(void);
const char *object_log(void);

/* Before loading. Each returns 0 or -errno. */
int object_resize(struct bpf_object *object, const char *map_name, uint32_t entries);
/* The program's constants: all of them, as they lie in .rodata. */
int object_set_constants(struct bpf_object *object, const void *constants, size_t bytes);

/* Without signals: each one (a profiler's, say) makes the verifier begin again, and at last give up with EAGAIN. */
int object_load(struct bpf_object *object);

/* False with a JavaScript exception. */
bool get_slabs(napi_env env, napi_value value, struct ring_options *options);

#endif
