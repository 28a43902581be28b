/* SPDX-License-Identifier: Apache-2.0 */
#include "addon.h"

NAPI_MODULE_INIT()
{
	if (!register_capture(env, exports) || !register_attach(env, exports) ||
	    !register_attach_many(env, exports) || !register_test_run(env, exports) ||
	    !register_own(env, exports) || !register_drops(env, exports) || !register_btf(env, exports) ||
	    !register_links(env, exports) || !register_netlink(env, exports) || !register_expedite(env, exports) || !register_packet_socket(env, exports) ||
	    !register_memory(env, exports) || !register_privileges(env, exports) ||
	    !register_udp_socket(env, exports) || !register_udp_reader(env, exports) ||
	    !register_udp_sender(env, exports))
		napi_throw_error(env, NULL, "libbpf-ts: cannot register its functions");
	return exports;
}
