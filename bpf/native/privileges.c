/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARGUMENTS_MAX 256
#define PATH_BYTES 4096
#define STAY UINT32_MAX

static int get_capabilities(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &header, data);
}

/* Both functions below write a set of capabilities as two numbers of 32 bits, low first. */
static napi_value permitted_capabilities(napi_env env, napi_callback_info info)
{
	struct __user_cap_data_struct data[2];
	napi_value result, element;

	(void)info;
	if (get_capabilities(data))
		return throw_errno(env, errno, "capget", NULL);
	napi_create_array_with_length(env, 2, &result);
	for (uint32_t i = 0; i < 2; i++) {
		napi_create_uint32(env, data[i].permitted, &element);
		napi_set_element(env, result, i, element);
	}
	return result;
}

/* The new process image starts with these capabilities and no others, and can gain none: in all its threads, where capset here
 * would be for this one alone. */
static int drop(uint32_t uid, uint32_t gid, const uint32_t kept[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (!(kept[capability / 32] >> capability % 32 & 1))
			prctl(PR_CAPBSET_DROP, capability); /* without CAP_SETPCAP it stays, and cannot be had either */
	if (uid != STAY) {
		if (setgroups(0, NULL) || setresgid(gid, gid, gid) || prctl(PR_SET_KEEPCAPS, 1) || setresuid(uid, uid, uid))
			return errno;
	}
	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){ kept[i], kept[i], kept[i] };
	if (syscall(SYS_capset, &header, data))
		return errno;
	for (int capability = 0; capability < 64; capability++)
		if (kept[capability / 32] >> capability % 32 & 1 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))
			return errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? errno : 0;
}

static bool get_arguments(napi_env env, napi_value array, char **argv)
{
	uint32_t count = 0;
	napi_value element;
	char text[PATH_BYTES];

	napi_get_array_length(env, array, &count);
	if (count >= ARGUMENTS_MAX) {
		napi_throw_range_error(env, NULL, "too many arguments");
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		napi_get_element(env, array, i, &element);
		if (!get_string(env, element, "argument", text, sizeof(text)))
			return false;
		argv[i] = strdup(text);
	}
	argv[count] = NULL;
	return true;
}

/* dropAndExec(uid, gid, keptLow, keptHigh, argv): comes back only with an error. */
static napi_value drop_and_exec(napi_env env, napi_callback_info info)
{
	napi_value args[5];
	uint32_t uid, gid, kept[2];
	char *argv[ARGUMENTS_MAX] = { NULL };
	int error;

	if (!get_args(env, info, 5, args) || !get_u32(env, args[0], "uid", &uid) || !get_u32(env, args[1], "gid", &gid) ||
	    !get_u32(env, args[2], "keptLow", &kept[0]) || !get_u32(env, args[3], "keptHigh", &kept[1]) ||
	    !get_arguments(env, args[4], argv))
		return NULL;
	error = drop(uid, gid, kept);
	if (error)
		return throw_errno(env, error, "drop", "dropping privileges");
	/* Node has them closed on exec. */
	for (int fd = 0; fd <= 2; fd++)
		fcntl(fd, F_SETFD, 0);
	execv(argv[0], argv);
	return throw_errno(env, errno, "execve", argv[0]);
}

bool register_privileges(napi_env env, napi_value exports)
{
	return add_function(env, exports, "permittedCapabilities", permitted_capabilities) &&
	       add_function(env, exports, "dropAndExec", drop_and_exec);
}
