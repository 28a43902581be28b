/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "expedite.h"

#include "addon.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* The switch is the machine's, so its users are counted for the whole process. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int users;
static bool ours;

static bool swap(int fd, char from, char to)
{
	char value = 0;

	return pread(fd, &value, 1, 0) == 1 && value == from && pwrite(fd, &to, 1, 0) == 1;
}

void expedite_begin(int fd)
{
	if (fd < 0)
		return;
	pthread_mutex_lock(&lock);
	if (users++ == 0)
		ours = swap(fd, '0', '1');
	pthread_mutex_unlock(&lock);
}

void expedite_end(int fd)
{
	if (fd < 0)
		return;
	pthread_mutex_lock(&lock);
	if (--users == 0 && ours) {
		swap(fd, '1', '0');
		ours = false;
	}
	pthread_mutex_unlock(&lock);
}

/* openInherited(path) -> descriptor for reading and writing that a program started in this process's place has too; -1 */
static napi_value js_open_inherited(napi_env env, napi_callback_info info)
{
	napi_value args[1], result = NULL;
	char path[4096];

	if (get_args(env, info, 1, args) && get_string(env, args[0], "path", path, sizeof(path)))
		napi_create_int32(env, open(path, O_RDWR), &result);
	return result;
}

bool register_expedite(napi_env env, napi_value exports)
{
	return add_function(env, exports, "openInherited", js_open_inherited);
}
