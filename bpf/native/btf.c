/* SPDX-License-Identifier: Apache-2.0 */
/* What the running kernel calls its constants. */
#include "addon.h"

#include <bpf/btf.h>
#include <errno.h>

/*
 * readEnum(enumName, module | null) -> [[value, name], …] of the kernel, or of one of its modules; null when it has no
 * such enumeration, or does not describe itself (BTF)
 */
static napi_value js_read_enum(napi_env env, napi_callback_info info)
{
	napi_value args[2], result, pair, value;
	char name[64], module[64] = "";
	struct btf *kernel, *btf;
	int id;

	if (!get_args(env, info, 2, args) || !get_string(env, args[0], "enumName", name, sizeof(name)) ||
	    (!is_nullish(env, args[1]) && !get_string(env, args[1], "module", module, sizeof(module))))
		return NULL;
	napi_get_null(env, &result);
	kernel = btf__load_vmlinux_btf();
	if (!kernel)
		return result;
	btf = module[0] ? btf__load_module_btf(module, kernel) : kernel;
	id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_ENUM) : -ENOENT;
	if (id > 0) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const struct btf_enum *entries = btf_enum(type);

		napi_create_array_with_length(env, btf_vlen(type), &result);
		for (uint32_t i = 0; i < btf_vlen(type); i++) {
			napi_create_array_with_length(env, 2, &pair);
			napi_create_uint32(env, entries[i].val, &value);
			napi_set_element(env, pair, 0, value);
			napi_create_string_utf8(env, btf__name_by_offset(btf, entries[i].name_off), NAPI_AUTO_LENGTH,
						&value);
			napi_set_element(env, pair, 1, value);
			napi_set_element(env, result, i, pair);
		}
	}
	if (btf != kernel)
		btf__free(btf);
	btf__free(kernel);
	return result;
}

bool register_btf(napi_env env, napi_value exports)
{
	return add_function(env, exports, "readEnum", js_read_enum);
}
