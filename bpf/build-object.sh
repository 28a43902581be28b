#!/bin/sh
# Builds the BPF objects (committed, so that users need no clang). BTF stays, debug information goes.
# Usage: bpf/build-object.sh [FOLDER]     CLANG and LLVM_STRIP choose the tools.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here}
clang=${CLANG:-clang}
strip=${LLVM_STRIP:-llvm-strip}
multiarch=$(${CC:-cc} -print-multiarch 2>/dev/null || true)
mkdir -p "$folder/bench"
for name in sample drops bench/reference; do
  # -ffile-prefix-map keeps this folder's path out of the object.
  "$clang" -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
    -ffile-prefix-map="$here"=bpf -fdebug-compilation-dir=bpf \
    ${multiarch:+-I/usr/include/$multiarch} -c "$here/$name.bpf.c" -o "$folder/$name.bpf.o"
  "$strip" -g "$folder/$name.bpf.o"
done
