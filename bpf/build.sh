#!/bin/sh
# Compiles the addon into bpf/build/libbpf.node. CC chooses the compiler, V=1 shows the command.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
headers=$here/../node_modules/node-api-headers/include
[ -f "$headers/node_api.h" ] || { echo "bpf/build.sh: node-api-headers is missing; run: npm ci" >&2; exit 1; }
mkdir -p "$here/build"
[ "${V:-}" = 1 ] && set -x
# The temporary name keeps a running process's copy whole.
${CC:-cc} -std=gnu11 -O2 -g -Wall -Wextra -Werror -fPIC -shared -pthread -DNAPI_VERSION=9 -I"$headers" \
  "$here"/native/*.c -lbpf -lelf -lz -lm -o "$here/build/libbpf.node.new"
mv "$here/build/libbpf.node.new" "$here/build/libbpf.node"
