#!/bin/sh
# Builds sample.bpf.o (committed, so that users need no clang). BTF stays, debug information goes.
# Usage: bpf/build-object.sh [OUTPUT]     CLANG and LLVM_STRIP choose the tools.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/sample.bpf.o}
clang=${CLANG:-clang}
strip=${LLVM_STRIP:-llvm-strip}
multiarch=$(${CC:-cc} -print-multiarch 2>/dev/null || true)
# -ffile-prefix-map keeps this folder's path out of the object.
"$clang" -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
  -ffile-prefix-map="$here"=bpf -fdebug-compilation-dir=bpf \
  ${multiarch:+-I/usr/include/$multiarch} -c "$here/sample.bpf.c" -o "$out"
"$strip" -g "$out"
