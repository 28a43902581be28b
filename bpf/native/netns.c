/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

int netns_enter(struct netns_guard *guard, const char *path)
{
	int target, error;

	guard->back = -1;
	if (!path || !*path)
		return 0;
	target = open(path, O_RDONLY | O_CLOEXEC);
	if (target < 0)
		return -errno;
	guard->back = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (guard->back < 0 || setns(target, CLONE_NEWNET)) {
		error = -errno;
		if (guard->back >= 0)
			close(guard->back);
		guard->back = -1;
		close(target);
		return error;
	}
	close(target);
	return 0;
}

void netns_leave(struct netns_guard *guard)
{
	if (guard->back < 0)
		return;
	/* Going on in the wrong namespace would attach and count elsewhere. */
	if (setns(guard->back, CLONE_NEWNET))
		abort();
	close(guard->back);
	guard->back = -1;
}
