/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TCXFLOW_NETLINK_H
#define TCXFLOW_NETLINK_H

#include <stddef.h>
#include <stdint.h>

/* All messages of the answer to a dump request, one after another, into *data (malloc). Returns 0 or -errno. */
int netlink_dump(int fd, const void *request, size_t request_bytes, uint8_t **data, size_t *length);

#endif
