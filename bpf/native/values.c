/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "addon.h"

#include <stdio.h>
#include <string.h>

bool get_args(napi_env env, napi_callback_info info, size_t count, napi_value *args)
{
	size_t given = count;

	if (napi_get_cb_info(env, info, &given, args, NULL, NULL) != napi_ok || given < count) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "too few arguments");
		return false;
	}
	return true;
}

static bool wrong_type(napi_env env, const char *name, const char *wanted)
{
	char message[128];

	snprintf(message, sizeof(message), "%s must be %s", name, wanted);
	napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
	return false;
}

bool get_u32(napi_env env, napi_value value, const char *name, uint32_t *out)
{
	return napi_get_value_uint32(env, value, out) == napi_ok || wrong_type(env, name, "a number");
}

bool get_string(napi_env env, napi_value value, const char *name, char *out, size_t capacity)
{
	size_t length;

	if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok || length >= capacity)
		return wrong_type(env, name, "a string of acceptable length");
	return napi_get_value_string_utf8(env, value, out, capacity, &length) == napi_ok;
}

bool get_buffer(napi_env env, napi_value value, const char *name, uint8_t **data, size_t *length)
{
	bool is_buffer = false;

	if (napi_is_buffer(env, value, &is_buffer) != napi_ok || !is_buffer)
		return wrong_type(env, name, "a Buffer");
	return napi_get_buffer_info(env, value, (void **)data, length) == napi_ok;
}

bool is_nullish(napi_env env, napi_value value)
{
	napi_valuetype type;

	return napi_typeof(env, value, &type) == napi_ok && (type == napi_undefined || type == napi_null);
}

napi_value make_errno(napi_env env, int error, const char *syscall, const char *detail)
{
	char text[4096];
	const char *name = strerrorname_np(error);
	napi_value code, message, object, value;

	snprintf(text, sizeof(text), "%s: %s%s%s", syscall, strerror(error), detail && *detail ? ": " : "",
		 detail ? detail : "");
	napi_create_string_utf8(env, name ? name : "EUNKNOWN", NAPI_AUTO_LENGTH, &code);
	napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message);
	napi_create_error(env, code, message, &object);
	napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &value);
	napi_set_named_property(env, object, "syscall", value);
	return object;
}

napi_value throw_errno(napi_env env, int error, const char *syscall, const char *detail)
{
	napi_throw(env, make_errno(env, error, syscall, detail));
	return NULL;
}

bool add_function(napi_env env, napi_value exports, const char *name, napi_callback function)
{
	napi_value value;

	return napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value) == napi_ok &&
	       napi_set_named_property(env, exports, name, value) == napi_ok;
}
