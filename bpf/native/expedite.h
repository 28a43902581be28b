/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /sys/kernel/rcu_expedited, switched on for the time of a few hundred TCX calls: each waits for a grace period while it
 * holds RTNL, some 10 ms, or some 30 us when expedited. Where the kernel's own network code waits under RTNL, it expedites
 * too (synchronize_net()); TCX does not. A switch that is on already, or may not be written, is left as it is.
 */
#ifndef TCXFLOW_EXPEDITE_H
#define TCXFLOW_EXPEDITE_H

#include <stdbool.h>

/* fd: the switch, open for reading and writing; negative = do nothing. Calls come in pairs, and may be on several threads. */
void expedite_begin(int fd);
void expedite_end(int fd);

#endif
